"""When the journal has the disk make safe what was written, and so what a confirm is worth."""

from __future__ import annotations

from dataclasses import dataclass

from mqlab.broker.errors import PreconditionFailed
from mqlab.units import UnitError, format_duration, parse_duration

__all__ = ["Exposure", "SyncPolicy", "explain_loss"]


@dataclass(frozen=True, slots=True)
class SyncPolicy:
    """When to sync: ``every_ns`` 0 before each confirm, above 0 so often, -1 never.

    Examples
    --------
    >>> SyncPolicy.of("always").every_ns, SyncPolicy.of("10 ms").every_ns, SyncPolicy.of("never").every_ns
    (0, 10000000, -1)
    >>> print(SyncPolicy.of("10 ms"))
    every 10 ms
    """

    every_ns: int

    @classmethod
    def of(cls, words: str) -> SyncPolicy:
        """Read ``always``, ``never``, or how often (``10 ms``, ``every 10 ms``)."""
        if words in ("always", "never"):
            return cls(0 if words == "always" else -1)
        try:
            every_ns = parse_duration(words.removeprefix("every "))
        except UnitError as error:
            raise PreconditionFailed(
                f"the journal cannot sync `{words}`: {error.what}", "say always, never, or how often, as `10 ms`"
            ) from None
        return cls(every_ns)

    @property
    def is_always(self) -> bool:
        """Whether a confirm waits for the disk."""
        return self.every_ns == 0

    def __str__(self) -> str:
        if self.every_ns > 0:
            return f"every {format_duration(self.every_ns)}"
        return "always" if self.every_ns == 0 else "never"


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a power cut at this moment could take: copies that were written, and maybe confirmed, but not synced."""

    policy: SyncPolicy
    written: int
    """Copies written to the operating system since the journal began."""
    synced: int
    """Copies of these that are safe."""
    since_sync_ns: int
    """How long ago the last sync began."""


def explain_loss(before: Exposure, copies: int) -> str:
    """Say how many copies of messages a power cut took, and why.

    Parameters
    ----------
    before
        What was exposed when the power went.
    copies
        How many copies the journal knew when it was read back (:attr:`Recovery.copies`).

    Examples
    --------
    >>> explain_loss(Exposure(SyncPolicy.of("10 ms"), written=250, synced=200, since_sync_ns=7_000_000), copies=230)
    'The power cut took 20 copies: 50 were written and could be confirmed, but not synced (sync every 10 ms, the last one 7 ms before); 30 of them had reached the disk.'
    >>> explain_loss(Exposure(SyncPolicy.of("always"), written=250, synced=250, since_sync_ns=900), copies=250)
    'The power cut took nothing that could be confirmed: every confirm waits until its message is synced (sync always).'
    """  # noqa: E501
    exposed, lost = before.written - before.synced, max(0, before.written - copies)
    if before.policy.is_always:
        return (
            "The power cut took nothing that could be confirmed: every confirm waits until its message is synced "
            "(sync always)."
        )
    when = f"sync {before.policy}"
    if before.policy.every_ns > 0:
        when += f", the last one {format_duration(before.since_sync_ns)} before"
    return (
        f"The power cut took {lost:,} copies: {exposed:,} were written and could be confirmed, but not synced ({when})"
        f"; {exposed - lost:,} of them had reached the disk."
    )
