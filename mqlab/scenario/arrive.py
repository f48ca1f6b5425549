"""When messages are created: the arrivals of a scenario → those of the model."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from mqlab.model import Arrivals, Phase, Recording, Step
from mqlab.model.shapes import ArrivalsKind
from mqlab.scenario import lower
from mqlab.scenario.defaults import Book, Path
from mqlab.scenario.groups import ProducerSpec
from mqlab.scenario.recording import read_recording
from mqlab.scenario.shapes import ArrivalsSpec, MmppSpec, StateSpec, TraceSpec

__all__ = ["arrivals"]

_RATE_MAX = 1e9
_STAYS_MAX = 1e7
"""Most changes of state in one run: each is looked at by every member of the group."""


def arrivals(book: Book, path: Path, spec: ProducerSpec, count: int, each: bool, duration_ns: int) -> Arrivals:
    """Lower arrivals; with ``each`` rates and numbers are those of one member and are multiplied here."""
    return _Lower(book, (*path, "arrivals", spec.arrivals.kind), count if each else 1, duration_ns).all(spec.arrivals)


class _Lower:
    """Lowers the arrivals of one group; it holds what all kinds need."""

    def __init__(self, book: Book, here: Path, times: int, duration_ns: int) -> None:
        self.book, self.here, self.times, self.duration_ns = book, here, times, duration_ns

    def all(self, spec: ArrivalsSpec) -> Arrivals:
        """Lower any kind."""
        if spec.by_hand or spec.processed_by is not None:
            return Arrivals("by_hand", stop_ns=self.duration_ns)
        base = self.limits(spec)
        if (p := spec.poisson or spec.constant) is not None:
            return replace(base, rate_per_s=self.rate(p.rate, "rate"))
        if (r := spec.ramp) is not None:
            start, end = self.rate(r.from_, "from"), self.rate(r.to, "to")
            return replace(base, rate_per_s=start, to_rate_per_s=end, over_ns=r.over)
        if spec.piecewise is not None:
            return replace(base, steps=self.steps(spec, base.stop_ns - base.start_ns))
        if (b := spec.burst) is not None:
            if (b.over or 0) > b.every:
                raise self.error("over", "a burst takes longer than the time to the next one", "lower it")
            return replace(base, every_ns=b.every, of=b.of * self.times, over_ns=b.over or 0)
        if spec.mmpp is not None:
            return replace(base, phases=self.phases(spec.mmpp, base.stop_ns - base.start_ns))
        if (h := spec.hawkes) is not None:
            if h.branching >= 1:
                what = "each message brings about one more or several, so there is no end to them"
                raise self.error("branching", what, "write a number below 1, such as 0.8")
            rate = self.rate(h.base, "base")
            self.rate(h.base / (1 - h.branching), "branching")
            return replace(base, rate_per_s=rate, branching=h.branching, decay_ns=h.decay)
        if spec.trace is not None:
            return replace(base, recording=self.recording(spec.trace, base))
        assert spec.closed is not None
        return replace(base, think=lower.distribution(self.book, (*self.here, "think"), spec.closed.think))

    def limits(self, spec: ArrivalsSpec) -> Arrivals:
        """Lower what all kinds have: start, stop, and a number of messages."""
        limits = getattr(spec, spec.kind)
        start, stop = limits.start or 0, limits.stop or self.duration_ns
        if stop > self.duration_ns:
            raise self.error("stop", "`stop` is after the end of `duration`", "lower it or leave it out")
        if start >= stop:
            where = "start" if limits.start else "stop"
            raise self.error(where, "there is no time between `start` and `stop`", "start earlier")
        most = -1 if limits.messages is None else limits.messages * self.times
        return Arrivals(cast(ArrivalsKind, spec.kind), start_ns=start, stop_ns=stop, messages_max=most)

    def steps(self, spec: ArrivalsSpec, span_ns: int) -> tuple[Step, ...]:
        """Lower the steps of a piecewise constant rate."""
        assert spec.piecewise is not None
        steps: list[Step] = []
        for i, step in enumerate(spec.piecewise.steps):
            where = ("steps", i, "from")
            if steps and step.from_ <= steps[-1].from_ns:
                raise self.error(where, "a step begins no later than the one before it", "put the steps in order")
            if step.from_ >= span_ns:
                raise self.error(where, "a step begins when arrivals are over", "leave it out, or let them go on")
            steps.append(Step(step.from_, self.rate(step.rate, "steps", i, "rate")))
        if not any(step.rate_per_s for step in steps):
            raise self.error(("steps",), "no step has a rate above 0", "add for instance `- {from: 0 s, rate: 100/s}`")
        return tuple(steps)

    def phases(self, spec: MmppSpec, span_ns: int) -> tuple[Phase, ...]:
        """Lower the states of a Markov chain."""
        states = spec.states
        if len(states) < 2:
            raise self.error(("states",), "there are fewer than two states", "add another, or use `poisson`")
        following = [self.following(i, state, len(states)) for i, state in enumerate(states)]
        self.check_reach(following)
        if not any(state.rate for state in states):
            raise self.error(("states",), "no state has a rate above 0", "give one of them a rate such as 100/s")
        for i, state in enumerate(states):
            if span_ns / state.stay > _STAYS_MAX:
                what = "a state that lasts so short would be entered more than ten million times"
                raise self.error(("states", i, "stay"), what, "write for instance `stay: 1 s`")
        rates = [self.rate(state.rate, "states", i, "rate") for i, state in enumerate(states)]
        return tuple(
            Phase(rate, state.stay, chances) for rate, state, chances in zip(rates, states, following, strict=True)
        )

    def following(self, i: int, state: StateSpec, n: int) -> tuple[float, ...]:
        """Lower the weights of what comes after a state; by default the next one, and after the last the first."""
        if state.next is None:
            return tuple(float(j == (i + 1) % n) for j in range(n))
        where = ("states", i, "next")
        if len(state.next) != n:
            raise self.error(where, f"there are {n} states and {len(state.next)} weights", "give one for each state")
        if state.next[i] > 0:
            raise self.error((*where, i), "a state does not follow itself", "write 0 here and a longer `stay`")
        whole = sum(state.next)
        if whole == 0:
            raise self.error(where, "nothing can follow this state", "give another state a weight above 0")
        return tuple(weight / whole for weight in state.next)

    def check_reach(self, following: list[tuple[float, ...]]) -> None:
        """Refuse states that are never come to, or never left for all others: there is no long run."""
        n = len(following)
        for begin in range(n):
            seen, ahead = {begin}, [begin]
            while ahead:
                fresh = [j for j, chance in enumerate(following[ahead.pop()]) if chance > 0 and j not in seen]
                seen.update(fresh)
                ahead.extend(fresh)
            if len(seen) < n:
                missed = min(set(range(n)) - seen)
                what = f"state {begin + 1} never leads to state {missed + 1}"
                raise self.error(("states", begin, "next"), what, "let every state lead to every other in the end")

    def recording(self, spec: TraceSpec, base: Arrivals) -> Recording:
        """Read what was recorded."""
        if self.times > 1:
            what = "`each` multiplies rates, and a recording has none"
            raise self.book.error((*self.here[:2], "each"), what, "leave it out: the members take turns", key=True)
        recording = read_recording(self.book, (*self.here, "file"), spec.file, spec.speed or 1.0)
        if recording.times_ns[0] >= base.stop_ns - base.start_ns:
            what = "the recording begins when arrivals are over"
            raise self.error("file", what, "lengthen `duration`, or raise `speed`")
        return recording

    def rate(self, per_s: float, *where: str | int) -> float:
        """Multiply a rate, and refuse what is beyond all measure."""
        if per_s * self.times > _RATE_MAX:
            what = "the group sends more than 1e9 messages a second"
            raise self.book.error((*self.here, *where), what, "lower the rate or the count")
        return per_s * self.times

    def error(self, where: str | tuple[str | int, ...], what: str, mend: str) -> Exception:
        """Make an error that stands at a field of the arrivals."""
        path = (where,) if isinstance(where, str) else where
        return self.book.error((*self.here, *path), what, mend)
