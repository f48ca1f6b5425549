"""A process that has imported everything and forks a server for each line it reads: killing many costs no imports.

A line is ``start FOLDER`` (answered by a process id), or ``reap PID`` (answered when that process is gone).
"""

import os
import sys
import threading

from mqlab.broker.server import Server

SEGMENT_BYTES = 20_000


def serve(folder):
    with Server(folder, segment_bytes=SEGMENT_BYTES):
        threading.Event().wait()


def main():
    for line in sys.stdin:
        word, what = line.rstrip("\n").split(" ", 1)
        if word == "start":
            child = os.fork()
            if not child:
                serve(what)
            print(child, flush=True)
        else:
            os.waitpid(int(what), 0)
            print("gone", flush=True)


if __name__ == "__main__":
    main()
