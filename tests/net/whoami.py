#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A pod that says who it is: whoami.py NAME PORT

It listens on PORT over HTTP and UDP, IPv4 and IPv6. GET / answers "NAME CLIENT",
CLIENT being the address that the pod sees; GET /bytes/N answers N bytes; POST
answers how many bytes it got and their SHA-256. Whoever sends "Connection:
keep-alive" may ask again on the same connection. A datagram comes back behind
the same "NAME CLIENT ".
"""
import hashlib
import http.server
import socket
import sys
import threading

NAME, PORT = sys.argv[1], int(sys.argv[2])
CHUNK = bytes(range(256)) * 256


def plain(address):
    """An address as people write it: an IPv4 one without its IPv6 coat."""
    return address.removeprefix("::ffff:")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.partition("?")[0]
        if path.startswith("/bytes/"):
            self.answer_bytes(int(path.removeprefix("/bytes/")))
        else:
            self.answer(f"{NAME} {plain(self.client_address[0])}\n")

    def do_POST(self):
        digest, left = hashlib.sha256(), int(self.headers["Content-Length"])
        total = left
        while left:
            data = self.rfile.read(min(left, 65536))
            if not data:
                return
            digest.update(data)
            left -= len(data)
        self.answer(f"{total} {digest.hexdigest()}\n")

    def answer(self, text):
        body = text.encode()
        self.start(len(body))
        self.wfile.write(body)

    def answer_bytes(self, left):
        self.start(left)
        while left > 0:
            left -= self.wfile.write(CHUNK[:left])

    def start(self, length):
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        if self.headers.get("Connection") == "keep-alive":
            self.send_header("Connection", "keep-alive")
            self.close_connection = False
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True
    request_queue_size = 512

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        # Not HTTPServer's: that one asks DNS for its own name.
        http.server.socketserver.TCPServer.server_bind(self)


def serve_udp():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("::", PORT))
        while True:
            data, client = sock.recvfrom(65535)
            sock.sendto(f"{NAME} {plain(client[0])} ".encode() + data, client)


threading.Thread(target=serve_udp, daemon=True).start()
Server(("::", PORT), Handler).serve_forever()
