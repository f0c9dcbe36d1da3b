#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""SCTP by the kernel's own sockets; see sctp.py for kernels that have none.

    associations.py serve NAME PORT ADDRESS...
                                   tell each caller NAME and its address, then send
                                   back what it sends
    associations.py call ADDRESS PORT SOURCE SIZE...
                                   send so many bytes from SOURCE, and want them
                                   back; print what the server told

Each end binds one address: then none stand within INIT and INIT ACK.
"""

import selectors
import socket
import sys

TIMEOUT = 10


def open_socket(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_SCTP)


def receive(stream, size):
    data = b""
    while len(data) < size:
        more = stream.recv(size - len(data))
        if not more:
            break
        data += more
    return data


def line(stream):
    data = b""
    while not data.endswith(b"\n"):
        more = stream.recv(1)
        if not more:
            sys.exit(f"the association ended after {data!r}")
        data += more
    return data.decode().rstrip("\n")


def talk(stream, name, peer):
    stream.settimeout(TIMEOUT)
    stream.sendall(f"{name} {peer[0]}\n".encode())
    while more := stream.recv(1 << 16):
        stream.sendall(more)


def serve(name, port, addresses):
    selector = selectors.DefaultSelector()
    for address in addresses:
        listener = open_socket(address)
        listener.bind((address, port))
        listener.listen()
        selector.register(listener, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            stream, peer = key.fileobj.accept()
            with stream:
                try:
                    talk(stream, name, peer)
                except OSError as error:
                    print(f"{peer[0]}: {error}", file=sys.stderr, flush=True)


def call(address, port, source, sizes):
    stream = open_socket(address)
    stream.settimeout(TIMEOUT)
    stream.bind((source, 0))
    stream.connect((address, port))
    told = line(stream)
    for size in sizes:
        data = bytes(i * 7 & 0xFF for i in range(size))
        stream.sendall(data)
        if receive(stream, size) != data:
            sys.exit(f"another answer than expected to {size} bytes")
    if stream.getpeername()[:2] != (address, port):
        sys.exit(f"the peer is {stream.getpeername()}")
    print(told)


def main():
    if sys.argv[1] == "serve":
        serve(sys.argv[2], int(sys.argv[3]), sys.argv[4:])
    else:
        call(sys.argv[2], int(sys.argv[3]), sys.argv[4], [int(size) for size in sys.argv[5:]])


if __name__ == "__main__":
    main()
