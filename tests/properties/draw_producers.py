"""Random arrivals with a file of their own, sizes, routing keys by business key, buffers that end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from mqlab.model import (
    Arrivals,
    Buffer,
    Distribution,
    Keys,
    Model,
    Phase,
    ProducerGroup,
    Recording,
    Step,
)

MS = 1_000_000
MESSAGES_MAX = 250


def arrivals(draw: Any, old: Arrivals, duration_ns: int) -> Arrivals:
    """Arrivals of another kind, with the limits of the old ones."""
    most = min(old.messages_max, MESSAGES_MAX) if old.messages_max >= 0 else MESSAGES_MAX
    new = Arrivals("poisson", start_ns=old.start_ns, stop_ns=old.stop_ns, messages_max=most)
    rate, span = 1e9 * MESSAGES_MAX / duration_ns, duration_ns
    match draw(st.sampled_from(["piecewise", "burst", "mmpp", "hawkes", "trace"])):
        case "piecewise":
            times = sorted(draw(st.sets(st.integers(0, span - 1), min_size=1, max_size=5)))
            rates = [draw(st.sampled_from([0.0, rate / 4, rate * 2])) for _ in times]
            steps = tuple(Step(time, per_s) for time, per_s in zip(times, rates, strict=True))
            return replace(new, kind="piecewise", steps=steps)
        case "burst":
            every = draw(st.integers(span // 20, span))
            return replace(new, kind="burst", every_ns=every, of=draw(st.integers(1, 90)),
                           over_ns=draw(st.sampled_from([0, every // 3])))  # fmt: skip
        case "mmpp":
            ring = draw(st.integers(2, 4))
            phases = [Phase(draw(st.sampled_from([0.0, rate / 5, rate * 3])), draw(st.integers(100_000, span)),
                            tuple(float(j == (i + 1) % ring) for j in range(ring))) for i in range(ring)]  # fmt: skip
            return replace(new, kind="mmpp", phases=tuple(phases))
        case "hawkes":
            return replace(new, kind="hawkes", rate_per_s=rate / 5, branching=draw(st.sampled_from([0.0, 0.5, 0.9])),
                           decay_ns=draw(st.sampled_from([100_000, 10 * MS])))  # fmt: skip
    times = sorted(draw(st.lists(st.integers(0, span), min_size=1, max_size=60)))
    sizes = draw(st.sampled_from([(), tuple(range(1, len(times) + 1))]))
    keys = draw(st.sampled_from([(), tuple(i % 3 for i in range(len(times)))]))
    return replace(new, kind="trace", recording=Recording(tuple(times), keys, sizes))


def enrich(draw: Any, model: Model) -> Model:
    """Let some producer groups be more than plain."""
    return replace(model, producers=tuple(one(draw, model, group) for group in model.producers))


def one(draw: Any, model: Model, group: ProducerGroup) -> ProducerGroup:
    """Make one group more than plain, in some respects."""
    message, where = group.message, group.destination
    if draw(st.booleans()) and group.arrivals.kind != "by_hand":
        made = arrivals(draw, group.arrivals, model.duration_ns)
        group = replace(group, arrivals=made)
        if made.recording and made.recording.keys:
            message = replace(message, keys=Keys("recorded", 3))
    if draw(st.booleans()):
        shape = draw(st.sampled_from([Distribution("exponential", (900.0,)), Distribution("lognormal", (500.0, 2.0))]))
        message = replace(message, sizes=shape)
    if draw(st.booleans()) and not where.by_key:
        if message.keys.kind != "recorded":
            message = replace(message, keys=Keys("uniform", len(where.routing_keys)))
        ways = [where.routing_keys[k % len(where.routing_keys)] for k in range(message.keys.keys)]
        whole = sum(weight for _, weight in ways)
        where = replace(where, routing_keys=tuple((key, weight / whole) for key, weight in ways), by_key=True,
                        headers=where.headers[:1])  # fmt: skip
    ways_out = st.sampled_from(["block", "drop-newest", "drop-oldest", "fail"])
    buffer = draw(st.one_of(st.none(), st.builds(Buffer, st.sampled_from([0, 1, 10]), ways_out)))
    return replace(group, message=message, destination=where, buffer=buffer)
