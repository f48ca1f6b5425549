"""What a messaging system is to the lab: name, mechanisms, defaults with their sources, contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from mqlab.model import Model

__all__ = ["ANOMALIES", "OURS", "Anomaly", "Contract", "Default", "Promise", "System"]

Anomaly = Literal[
    "lost", "phantom", "recovered", "redelivered", "enqueued_twice", "log_duplicate", "duplicate_effect",
    "out_of_order", "skipped", "nonmonotonic", "inconsistent_offsets", "unseen", "stale", "aborted_read",
    "reply_mismatch",
]  # fmt: skip

ANOMALIES: Final[tuple[Anomaly, ...]] = (
    "lost", "phantom", "recovered", "redelivered", "enqueued_twice", "log_duplicate", "duplicate_effect",
    "out_of_order", "skipped", "nonmonotonic", "inconsistent_offsets", "unseen", "stale", "aborted_read",
    "reply_mismatch",
)  # fmt: skip
"""Every anomaly a contract speaks of, in the order in which they are reported."""

OURS: Final = "mqlab's choice: "
"""How the source of a default begins that no system fixes: hardware, networks, the length of a run."""


@dataclass(frozen=True, slots=True)
class Default:
    """What holds where a scenario says nothing.

    ``path`` is the field's, with ``*`` for names; ``value`` is written as in a scenario; ``source`` is a
    document, or begins with :data:`OURS` and gives the reason.
    """

    path: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Promise:
    """Whether a system permits an anomaly under a configuration, and why."""

    permitted: bool
    because: str


Contract = Callable[[Model], dict[str, Promise]]


@dataclass(frozen=True)
class System:
    """A messaging system as a profile.

    ``mechanisms`` maps the sections and fields of the grammar that mean something here to one line each;
    ``confirm_when`` says what a confirm tells: the message is stored, or it has been processed.
    """

    name: str
    title: str
    summary: str
    mechanisms: Mapping[str, str]
    defaults: tuple[Default, ...]
    contract: Contract
    confirm_when: Literal["stored", "processed"] = "stored"
    nodes: tuple[str, ...] = ("broker",)
    """The nodes of a scenario that names none."""
    replicated: bool = False
    """Whether every queue has replicas on several nodes."""
    log: bool = False
    """Whether it has topics, partitions and offsets instead of queues."""
    bookies: bool = False
    """Whether brokers keep nothing: nodes called bookie… keep the entries of topics, and groups subscribe."""

    def default(self, path: str) -> Default:
        """Look a default up by its path; KeyError if the system has none."""
        return self.table[path]

    @property
    def table(self) -> Mapping[str, Default]:
        """All defaults by path."""
        return MappingProxyType({default.path: default for default in self.defaults})
