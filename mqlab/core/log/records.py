"""The state of a simulated log: the records of the queues' program, those of hardware, then its own."""

from __future__ import annotations

from mqlab.core.hardware.records import HARDWARE_ARRAYS
from mqlab.core.log import dtypes
from mqlab.jit import accessor

__all__ = [
    "LOG_ARRAYS", "batches", "brokers", "cells", "collectors", "coordinators", "lags", "logs", "origins", "partitions",
    "pollers", "readers", "replicas", "seeks", "senders", "transactions", "wires",
]  # fmt: skip

_OWN = (
    ("logs", dtypes.LOG),
    ("brokers", dtypes.BROKER),
    ("collectors", dtypes.COLLECTOR),
    ("senders", dtypes.SENDER),
    ("batches", dtypes.BATCH),
    ("cells", dtypes.CELL),
    ("partitions", dtypes.PARTITION),
    ("replicas", dtypes.REPLICA),
    ("readers", dtypes.READER),
    ("pollers", dtypes.POLLER),
    ("transactions", dtypes.TRANSACTION),
    ("wires", dtypes.WIRE),
    ("coordinators", dtypes.COORDINATOR),
    ("seeks", dtypes.SEEKING),
    ("lags", dtypes.LAG),
    ("origins", dtypes.ORIGIN),
)
LOG_ARRAYS = HARDWARE_ARRAYS + _OWN
"""Name and dtype of every array of the state, in the order of the directory."""

(
    logs, brokers, collectors, senders, batches, cells, partitions, replicas, readers, pollers, transactions, wires,
    coordinators, seeks, lags, origins,
) = (accessor(len(HARDWARE_ARRAYS) + _index, _dtype) for _index, (_, _dtype) in enumerate(_OWN))  # fmt: skip
