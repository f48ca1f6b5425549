"""A film: everything that is drawn of a stretch of a run, as plain numbers and texts that a page can show by itself.

Times are ns from the start of the film. What stands where follows from the time alone, so a viewer can jump to any
moment and go backwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mqlab.measure.lag import lags
from mqlab.model import Model
from mqlab.plots.close_up import crash_window
from mqlab.plots.journey import BEFORE, NEVER, Journey, extract
from mqlab.plots.logs import has_logs
from mqlab.plots.look import span
from mqlab.plots.phrases import TROUBLE, phrase
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Trace

__all__ = ["EVENTS_MAX", "film"]

EVENTS_MAX: Final = 4000
"""More events than this are not shown in one film."""
_USUAL: Final = 600
_MEMBERS_MAX: Final = 12
"""A group with more members than this is drawn as one."""
_IN: Final = (Kind.ENQUEUED, Kind.REQUEUED, Kind.RECOVERED)


def film(trace: Trace, model: Model | None, start_ns: int | None = None, stop_ns: int | None = None) -> dict[str, Any]:
    """Make the film of a stretch of a run, by default around its first crash.

    Parameters
    ----------
    trace
        At level ``events``; otherwise the film is empty and says so.
    start_ns, stop_ns
        The stretch; cut after :data:`EVENTS_MAX` events.

    Returns
    -------
    dict
        ``title``, ``start_ns``, ``length_ns``, ``lanes`` (name, kind, column), ``moves`` (begin, end, from, to, what,
        message, how), ``depths`` (for each lane: [time, number] steps), ``work`` and ``down`` (begin, end, lane),
        ``log`` (time, text, trouble); lists and numbers only, ready for JSON.

    Examples
    --------
    >>> film(run.trace, run.model)["lanes"]  # doctest: +SKIP
    [{'name': 'tills[0]', 'kind': 'producer', 'column': 0}, ...]
    """
    if trace.events is None:
        return _empty(trace, "This run kept no events, so there is nothing to play.")
    if start_ns is None or stop_ns is None:
        usual = crash_window(trace, _USUAL)
        start_ns = usual[0] if start_ns is None else start_ns
        stop_ns = max(usual[1], start_ns + 1) if stop_ns is None else stop_ns
    rows = trace.events.between(start_ns, stop_ns)[:EVENTS_MAX]
    if len(rows) == 0:
        return _empty(trace, "Nothing happened in this stretch of time.")
    length = int(min(stop_ns, int(rows["time_ns"][-1]) + 1)) - start_ns
    journey = extract(trace, model, rows)
    stage = _Stage(trace, journey)
    return {
        "title": f"{trace.scenario}: {span(start_ns, 6)} to {span(start_ns + length, 6)}",
        "start_ns": int(start_ns),
        "length_ns": int(length),
        "lanes": stage.lanes,
        "moves": _moves(journey, stage, start_ns, length),
        "depths": (_behind if has_logs(trace) else _depths)(trace, stage, start_ns, rows),
        "work": _stretches(journey, stage, "work", start_ns, length),
        "down": _stretches(journey, stage, "down", start_ns, length),
        "log": [_line(trace, row, start_ns) for row in rows],
        "note": "",
    }


def _empty(trace: Trace, note: str) -> dict[str, Any]:
    lists: dict[str, Any] = {name: [] for name in ("lanes", "moves", "depths", "work", "down", "log")}
    return {"title": trace.scenario, "start_ns": 0, "length_ns": 0, "note": note, **lists}


class _Stage:
    """Who stands where: entities as lanes in three columns, large groups as one lane."""

    def __init__(self, trace: Trace, journey: Journey) -> None:
        columns = {"producer": 0, "node": 1, "queue": 1, "consumer": 2}
        crowds: dict[tuple[str, str], int] = {}
        for entity in trace.entities:
            crowds[entity.kind, entity.group] = crowds.get((entity.kind, entity.group), 0) + 1
        self.lanes: list[dict[str, Any]] = []
        self.place: dict[int, int] = {}
        known: dict[tuple[str, str], int] = {}
        for index, entity in enumerate(trace.entities):
            crowd = crowds[entity.kind, entity.group]
            many = crowd > _MEMBERS_MAX
            name = f"{entity.group} ({crowd})" if many else entity.name
            key = (entity.kind, name)
            if key not in known:
                known[key] = len(self.lanes)
                self.lanes.append({"name": name, "kind": entity.kind, "column": columns[entity.kind]})
            self.place[index] = known[key]


def _time(journey: Journey, row: int, start: int, length: int) -> int:
    if row == BEFORE:
        return 0
    return length if row == NEVER else int(journey.rows["time_ns"][row]) - start


def _moves(journey: Journey, stage: _Stage, start: int, length: int) -> list[list[Any]]:
    """List every packet under way: one that is lost dies halfway, after as long as others take."""
    times = [
        int(journey.rows["time_ns"][a.end] - journey.rows["time_ns"][a.start]) for a in journey.arrows if a.end >= 0
    ]
    usual = int(np.median(times)) if times else length // 50
    moves = []
    for arrow in journey.arrows:
        if arrow.from_lane < 0 or arrow.to_lane < 0:
            continue
        begin = _time(journey, arrow.start, start, length)
        end = _time(journey, arrow.end, start, length) if arrow.end >= 0 else begin + usual
        message = int(journey.rows["message"][arrow.start])
        source, target = stage.place[arrow.from_lane], stage.place[arrow.to_lane]
        moves.append([begin, max(end, begin + 1), source, target, arrow.direction.name.lower(), message, arrow.how])
    return sorted(moves, key=lambda move: move[0])


def _depths(trace: Trace, stage: _Stage, start: int, rows: NDArray[np.void]) -> list[list[list[int]]]:
    """Count what stands ready in each queue: [time, number] from the start on, a step where it changes."""
    assert trace.events is not None
    before = _last_places(trace, start)
    counts = [0] * len(stage.lanes)
    where: dict[tuple[int, int], int] = {}
    for (message, copy), queue in before.items():
        where[message, copy] = stage.place[queue]
        counts[stage.place[queue]] += 1
    steps = [[[0, count]] for count in counts]
    for row in rows:
        key, kind = (int(row["message"]), int(row["copy"])), int(row["kind"])
        if kind not in _IN and kind not in _OUT:
            continue
        lane = where.pop(key, None)
        if lane is not None:
            counts[lane] -= 1
        if kind in _IN:
            lane = stage.place[int(row["queue"])]
            where[key] = lane
            counts[lane] += 1
        if lane is not None:
            step, at = steps[lane], int(row["time_ns"]) - start
            if step[-1][0] == at:
                step[-1][1] = counts[lane]
            else:
                step.append([at, counts[lane]])
    return steps


def _behind(trace: Trace, stage: _Stage, start: int, rows: NDArray[np.void]) -> list[list[list[int]]]:
    """Count what each partition holds that the group which is furthest behind has still to poll: steps, as above."""
    times = np.unique(np.r_[start, rows["time_ns"]])
    depths = np.zeros((len(stage.lanes), len(times)), np.int64)
    for lag in lags(trace):
        lane = stage.place[lag.partition]
        depths[lane] = np.maximum(depths[lane], lag.at(times))
    steps = []
    for depth in depths:
        changes = np.r_[0, np.flatnonzero(depth[1:] != depth[:-1]) + 1]
        steps.append([[int(times[at]) - start, int(depth[at])] for at in changes])
    return steps


_STAYING = (
    Kind.WRITTEN, Kind.SYNCED, Kind.CONFIRM_SENT, Kind.CONFIRMED, Kind.TIMED_OUT, Kind.UNKNOWN, Kind.SENT,
    Kind.ARRIVED, Kind.BACKED_OFF, Kind.BUFFERED, Kind.PACKET_LOST, Kind.PACKET_DUPLICATED, Kind.STALE_PACKET,
)  # fmt: skip
_OUT: Final = frozenset(
    kind
    for kind in Kind
    if kind not in _IN and kind not in _STAYING and (Kind.ARRIVED <= kind < Kind.DELIVERED or kind.name in (
        "EXPIRED", "DEAD_LETTERED", "QUEUE_DELETED", "DELETED"))
)  # fmt: skip
"""What takes a copy out of its queue."""


def _last_places(trace: Trace, start: int) -> dict[tuple[int, int], int]:
    """Find the copies that stand in a queue when the film begins, by their last event there."""
    assert trace.events is not None
    end = int(np.searchsorted(trace.events.column("time_ns"), start))
    kinds = trace.events.column("kind")[:end]
    wanted = np.flatnonzero(np.isin(kinds, [*_IN, *_OUT]))
    if not len(wanted):
        return {}
    message = trace.events.column("message")[wanted].astype(np.int64)
    copy = trace.events.column("copy")[wanted].astype(np.int64)
    order = np.lexsort((wanted, copy, message))
    last = np.r_[(message[order][1:] != message[order][:-1]) | (copy[order][1:] != copy[order][:-1]), True]
    final = order[last]
    final = final[np.isin(kinds[wanted[final]], _IN)]
    queue = trace.events.column("queue")[wanted[final]]
    return {(int(m), int(c)): int(q) for m, c, q in zip(message[final], copy[final], queue, strict=True) if q >= 0}


def _stretches(journey: Journey, stage: _Stage, what: str, start: int, length: int) -> list[list[int]]:
    return sorted(
        [
            _time(journey, each.start, start, length),
            _time(journey, each.end, start, length),
            stage.place[each.lane],
            each.message,
        ]
        for each in journey.stretches
        if each.what == what and each.lane >= 0
    )


def _line(trace: Trace, row: np.void, start: int) -> list[Any]:
    """Say one event: when, what, and whether it is trouble."""
    actor, queue, message = int(row["actor"]), int(row["queue"]), int(row["message"])
    who = trace.entities[actor].name if actor >= 0 else ""
    places: Sequence[str] = [name for name in (who, trace.entities[queue].name if queue >= 0 else "") if name]
    subject = f"message {message}: " if message >= 0 else ""
    said = phrase(trace, row)
    where = f" ({', '.join(dict.fromkeys(places))})" if message >= 0 and places else ""
    return [int(row["time_ns"]) - start, f"{subject}{said}{where}", int(int(row["kind"]) in TROUBLE), message]
