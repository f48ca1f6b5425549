# Tries to have the kernel signal the grader when a pipe is ready.
# claim: processes

import fcntl
import os
import signal

F_SETSIG = 10


def find(hints):
    for owner in (hints["parent"], os.getppid()):
        mine, other = os.pipe()
        try:
            fcntl.fcntl(mine, fcntl.F_SETOWN, owner)
            fcntl.fcntl(mine, F_SETSIG, signal.SIGKILL)
            fcntl.fcntl(mine, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
        except OSError:
            pass
        os.write(other, b"x")
    return
