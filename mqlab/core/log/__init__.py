"""The simulated log: partitions with replicas, producers that send batches, consumers that commit offsets.

A program of its own beside the one for queues (:mod:`mqlab.core.loop`), on the same heap, draws, digest and rows; see
decision 0015.
"""
