"""Consumer groups of a log, scenario → model: what they read, how they poll, commit and rebalance.

What Kafka would refuse is refused in its words: a session outside of the broker's limits
(InvalidSessionTimeoutException), a heartbeat that is no shorter (AbstractCoordinator), an assignor that is not there
(ConfigException), and librdkafka's demand that a member may go without polling for as long as its session.
"""

from __future__ import annotations

from typing import Final, NoReturn

from mqlab.errors import did_you_mean
from mqlab.model import Model, Polling, Scale, Seek
from mqlab.scenario.defaults import Book, Path, flag, word
from mqlab.scenario.groups import ConsumerSpec
from mqlab.scenario.logs import ClusterSpec
from mqlab.scenario.spec import ScenarioSpec
from mqlab.units import format_count, format_duration, parse_count, parse_duration, parse_size

__all__ = ["check_groups", "polling_of", "scale_of"]

POLL_MAX: Final = 10_000
GROUPS_MAX: Final = 16
"""Most groups of one topic: each keeps something for each record."""
MEMBERS_MAX: Final = 1000
_ENDS: Final = {"beginning": -1, "end": -2}
ASSIGNORS: Final = ("range", "roundrobin", "sticky", "cooperative-sticky")


def polling_of(
    book: Book, scenario: ScenarioSpec, path: Path, spec: ConsumerSpec, topics: tuple[str, ...], machine: str
) -> Polling:
    """Resolve how a group polls, commits and stays together."""
    polls = book.pick(spec.max_poll, (*path, "max_poll"), parse_count)
    if polls > POLL_MAX:
        raise book.error((*path, "max_poll"), f"more than {format_count(POLL_MAX)} records a poll", "lower it")
    session = book.pick(spec.session, (*path, "session"), parse_duration)
    heartbeat = book.pick(spec.heartbeat, (*path, "heartbeat"), parse_duration)
    limit = book.pick(spec.poll_limit, (*path, "poll_limit"), parse_duration)
    _check_times(book, scenario, path, spec, (session, heartbeat, limit))
    assignor = book.pick(spec.assignor, (*path, "assignor"), word)
    if assignor not in ASSIGNORS:
        what = f"Invalid value {assignor[:60]} for configuration partition.assignment.strategy: it could not be found"
        raise book.error((*path, "assignor"), what, did_you_mean(assignor, ASSIGNORS, "there are"))
    return Polling(
        book.pick(spec.commit, (*path, "commit"), word),
        max(1, book.pick(spec.commit_interval, (*path, "commit_interval"), parse_duration)),
        polls,
        book.pick(spec.fetch_max, (*path, "fetch_max"), parse_size),
        machine=machine,
        isolation=book.pick(spec.isolation, (*path, "isolation"), word),
        topics=topics,
        assignor=assignor,
        reset=book.pick(spec.reset, (*path, "reset"), word),
        session_ns=session,
        heartbeat_ns=heartbeat,
        poll_limit_ns=limit,
        static=book.pick(spec.static, (*path, "static"), flag),
        fetch_min_bytes=book.pick(spec.fetch_min, (*path, "fetch_min"), parse_size),
        fetch_wait_ns=book.pick(spec.fetch_wait, (*path, "fetch_wait"), parse_duration),
        seeks=_seeks(book, scenario, path, spec),
    )


def _check_times(
    book: Book, scenario: ScenarioSpec, path: Path, spec: ConsumerSpec, times: tuple[int, int, int]
) -> None:
    session, heartbeat, limit = times
    given = scenario.cluster or ClusterSpec()
    least = book.pick(given.group_session_min, ("cluster", "group_session_min"), parse_duration)
    most = book.pick(given.group_session_max, ("cluster", "group_session_max"), parse_duration)

    def refuse(what: str, mend: str, *fields: str) -> NoReturn:
        """Point at the first of these fields that is written."""
        written = next((name for name in fields if getattr(spec, name) is not None), None)
        raise book.error((*path, written) if written else path, what, mend, key=written is None)

    if not least <= session <= most:
        what = (
            "The session timeout is not within the range allowed by the broker (as configured by "
            "group.min.session.timeout.ms and group.max.session.timeout.ms)"
        )
        allowed = f"write {format_duration(least, digits=None)} to {format_duration(most, digits=None)}"
        refuse(what, f"{allowed}, or change `cluster.group_session_min`", "session")
    if heartbeat >= session:
        refuse("Heartbeat must be set lower than the session timeout", "lower `heartbeat`", "heartbeat", "session")
    if limit < session:
        what = "`max.poll.interval.ms` must be >= `session.timeout.ms`"
        refuse(what, "raise `poll_limit`, or lower `session`", "poll_limit", "session")


def _seeks(book: Book, scenario: ScenarioSpec, path: Path, spec: ConsumerSpec) -> tuple[Seek, ...]:
    end = scenario.duration + book.pick(scenario.drain, ("drain",), parse_duration)
    found = []
    for i, written in enumerate(spec.seek or ()):
        if written.at >= end:
            what = f"the seek comes after the end of the run ({format_duration(end, digits=None)})"
            raise book.error((*path, "seek", i, "at"), what, "let it come earlier")
        found.append(Seek(written.at, _ENDS.get(str(written.to), written.to if isinstance(written.to, int) else 0)))
    return tuple(found)


def scale_of(book: Book, scenario: ScenarioSpec, path: Path, spec: ConsumerSpec, count: int) -> tuple[Scale, ...]:
    """Resolve when members come and go; with ``start`` there is nobody before, and no offset."""
    end = scenario.duration + book.pick(scenario.drain, ("drain",), parse_duration)
    start = spec.start or 0
    if start >= end:
        what = f"the group starts after the end of the run ({format_duration(end, digits=None)})"
        raise book.error((*path, "start"), what, "let it start earlier")
    steps = [Scale(0, count)] if start == 0 else [Scale(0, 0), Scale(start, count)]
    for i, written in enumerate(spec.scale or ()):
        where = (*path, "scale", i, "at")
        if written.at <= steps[-1].at_ns:
            first = "the group starts later" if start else "a group begins with `count` members"
            what = "the steps are not in order of time" if i else first
            raise book.error(where, what, "let each step come later than the one before")
        if written.at >= end:
            what = f"the step comes after the end of the run ({format_duration(end, digits=None)})"
            raise book.error(where, what, "let it come earlier")
        steps.append(Scale(written.at, written.count, written.how or word(book.text((*path, "scale", "how")))))
    return tuple(steps) if len(steps) > 1 else ()


def check_groups(book: Book, model: Model) -> None:
    """Refuse more groups or members than the simulation has room for."""
    reading: dict[str, int] = {}
    for group in model.consumers:
        if group.count > MEMBERS_MAX:
            what = f"a group of {format_count(group.count)} members is too large"
            raise book.error(("consumers", group.name), what, f"use at most {MEMBERS_MAX}", key=True)
        for topic in group.topics:
            reading[topic] = reading.get(topic, 0) + 1
            if reading[topic] > GROUPS_MAX:
                what = f"more than {GROUPS_MAX} groups read `{topic}`"
                raise book.error(("consumers", group.name), what, "use fewer", key=True)
