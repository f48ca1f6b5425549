# Tries to reach the network by all other ways: datagrams, other families, raw sockets.
# claim: network
# works in: limits

import ctypes
import socket


def find(hints):
    opened = 0
    for family in range(1, 45):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            try:
                opened += bool(socket.socket(family, kind))
            except OSError:
                continue
    libc = ctypes.CDLL(None)
    pair = (ctypes.c_int * 2)()
    opened += libc.socketpair(1, 1, 0, pair) == 0
    return hints["prize"] if opened else None
