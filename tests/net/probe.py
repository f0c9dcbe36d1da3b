#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A client of whoami.py, for what curl cannot show: what a socket sees.

probe.py udp ADDRESS PORT [--connect] [--count N] [--interval S] [--size N]
    sends datagrams of N bytes; a line per answer: "FROM-ADDRESS FROM-PORT NAME
    CLIENT", or "none" or "garbled"
probe.py peer ADDRESS PORT
    connects over TCP; says getpeername() and the answer to GET /
probe.py loop ADDRESS PORT SECONDS
    asks GET /, each time on a new connection; says "N answered, N failed", also
    when it is told to end (SIGTERM)
probe.py reuse ADDRESS PORT N
    the same N times, each time from the same port of its own
probe.py refused ADDRESS PORT
    says of TCP, and of a connected UDP socket, "refused", "none" or what else
probe.py whom tcp|udp ADDRESS PORT [--count N]
    asks N times, each on a new connected socket; a line each: "NAME CLIENT",
    "refused", "none" or what else
probe.py hop ADDRESS PORT TTL
    sends a datagram with so many hops to live; says who reported its end
"""
import argparse
import errno
import os
import signal
import socket
import time


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def plain(address):
    return address.removeprefix("::ffff:")


def udp(args):
    with socket.socket(family(args.address), socket.SOCK_DGRAM) as sock:
        sock.settimeout(args.timeout)
        if args.connect:
            sock.connect((args.address, args.port))
        for _ in range(args.count):
            payload = os.urandom(args.size)
            if args.connect:
                sock.send(payload)
            else:
                sock.sendto(payload, (args.address, args.port))
            print(udp_answer(sock, payload), flush=True)
            time.sleep(args.interval)
        if args.connect:
            print("peer", *sock.getpeername()[:2])


def udp_answer(sock, payload):
    try:
        data, source = sock.recvfrom(65535)
    except OSError as error:
        return f"none ({error.strerror or error})"
    name, client, echo = data.split(b" ", 2)
    if echo != payload:
        return "garbled"
    return f"{plain(source[0])} {source[1]} {name.decode()} {client.decode()}"


def get(sock):
    """Ask GET /, and read until the server closes."""
    sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
    return sock.makefile("rb").read().rpartition(b"\r\n\r\n")[2].decode().strip()


def peer(args):
    with socket.create_connection((args.address, args.port), args.timeout) as sock:
        print(*sock.getpeername()[:2], get(sock))


def ask(args):
    with socket.create_connection((args.address, args.port), args.timeout) as sock:
        if not get(sock):
            raise OSError(errno.ENODATA, "an empty answer")


def loop(args):
    answered = failed = 0
    end = time.monotonic() + args.seconds
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while time.monotonic() < end:
            try:
                ask(args)
                answered += 1
            except OSError:
                failed += 1
            time.sleep(0.002)
    except KeyboardInterrupt:
        pass
    print(f"{answered} answered, {failed} failed")


def connect_when_free(sock, address):
    """Our own last connection may still wait for the last acknowledgement."""
    end = time.monotonic() + 1
    while True:
        try:
            return sock.connect(address)
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL or time.monotonic() > end:
                raise
            time.sleep(0.01)


def reuse(args):
    for _ in range(args.count):
        with socket.socket(family(args.address)) as sock:
            sock.settimeout(args.timeout)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("", 20555))
            connect_when_free(sock, (args.address, args.port))
            if not get(sock):
                raise SystemExit("an empty answer")


def refusal(args, kind):
    with socket.socket(family(args.address), kind) as sock:
        sock.settimeout(args.timeout)
        try:
            sock.connect((args.address, args.port))
            sock.send(b"anyone?")
            sock.recv(1)
        except ConnectionRefusedError:
            return "refused"
        except socket.timeout:
            return "none"
        except OSError as error:
            return error.strerror
        return "answered"


def refused(args):
    print("tcp", refusal(args, socket.SOCK_STREAM), "udp", refusal(args, socket.SOCK_DGRAM))


def answer(args, kind):
    with socket.socket(family(args.address), kind) as sock:
        sock.settimeout(args.timeout)
        try:
            sock.connect((args.address, args.port))
            if kind == socket.SOCK_STREAM:
                return get(sock)
            sock.send(b"?")
            return plain(sock.recv(100).decode().removesuffix(" ?"))
        except ConnectionRefusedError:
            return "refused"
        except socket.timeout:
            return "none"
        except OSError as error:
            return error.strerror


def whom(args):
    for _ in range(args.count):
        print(answer(args, socket.SOCK_STREAM if args.protocol == "tcp" else socket.SOCK_DGRAM))


IP_RECVERR, IPV6_RECVERR, EXTENDED_ERROR = 11, 25, 16


def hop(args):
    v6 = ":" in args.address
    level = socket.IPPROTO_IPV6 if v6 else socket.IPPROTO_IP
    with socket.socket(family(args.address), socket.SOCK_DGRAM) as sock:
        sock.settimeout(args.timeout)
        sock.setsockopt(level, IPV6_RECVERR if v6 else IP_RECVERR, 1)
        sock.setsockopt(level, socket.IPV6_UNICAST_HOPS if v6 else socket.IP_TTL, args.ttl)
        sock.connect((args.address, args.port))
        sock.send(b"how far?")
        try:
            sock.recv(1)
        except socket.timeout:
            print("none")
        except OSError:
            control = sock.recvmsg(64, 512, socket.MSG_ERRQUEUE)[1]
            offender = next(data for _, kind, data in control if kind in (IP_RECVERR, IPV6_RECVERR))[EXTENDED_ERROR:]
            print(socket.inet_ntop(sock.family, offender[8:24] if v6 else offender[4:8]))
        else:
            print("answered")


def parse():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    for function in (udp, peer, loop, reuse, refused, whom, hop):
        command = commands.add_parser(function.__name__)
        if function is whom:
            command.add_argument("protocol", choices=("tcp", "udp"))
        command.add_argument("address")
        command.add_argument("port", type=int)
        command.add_argument("--timeout", type=float, default=2)
        command.set_defaults(function=function)
        if function is udp:
            command.add_argument("--connect", action="store_true")
            command.add_argument("--count", type=int, default=1)
            command.add_argument("--interval", type=float, default=0)
            command.add_argument("--size", type=int, default=16)
        if function is whom:
            command.add_argument("--count", type=int, default=1)
        if function is loop:
            command.add_argument("seconds", type=float)
        if function is hop:
            command.add_argument("ttl", type=int)
        if function is reuse:
            command.add_argument("count", type=int)
    return parser.parse_args()


arguments = parse()
arguments.function(arguments)
