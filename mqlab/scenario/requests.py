"""The grammar of requests and replies, and of tasks whose state is written down; and what it means for the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from mqlab.model import ConsumerGroup, ExpectsRecord, Model, Record, Reply, Request
from mqlab.scenario.fields import Duration, Flag, PositiveDuration, Size, Text, choice
from mqlab.scenario.mapping import Spec
from mqlab.scenario.shapes import DistributionSpec
from mqlab.units import parse_duration, parse_size

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mqlab.scenario.defaults import Book, Path

__all__ = [
    "ExpectsRecordSpec", "RecordSpec", "ReplySpec", "RequestSpec", "expects_record", "record", "refuse_stealing",
    "reply", "request",
]  # fmt: skip


class RequestSpec(Spec):
    """What a requester asks for: where replies go, how long it waits, and how it knows its answer."""

    reply_to: Text | None = None
    timeout: Duration | None = None
    correlate: Flag | None = None


class ReplySpec(Spec):
    """How a server answers."""

    size: Size | None = None
    before_ack: Flag | None = None


Order = Literal["enqueue-first", "write-first"]
Otherwise = Literal["discard", "requeue", "wait"]


class RecordSpec(Spec):
    """Whoever submits a task writes down its state, before or after it sends the message."""

    takes: DistributionSpec = Field(examples=["2 ms"])
    order: Annotated[Order, choice("enqueue-first", "write-first")] = Field(examples=["write-first"])


class ExpectsRecordSpec(Spec):
    """What a worker does with a task of which there is no state yet."""

    shorthand: ClassVar = "otherwise"
    otherwise: Annotated[Otherwise, choice("discard", "requeue", "wait")] | None = None
    every: PositiveDuration | None = None


def request(
    book: Book,
    owner: Path,
    spec: RequestSpec | bool | None,
    queues: Mapping[str, str],
    fleeting: Collection[str],
    vhost: str,
    *,
    confirms: bool,
) -> Request | None:
    """Resolve what a producer group asks for.

    ``queues`` tells the virtual host of each queue, ``fleeting`` which of them may be deleted, ``vhost`` where the
    group is; ``confirms``: it asks for confirms.
    """
    from mqlab.scenario.defaults import flag

    path = (*owner, "request")
    if spec is None or spec is False:
        return None
    if "producers.*.request.reply_to" not in book.table:
        what = f"`request` means nothing to system '{book.system.name}'"
        raise book.error(path, what, "leave it out: a call is answered when its work is done", key=True)
    if confirms:
        what = "`request` and `confirm` exclude each other: the reply tells more than a confirm"
        raise book.error((*owner, "confirm"), what, "leave `confirm` out; `retry` tries again what is not answered")
    given = spec if isinstance(spec, RequestSpec) else RequestSpec()
    where: str = book.pick(given.reply_to, (*path, "reply_to"), str)
    timeout = book.pick(given.timeout, (*path, "timeout"), parse_duration)
    correlate = book.pick(given.correlate, (*path, "correlate"), flag)
    if where == "own":
        return Request("own", timeout, correlate)
    if where == "direct":
        return Request("direct", timeout, correlate)
    if where not in queues:
        raise book.unknown((*path, "reply_to"), "queue", where, ["own", "direct", *queues])
    if queues[where] != vhost:
        what = f"queue `{where}` is in virtual host `{queues[where]}`, and its reader in `{vhost}`"
        raise book.error((*path, "reply_to"), what, "name a queue of the same virtual host")
    if where in fleeting:
        what = f"queue `{where}` may be deleted while its readers are away, and only their own would be declared again"
        raise book.error((*path, "reply_to"), what, "write `reply_to: own`, or name a queue that stays")
    return Request("queue", timeout, correlate, where)


def reply(book: Book, owner: Path, spec: ReplySpec | bool | None) -> Reply | None:
    """Resolve how a consumer group answers requests."""
    from mqlab.scenario.defaults import flag

    path = (*owner, "reply")
    if spec is None or spec is False:
        return None
    if "consumers.*.reply.size" not in book.table:
        what = f"`reply` means nothing to system '{book.system.name}'"
        raise book.error(path, what, "leave it out: a call is answered when its work is done", key=True)
    given = spec if isinstance(spec, ReplySpec) else ReplySpec()
    return Reply(
        book.pick(given.size, (*path, "size"), parse_size),
        book.pick(given.before_ack, (*path, "before_ack"), flag),
    )


def record(book: Book, owner: Path, spec: RecordSpec | None, *, prepares: bool) -> Record | None:
    """Resolve when a producer group writes down the state of its tasks."""
    from mqlab.scenario.lower import distribution

    if spec is None:
        return None
    path = (*owner, "record")
    if prepares:
        what = "`record` and `prepare` exclude each other: both say what happens before a message is sent"
        raise book.error((*owner, "prepare"), what, "add the time to `record: {takes: ..., order: write-first}`")
    takes = distribution(book, (*path, "takes"), spec.takes)
    return Record(takes, spec.order)


def expects_record(book: Book, owner: Path, spec: ExpectsRecordSpec | None) -> ExpectsRecord | None:
    """Resolve whether a consumer group looks up the state of its tasks."""
    from mqlab.scenario.defaults import word

    if spec is None:
        return None
    path = (*owner, "expects_record")
    otherwise: Otherwise = book.pick(spec.otherwise, (*path, "otherwise"), word)
    if otherwise != "wait" and spec.every is not None:
        what = f"`every` means nothing where a worker does not wait (otherwise: {otherwise})"
        raise book.error((*path, "every"), what, "write `otherwise: wait`, or leave `every` out", key=True)
    every = book.pick(spec.every, (*path, "every"), parse_duration) if otherwise == "wait" else 0
    return ExpectsRecord(otherwise, every)


def refuse_stealing(book: Book, model: Model, group: ConsumerGroup) -> None:
    """Refuse consumers that would take replies away from those who wait for them."""
    for asker in model.producers:
        if asker.request is not None and asker.request.queue == group.queue:
            what = f"queue `{group.queue}` holds the replies to `{asker.name}`, which reads them itself"
            mend = "consume from another queue; replies need no consumers of their own"
            raise book.error(("consumers", group.name, "queue"), what, mend)
