# Tries to send bytes that are not text, and text that cannot be written.
# claim: protocol

import os


def add(numbers):
    os.write(4, b'{"answer":1,"value":"\xff\xfe\x00"}\n')


def find(hints):
    return "\ud800"
