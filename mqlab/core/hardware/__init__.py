"""Machines: network cards that share max-min fairly, processors with several cores, disks behind a page cache.

Generic kernels for programs over logs: each takes something to do and the event that shall happen when it is done.
Everything is behind ``hards(s, 0)["on"]``: a model without figures of hardware never calls any of it.
"""
