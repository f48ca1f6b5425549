"""A stretch of slots that a producer has claimed and not yet published."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mqlab.ring.errors import NotClaimed

if TYPE_CHECKING:
    from mqlab.ring.publisher import Publisher

__all__ = ["Claim"]


class Claim:
    """Slots to write into, published together at the end of its ``with`` block.

    ``claim["price"] = values`` fills a field of all its records, ``claim[i]`` is one record. The slots still hold what
    was in them a lap ago: write every field.

    If the block raises, nothing of it is published. A single producer then simply has its slots back; with many
    producers the others have claimed beyond, so the ring is halted.

    Examples
    --------
    >>> from mqlab import RingBuffer
    >>> ring = RingBuffer([("price", "i8")], 8)
    >>> reader = ring.reader()
    >>> with ring:
    ...     with ring.claim(3) as claim:
    ...         claim["price"] = [7, 8, 9]
    ...     [int(record["price"]) for record in reader.batch()]
    [7, 8, 9]
    """

    def __init__(self, ring: Publisher, first: int, last: int) -> None:
        self.first, self.last = first, last
        self._ring = ring
        self._open = True

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, i: int) -> Any:
        """One record, counted from 0."""
        self._need_open()
        if not 0 <= i < len(self):
            raise IndexError(f"this claim has {len(self)} records, none is number {i}")
        return self._ring.records[(self.first + i) & self._ring.mask]

    def __setitem__(self, field: str, values: Any) -> None:
        """Write one field of all records: a value for each, or one for all."""
        self._need_open()
        single = not hasattr(values, "__len__") or isinstance(values, (str, bytes))
        if not single and len(values) != len(self):
            raise ValueError(f"{len(values)} values for {len(self)} claimed records of field {field!r}")
        for start, part in self._ring.parts(self.first, self.last):
            offset = start - self.first
            part[field] = values if single else values[offset : offset + len(part)]

    def publish(self) -> None:
        """Let the readers see the records.

        Raises
        ------
        NotClaimed
            This claim is published already, or an earlier one of the same producer is not.
        """
        self._need_open()
        self._ring.publish_claim(self)
        self._open = False

    def give_up(self) -> None:
        """Publish nothing of this claim; see the class for what that means with many producers."""
        if self._open:
            self._ring.give_up_claim(self)
            self._open = False

    def _need_open(self) -> None:
        if not self._open:
            raise NotClaimed(
                f"sequences {self.first} to {self.last} are published or given up already",
                mend="claim() anew for what comes next",
            )

    def __enter__(self) -> Claim:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.give_up()
        elif self._open:
            self.publish()
