# Tries to never come to an end.
# claim: time

def add(numbers):
    while True:
        pass


def find(hints):
    while True:
        pass
