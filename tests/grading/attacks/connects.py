# Tries to fetch the answer from the network.
# claim: network
# works in: limits

import socket


def find(hints):
    with socket.create_connection(("127.0.0.1", hints["port"]), timeout=5) as line:
        return int(line.recv(100))
