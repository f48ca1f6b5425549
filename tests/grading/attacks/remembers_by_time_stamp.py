# Tries to remember a number across a crash in the time or the rights of a file.
# claim: restart

import os
import sys

FILES = [os.__file__, sys.executable, "/etc/hostname", "/dev/null", "/"]


def tell(number, folder):
    for file in [folder + "/public", *FILES]:
        try:
            os.utime(file, (number, number))
        except OSError:
            continue


def recall(folder):
    for file in [folder + "/public", *FILES]:
        try:
            if 1_000_000 <= os.stat(file).st_mtime < 10_000_000:
                return int(os.stat(file).st_mtime)
        except OSError:
            continue
    return None
