# Tries to leave a process behind that answers after the crash.
# claim: processes

import os
import socket

NAME = "\0mqlab-attack"


def tell(number, folder):
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    os.closerange(0, 64)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(NAME)
        server.listen()
        server.accept()[0].sendall(str(number).encode())
    os._exit(0)


def recall(folder):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(NAME)
        return int(client.recv(20))
