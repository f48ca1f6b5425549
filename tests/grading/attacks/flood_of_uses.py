# Tries to keep the parent busy with things that it never offered.
# claim: protocol

import os


def add(numbers):
    while True:
        os.write(4, b'{"use":0,"verb":"charge","args":[1],"named":{}}\n' * 100)


find = add
