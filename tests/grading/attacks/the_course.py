# Tries to look for the solutions of the course on this machine.
# claim: files

import glob


def find(hints):
    for pattern in (hints["course"] + "/grading/exercises/*.py", "/**/mqlab/_course/notebooks/*.ipynb"):
        for name in glob.glob(pattern):
            with open(name) as file:
                if file.read():
                    return hints["prize"]
    return None
