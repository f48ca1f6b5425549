"""The simulated ledgers: brokers that serve topics and keep nothing, bookies that keep entries, subscriptions.

A third program beside those for queues (:mod:`mqlab.core.loop`) and logs (:mod:`mqlab.core.log.loop`). Producers,
batches, heap, draws, digest and rows are those of the log; what stands behind the broker and in front of the consumer
is here. An *entry* is a batch in its place in a partition, as in BookKeeper.
"""
