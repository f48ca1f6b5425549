"""The simulated data plane: event handlers over records, one file a mechanism, compiled at the edge.

Read in this order: :mod:`records` (what there is), :mod:`codes` (small numbers with names), :mod:`heap` (time),
:mod:`recorder` (trace, digest, histograms), then along a message's way: :mod:`arrivals`, :mod:`producer` and its lists
in :mod:`outgoing`, :mod:`link`, :mod:`exchange`, :mod:`storage` and :mod:`confirm`, :mod:`queue`, :mod:`hands` and
:mod:`consumer`; and what goes wrong: :mod:`connection`, :mod:`faults`. :mod:`loop` ties them together; :mod:`build`
turns a model into records, :mod:`machine` lets kernels work on them, :mod:`counters` reads what they counted.

Calls go one way along that chain, so there is no recursion: whatever would call back (a confirm, the end of a service)
goes over the heap.
"""
