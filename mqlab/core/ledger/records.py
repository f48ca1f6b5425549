"""The state of simulated ledgers: the records of the log's program, then its own."""

from __future__ import annotations

from mqlab.core.ledger import dtypes
from mqlab.core.log.records import LOG_ARRAYS
from mqlab.jit import accessor

__all__ = [
    "BESIDE", "LEDGER_ARRAYS", "adds", "bookies", "claims", "cursors", "ensembles", "entries", "hands", "holders",
    "ledgers", "stores", "subscribers", "tastes",
]  # fmt: skip

_OWN = (
    ("ledgers", dtypes.LEDGER),
    ("bookies", dtypes.BOOKIE),
    ("stores", dtypes.STORE),
    ("ensembles", dtypes.ENSEMBLE),
    ("entries", dtypes.ENTRY),
    ("adds", dtypes.ADD),
    ("claims", dtypes.CLAIM),
    ("cursors", dtypes.CURSOR),
    ("holders", dtypes.HOLDER),
    ("hands", dtypes.HAND),
    ("subscribers", dtypes.SUBSCRIBER),
    ("tastes", dtypes.TASTE),
)
LEDGER_ARRAYS = LOG_ARRAYS + _OWN
"""Name and dtype of every array of the state, in the order of the directory."""
BESIDE = ("entries", "adds", "claims")
"""Arrays that grow with the batches."""

ledgers, bookies, stores, ensembles, entries, adds, claims, cursors, holders, hands, subscribers, tastes = (
    accessor(len(LOG_ARRAYS) + _index, _dtype) for _index, (_, _dtype) in enumerate(_OWN)
)
