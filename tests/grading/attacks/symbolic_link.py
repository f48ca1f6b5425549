# Tries to read the secret through a link with another name.
# claim: files
# works in: limits

import os


def find(hints):
    link = hints["folder"] + "/mqlab-attack-link"
    os.symlink(hints["folder"] + "/secret", link)
    try:
        with open(link) as file:
            return int(file.read())
    finally:
        os.unlink(link)
