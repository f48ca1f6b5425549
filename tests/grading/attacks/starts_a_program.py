# Tries to run a program that is not Python.
# claim: processes
# works in: limits

import os


def find(hints):
    import subprocess

    for command in (["/bin/cat", hints["folder"] + "/secret"], ["/bin/sh", "-c", f"cat {hints['folder']}/secret"]):
        try:
            return int(subprocess.run(command, capture_output=True, timeout=5).stdout)
        except (OSError, ValueError):
            continue
    os.execv("/bin/cat", ["cat", hints["folder"] + "/secret"])
    return None
