#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""SCTP packets by raw sockets: for kernels that have no SCTP of their own.

    sctp.py serve NAME PORT        answer INIT with INIT ACK, DATA with DATA as long
    sctp.py call ADDRESS PORT SIZE...
                                   INIT, then a DATA chunk of each size; print NAME
                                   and the address that the server saw

Each side checks the CRC32c of what arrives, and passes over what is wrong.
"""

import select
import socket
import struct
import sys

DATA, INIT, INIT_ACK = 0, 1, 2
CALLER_TAG, SERVER_TAG = 0x11111111, 0x22222222
TIMEOUT = 2


def make_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = make_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


def packet(source_port, port, tag, kind, body):
    head = struct.pack("!HHI", source_port, port, tag)
    chunk = struct.pack("!BBH", kind, 3, 4 + len(body)) + body
    return head + crc32c(head + bytes(4) + chunk) + chunk


def begin(tag, name=b""):
    return struct.pack("!IIHHI", tag, 65536, 1, 1, 1) + name


def open_socket(family):
    raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_SCTP)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    return raw


def receive(raw, port):
    """The ports, chunk type and body of a packet for `port`, and its source; or None."""
    data, peer = raw.recvfrom(1 << 16)
    if raw.family == socket.AF_INET:
        data = data[(data[0] & 15) * 4 :]
    source_port, to = struct.unpack_from("!HH", data)
    if to != port:
        return None
    if data[8:12] != crc32c(data[:8] + bytes(4) + data[12:]):
        print(f"wrong CRC32c: {len(data)} bytes from {peer[0]}", file=sys.stderr, flush=True)
        return None
    return source_port, data[12], data[16:], peer[0]


def answer(raw, name, port, source_port, kind, body, peer):
    if kind == INIT:
        tag = struct.unpack_from("!I", body)[0]
        reply = packet(port, source_port, tag, INIT_ACK, begin(SERVER_TAG, f"{name} {peer}".encode()))
    else:
        reply = packet(port, source_port, CALLER_TAG, DATA, body[::-1])
    raw.sendto(reply, (peer, 0))


def serve(name, port):
    sockets = [open_socket(socket.AF_INET), open_socket(socket.AF_INET6)]
    print("ready", flush=True)
    while True:
        for raw in select.select(sockets, [], [])[0]:
            got = receive(raw, port)
            if got:
                answer(raw, name, port, *got)


def ask(raw, address, source_port, port, message, kind):
    """Send `message`; the body of the answer, which the same address and port must give."""
    raw.sendto(message, (address, 0))
    while select.select([raw], [], [], TIMEOUT)[0]:
        got = receive(raw, source_port)
        if got and (got[0], got[1], got[3]) == (port, kind, address):
            return got[2]
    sys.exit(f"no answer from {address} port {port} to {len(message)} bytes")


def call(address, port, sizes):
    raw = open_socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    source_port = 40000 + port % 1000
    start = packet(source_port, port, 0, INIT, begin(CALLER_TAG))
    told = ask(raw, address, source_port, port, start, INIT_ACK)[16:].decode()
    for size in sizes:
        body = bytes(i * 7 & 0xFF for i in range(size))
        message = packet(source_port, port, SERVER_TAG, DATA, body)
        if ask(raw, address, source_port, port, message, DATA) != body[::-1]:
            sys.exit(f"another answer than expected to {size} bytes")
    print(told)


def main():
    if sys.argv[1] == "serve":
        serve(sys.argv[2], int(sys.argv[3]))
    else:
        call(sys.argv[2], int(sys.argv[3]), [int(size) for size in sys.argv[4:]])


if __name__ == "__main__":
    main()
