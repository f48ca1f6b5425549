# Tries to print until the disk or the memory of the grader is full.
# claim: time

import sys


def add(numbers):
    while True:
        print("points: 99 " * 1000)


def find(hints):
    while True:
        sys.stderr.write("x" * 100_000)
