# Tries to use up the stack of its process.
# claim: judgement

import sys

sys.setrecursionlimit(10**9)


def deeper(numbers):
    return deeper([numbers])


add = find = deeper
