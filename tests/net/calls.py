#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""One socket call, and what came of it: "ok" or the error's name.

calls.py bind|connect|sendto tcp|udp ADDRESS PORT [--v6only N] [--timeout S]
    an ADDRESS ::ffff:A.B.C.D is called by an IPv6 socket; "ok" of connect and
    sendto is followed by the peer that the socket tells
calls.py follow ADDRESS PORT SECONDS [--once]
    asks a whoami.py over a connected UDP socket, ten times a second, on a new
    socket after an error; a line for each: the answer's first word, "none", or
    the error's name. With --once it connects but once, and ends at an error
calls.py hold ADDRESS PORT SECONDS [--talk]
    asks GET / over TCP, keeps the connection, and says how a read of it ended;
    with --talk it goes on asking, a header five times a second
calls.py keep ADDRESS PORT SECONDS
    asks a whoami.py ten times a second over one HTTP connection; a line for
    each: the answer's first word; the last one may be an error's name
"""
import argparse
import errno
import http.client
import socket
import time

TYPES = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


def name_of(error):
    if isinstance(error, TimeoutError):
        return "none"
    return errno.errorcode.get(error.errno, str(error))


def make(kind, address, timeout=1.0):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, TYPES[kind])
    sock.settimeout(timeout)
    return sock


def call(args):
    with make(args.kind, args.address, args.timeout) as sock:
        try:
            if args.v6only is not None:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, args.v6only)
            if args.function == "sendto":
                sock.sendto(b"?", (args.address, args.port))
                print("ok", *sock.recvfrom(100)[1][:2])
                return
            getattr(sock, args.function)((args.address, args.port))
            print("ok", *(sock.getpeername()[:2] if args.function == "connect" else ()))
        except OSError as error:
            print(name_of(error))


def ask(sock):
    try:
        sock.send(b"?")
        return sock.recv(100).split()[0].decode()
    except OSError as error:
        return name_of(error)


def follow(args):
    end = time.monotonic() + args.seconds
    sock = None
    while time.monotonic() < end:
        if sock is None:
            sock = make("udp", args.address)
            try:
                sock.connect((args.address, args.port))
            except OSError as error:
                print(name_of(error), flush=True)
                time.sleep(0.1)
                sock = None
                continue
        answer = ask(sock)
        print(answer, flush=True)
        if answer.startswith("E"):
            if args.once:
                return
            sock.close()
            sock = None
        time.sleep(0.1)


def hold(args):
    with make("tcp", args.address, args.seconds) as sock:
        sock.connect((args.address, args.port))
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        print("connected", flush=True)
        try:
            if args.talk:
                talk(sock, args.seconds)
            print("ended" if not sock.recv(100) else "answered", flush=True)
        except OSError as error:
            print(name_of(error), flush=True)


def keep(args):
    connection = http.client.HTTPConnection(args.address, args.port, timeout=3)
    connection.connect()
    connection.auto_open = False
    end = time.monotonic() + args.seconds
    try:
        while time.monotonic() < end:
            connection.request("GET", "/", headers={"Connection": "keep-alive"})
            print(connection.getresponse().read().split()[0].decode(), flush=True)
            time.sleep(0.1)
    except OSError as error:
        print(name_of(error), flush=True)
    except http.client.HTTPException as error:
        print(type(error).__name__, flush=True)


def talk(sock, seconds):
    for _ in range(int(seconds * 5)):
        sock.sendall(b"X-Go: on\r\n")
        time.sleep(0.2)
    sock.settimeout(0.2)


def parse():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True, dest="function")
    for function in ("bind", "connect", "sendto"):
        command = commands.add_parser(function)
        command.add_argument("kind", choices=TYPES)
        command.add_argument("address")
        command.add_argument("port", type=int)
        command.add_argument("--v6only", type=int)
        command.add_argument("--timeout", type=float, default=1)
        command.set_defaults(run=call)
    for function in (follow, hold, keep):
        command = commands.add_parser(function.__name__)
        command.add_argument("address")
        command.add_argument("port", type=int)
        command.add_argument("seconds", type=float)
        if function is not keep:
            command.add_argument("--once" if function is follow else "--talk", action="store_true")
        command.set_defaults(run=function)
    return parser.parse_args()


arguments = parse()
arguments.run(arguments)
