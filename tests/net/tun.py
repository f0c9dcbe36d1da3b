#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A cable without a link layer: tun.py NETNS-FILE DEVICE NETNS-FILE DEVICE.

Makes a tun device in each of two network namespaces; what leaves by one comes
in by the other, until it is killed.
"""
import ctypes
import fcntl
import os
import select
import struct
import sys

TUNSETIFF, IFF_TUN, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 1, 0x1000, 0x40000000


def tun(namespace, name):
    with open(namespace, "rb") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), namespace)
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


ends = tun(*sys.argv[1:3]), tun(*sys.argv[3:5])
while True:
    for end in select.select(ends, [], [])[0]:
        try:
            os.write(ends[end == ends[0]], os.read(end, 65536))
        except OSError:
            pass  # a device that is down
