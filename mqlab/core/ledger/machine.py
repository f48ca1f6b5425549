"""The machine of the ledgers: another layout and another program, otherwise that of a log."""

from __future__ import annotations

from mqlab.core.ledger.loop import advance_ledger
from mqlab.core.ledger.records import BESIDE, LEDGER_ARRAYS
from mqlab.core.log.machine import LogMachine

__all__ = ["LedgerMachine"]


class LedgerMachine(LogMachine):
    """Runs the ledgers' kernels over the records of one model; see :class:`mqlab.core.machine.Machine`."""

    layout = LEDGER_ARRAYS
    program = staticmethod(advance_ledger)

    def _grow(self, name: str) -> None:
        super()._grow(name)
        if name == "batches":
            for beside in BESIDE:
                super()._grow(beside)
