# Tries to leave files behind, as many and as large as there is room for.
# claim: writing

import os


def add(numbers):
    raise NotImplementedError


def find(hints):
    for place in (hints["folder"], "/tmp", "/dev/shm", "/var/tmp", "/run", "/", "."):
        for number in range(5):
            try:
                with open(f"{place}/mqlab-attack-{number}", "wb") as file:
                    file.write(b"x" * 1_000_000)
            except OSError:
                continue
    os.open(hints["folder"], os.O_TMPFILE | os.O_RDWR)
