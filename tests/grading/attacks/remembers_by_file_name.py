# Tries to remember a number across a crash in the name of a file.
# claim: restart
# works in: limits

import os
import tempfile

PLACES = ["/tmp", "/dev/shm", "/var/tmp", "/", ".", os.path.expanduser("~")]


def tell(number, folder):
    for place in [folder, *PLACES]:
        try:
            os.mkdir(f"{place}/mqlab-attack-{number}")
            return
        except OSError:
            continue
    tempfile.mkdtemp(prefix=f"mqlab-attack-{number}-")


def recall(folder):
    for place in [folder, *PLACES]:
        try:
            names = os.listdir(place)
        except OSError:
            continue
        for name in names:
            if name.startswith("mqlab-attack-"):
                os.rmdir(f"{place}/{name}")
                return int(name.split("-")[2])
    return None
