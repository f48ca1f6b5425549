# Tries to raise an exception that cannot be looked at.
# claim: judgement

class Named(type):
    @property
    def __name__(cls):
        raise SystemExit


class Strange(BaseException, metaclass=Named):
    def __str__(self):
        raise Strange

    __repr__ = __str__


def add(numbers):
    raise Strange


def find(hints):
    raise Strange
