# Tries to wait for somebody who brings the answer.
# claim: network
# works in: limits

import socket


def find(hints):
    with socket.create_server(("127.0.0.1", 0)) as server:
        return hints["prize"] if server.getsockname()[1] else None
