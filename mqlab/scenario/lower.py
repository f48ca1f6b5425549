"""Small shapes of a scenario → their counterparts in the model: distributions, links, keys, retries."""

from __future__ import annotations

from typing import Literal

from mqlab.model import Backoff, Bursts, Connection, Distribution, Keys, Link, LinkSide, Retry
from mqlab.scenario.defaults import Book, Path, flag, word
from mqlab.scenario.groups import ConnectionSpec, LinkSpec, LossSpec, RetrySpec
from mqlab.scenario.reader import read
from mqlab.scenario.shapes import BackoffSpec, DistributionSpec, GrowingPauseSpec, KeySpec, SizesSpec
from mqlab.units import parse_bandwidth, parse_count, parse_duration, parse_number, parse_probability

__all__ = ["bursts", "connection", "constant", "distribution", "keys", "link", "retry", "sizes"]

Jitter = Literal["none", "full", "equal"]

DEPTH_MAX = 4
SIZE_MAX = 2**30
"""Largest message."""
PARTS_MAX = 16
_ERLANG_MAX = 1000
_CV_MAX = 100.0
_TRIPS_MAX = 100


def constant(text: str) -> Distribution:
    """Read a default duration as a distribution."""
    return Distribution("constant", (float(parse_duration(text)),))


def distribution(book: Book, path: Path, spec: DistributionSpec) -> Distribution:
    """Lower a distribution; refuse deep nesting and many parts."""
    parts = [0]
    result = _distribution(book, path, spec, 1, parts)
    if parts[0] > PARTS_MAX:
        raise book.error(path, f"the distribution has {parts[0]} parts", f"use at most {PARTS_MAX} in all")
    return result


def _distribution(book: Book, path: Path, spec: DistributionSpec, depth: int, parts: list[int]) -> Distribution:
    if depth > DEPTH_MAX:
        raise book.error(path, f"distributions are nested deeper than {DEPTH_MAX} levels", "flatten them")
    here = (*path, spec.kind)
    for kind, inner in (("serial", spec.serial), ("parallel", spec.parallel)):
        if inner is not None:
            if not inner:
                raise book.error(here, f"`{kind}` has no parts", "give at least one, such as `- 5 ms`")
            parts[0] += len(inner)
            lowered = tuple(_distribution(book, (*here, i), s, depth + 1, parts) for i, s in enumerate(inner))
            return Distribution("serial" if kind == "serial" else "parallel", (), lowered)
    return _single(book, here, spec)


def _single(book: Book, here: Path, spec: DistributionSpec) -> Distribution:
    if spec.constant is not None:
        return Distribution("constant", (float(spec.constant),))
    if (u := spec.uniform) is not None:
        if u.low > u.high:
            raise book.error((*here, "low"), "`low` is more than `high`", "swap them")
        return Distribution("uniform", (float(u.low), float(u.high)))
    if (e := spec.exponential) is not None:
        return Distribution("exponential", (float(e.mean),))
    if (k := spec.erlang) is not None:
        if k.k > _ERLANG_MAX:
            raise book.error((*here, "k"), f"an Erlang distribution has at most {_ERLANG_MAX} stages", "lower `k`")
        return Distribution("erlang", (float(k.k), float(k.mean)))
    if (n := spec.lognormal) is not None:
        if n.cv > _CV_MAX:
            raise book.error((*here, "cv"), f"`cv` is more than {_CV_MAX:g}", "write for instance `cv: 1`")
        return Distribution("lognormal", (float(n.mean), n.cv))
    h = spec.hyperexponential
    if h is None:  # pragma: no cover - exactly one kind is given
        raise book.error(here, "the kind is missing", "give exactly one")
    return Distribution("hyperexponential", (h.p, float(h.mean1), float(h.mean2)))


def sizes(book: Book, path: Path, spec: SizesSpec) -> Distribution:
    """Lower a distribution of sizes."""
    here = (*path, spec.kind)
    if (u := spec.uniform) is not None:
        if u.low > u.high:
            raise book.error((*here, "low"), "`low` is more than `high`", "swap them")
        shape, largest = Distribution("uniform", (float(u.low), float(u.high))), u.high
    elif (e := spec.exponential) is not None:
        shape, largest = Distribution("exponential", (float(e.mean),)), e.mean
    elif (n := spec.lognormal) is not None:
        if n.cv > _CV_MAX:
            raise book.error((*here, "cv"), f"`cv` is more than {_CV_MAX:g}", "write for instance `cv: 1`")
        shape, largest = Distribution("lognormal", (float(n.mean), n.cv)), n.mean
    elif (h := spec.hyperexponential) is not None:
        shape, largest = Distribution("hyperexponential", (h.p, float(h.mean1), float(h.mean2))), max(h.mean1, h.mean2)
    else:
        size = spec.constant or 0
        shape, largest = Distribution("constant", (float(size),)), size
    if largest > SIZE_MAX:
        raise book.error(here, "a message is larger than 1 GiB", "write for instance `1 KiB`")
    return shape


def link(book: Book, owner: Path, path: Path, spec: LinkSpec) -> Link:
    """Lower a link that stands at ``path`` and belongs to ``owner`` (producers.NAME or consumers.NAME)."""

    def side(name: str) -> LinkSide:
        own = getattr(spec, name)
        shape, where = (spec.latency, path) if own is None or own.latency is None else (own.latency, (*path, name))
        lossy, lost_at = (spec.loss, path) if own is None or own.loss is None else (own.loss, (*path, name))
        loss = None if lossy is None else lossy.independent
        wide = spec.bandwidth if own is None or own.bandwidth is None else own.bandwidth
        duplicate = spec.duplicate if own is None or own.duplicate is None else own.duplicate
        return LinkSide(
            constant(book.text((*owner, "link", "latency")))
            if shape is None
            else distribution(book, (*where, "latency"), shape),
            0.0
            if lossy is not None and loss is None
            else book.pick(loss, (*owner, "link", "loss"), parse_probability),
            book.pick(duplicate, (*owner, "link", "duplicate"), parse_probability),
            book.pick(wide, (*owner, "link", "bandwidth"), parse_bandwidth),
            None if lossy is None else bursts(book, (*lost_at, "loss"), lossy),
        )

    ordered = book.pick(spec.ordered, (*owner, "link", "ordered"), flag)
    return Link(side("up"), side("down"), ordered)


def bursts(book: Book, path: Path, spec: LossSpec) -> Bursts | None:
    """Lower loss that comes in bursts; None where each packet is lost for itself."""
    if spec.bursts is not None:
        rate, length = spec.bursts.rate, spec.bursts.length
        here = (*path, "bursts")
        if length < 1:
            raise book.error((*here, "length"), "a burst is at least one packet long", "write `length: 5`")
        r = 1.0 / length
        if rate >= 1 or r * rate / (1 - rate) > 1:
            most = f"{length / (length + 1):.3g}"
            raise book.error((*here, "rate"), f"bursts of {length:g} cannot make up so much", f"at most {most} is lost")
        return Bursts(r * rate / (1 - rate), r)
    shape = spec.gilbert_elliott
    if shape is None:
        return None
    if shape.p + shape.r == 0:
        raise book.error((*path, "gilbert_elliott", "p"), "the state never changes", "give the loss as one number")
    good = 0.0 if shape.good is None else shape.good
    return Bursts(shape.p, shape.r, good, 1.0 if shape.bad is None else shape.bad)


def connection(book: Book, owner: Path, spec: ConnectionSpec | None) -> Connection:
    """Lower a connection."""
    spec = spec or ConnectionSpec()
    path = (*owner, "connection")
    heartbeat = book.pick(spec.heartbeat, (*path, "heartbeat"), parse_duration)
    trips = book.pick(spec.round_trips, (*path, "round_trips"), parse_count)
    if trips > _TRIPS_MAX:
        raise book.error((*path, "round_trips"), f"more than {_TRIPS_MAX} round trips", "AMQP over TLS needs 7")
    again = spec.reconnect
    if again is None or again.exponential is None:
        constant_ns = None if again is None else again.constant
        return Connection(heartbeat, book.pick(constant_ns, (*path, "reconnect"), parse_duration), None, trips)
    backoff = _growing(book, (*path, "reconnect", "exponential"), again.exponential)
    return Connection(heartbeat, backoff.first_ns, backoff, trips)


def _growing(book: Book, here: Path, grow: GrowingPauseSpec) -> Backoff:
    """Lower pauses that grow."""
    factor = book.pick(grow.factor, (*here, "factor"), parse_number)
    longest = book.pick(grow.max, (*here, "max"), parse_duration)
    if factor < 1:
        raise book.error((*here, "factor"), "the factor is less than 1, so pauses would shrink", "write `factor: 2`")
    if grow.max is not None and grow.max < grow.first:
        raise book.error((*here, "max"), "`max` is less than `first`", "raise it")
    jitter: Jitter = book.pick(grow.jitter, (*here, "jitter"), word)
    return Backoff(grow.first, factor, max(longest, grow.first), jitter)


def keys(spec: KeySpec) -> Keys:
    """Lower message keys."""
    if spec.sequence is not None:
        return Keys("sequence", spec.sequence.keys)
    if spec.uniform is not None:
        return Keys("uniform", spec.uniform.keys)
    if spec.zipf is not None:
        return Keys("zipf", spec.zipf.keys, spec.zipf.s)
    return Keys()


def retry(book: Book, owner: Path, spec: RetrySpec | bool | None) -> Retry:
    """Lower what a producer does after a failure."""
    none = Backoff(0, 1.0, 0, "none")
    if spec is False:
        return Retry(1, none)
    given = spec if isinstance(spec, RetrySpec) else RetrySpec()
    path = (*owner, "retry")
    attempts = book.pick(given.attempts, (*path, "attempts"), parse_count)
    if attempts == 1:
        return Retry(1, none)
    pause = given.backoff
    if pause is None:
        pause = BackoffSpec.model_validate(read(book.text((*path, "backoff")), "default").data())
    if pause.none:
        return Retry(attempts, none)
    if pause.constant is not None:
        return Retry(attempts, Backoff(pause.constant, 1.0, pause.constant, "none"))
    grow = pause.exponential
    assert grow is not None
    here = (*path, "backoff", "exponential")
    return Retry(attempts, _growing(book, here, grow))
