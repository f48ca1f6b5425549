"""Whole programs on the broker and the ring, to run and to read: ``python -m mqlab.examples.exchange``."""
