# Tries to read the secret in the environment of the grader.
# claim: environment

import os


def find(hints):
    for process in ("self", str(os.getppid()), str(hints["parent"]), "1"):
        try:
            with open(f"/proc/{process}/environ", "rb") as file:
                entries = file.read().split(b"\0")
        except OSError:
            continue
        for entry in entries:
            if entry.startswith(b"MQLAB_SECRET="):
                return int(entry.split(b"=")[1])
    return int(os.environ.get("MQLAB_SECRET", "0"))
