# Tries to reach the secret step by step, from the folder it stands in.
# claim: files
# works in: limits

import os


def find(hints):
    os.chdir(hints["folder"])
    with open("../" + os.path.basename(hints["folder"]) + "/secret") as file:
        return int(file.read())
