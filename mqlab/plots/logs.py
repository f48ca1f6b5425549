"""A replicated log over time: who leads each partition, who is in sync, and how far consumer groups are behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from mqlab.measure.lag import Lag, lags
from mqlab.model import Model
from mqlab.plots.look import (
    BLUE,
    DOWN,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    Sheet,
    heading,
    many,
    note,
    sheet,
    span,
    styled,
    thousands,
)
from mqlab.plots.spells import shade, spells, time_axis
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import EVENT, Trace

__all__ = ["Band", "bands", "has_logs", "logs", "logs_caption"]

TITLE = "Who leads, who is in sync, who is behind"
PARTITIONS_MAX = 8
"""More than this are not drawn: those with the most elections and changes come first."""
_POINTS_MAX = 1500
_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, RED, SKY, "#7a5c00", "#444444")
_KINDS = (
    Kind.APPENDED, Kind.REPLICATED, Kind.LEADER_ELECTED, Kind.LEADER_LOST, Kind.IN_SYNC, Kind.NODE_CRASHED,
    Kind.NODE_RESTARTED,
)  # fmt: skip


def has_logs(trace: Trace) -> bool:
    """Tell whether a run has logs: records that joined a batch."""
    return trace.counters.events_by_kind.get("collected", 0) > 0


@dataclass(frozen=True, slots=True)
class Band:
    """What a replica was for a while: ``leads``, ``in sync``, ``behind`` or ``down``."""

    partition: int
    node: int
    what: str
    start_ns: int
    stop_ns: int
    clean: bool = True
    """False: it leads although it was not in sync when it was elected."""


def bands(trace: Trace) -> tuple[Band, ...]:
    """Read from the events what each replica of each partition was over time; all are in sync at the beginning."""
    assert trace.events is not None
    kind = trace.events.column("kind")
    keep = np.flatnonzero(np.isin(kind, _KINDS))
    rows = np.zeros(len(keep), EVENT)
    for name in ("time_ns", "kind", "queue", "actor", "cause"):
        rows[name] = trace.events.column(name)[keep]
    return tuple(band for partition in _partitions(rows) for band in _bands_of(trace, rows, partition))


def _partitions(rows: np.ndarray) -> list[int]:
    """List partitions with a leader."""
    return [int(p) for p in np.unique(rows["queue"][np.isin(rows["kind"], (Kind.APPENDED, Kind.LEADER_ELECTED))])]


def _bands_of(trace: Trace, rows: np.ndarray, partition: int) -> list[Band]:
    mine = rows[(rows["queue"] == partition)]
    nodes = sorted({actor for actor in mine["actor"].tolist() if trace.entities[actor].kind == "node"})
    elected = mine[np.isin(mine["kind"], (Kind.APPENDED, Kind.LEADER_LOST, Kind.LEADER_ELECTED))]
    leader = int(elected[0]["actor"]) if len(elected) and elected[0]["kind"] != Kind.LEADER_ELECTED else -1
    changes = rows[
        ((rows["queue"] == partition) & np.isin(rows["kind"], (Kind.LEADER_ELECTED, Kind.LEADER_LOST, Kind.IN_SYNC)))
        | (np.isin(rows["kind"], (Kind.NODE_CRASHED, Kind.NODE_RESTARTED)) & np.isin(rows["actor"], nodes))
    ]
    in_sync, up, clean = set(nodes), set(nodes), True
    since = dict.fromkeys(nodes, 0)
    was: dict[int, tuple[str, bool]] = {}
    found = []

    def now(node: int) -> tuple[str, bool]:
        if node not in up:
            return "down", True
        if node == leader:
            return "leads", clean
        return ("in sync" if node in in_sync else "behind"), True

    was = {node: now(node) for node in nodes}
    for row in changes:
        actor, what, time = int(row["actor"]), row["kind"], int(row["time_ns"])
        if what == Kind.LEADER_ELECTED:
            leader, clean = actor, row["cause"] == 0
        elif what == Kind.LEADER_LOST:
            leader = -1
        elif what == Kind.IN_SYNC:
            (in_sync.discard if row["cause"] else in_sync.add)(actor)
        elif what == Kind.NODE_CRASHED:
            up.discard(actor)
        else:
            up.add(actor)
        for node in nodes:
            if now(node) != was[node]:
                found.append(Band(partition, node, was[node][0], since[node], time, was[node][1]))
                was[node], since[node] = now(node), time
    found += [Band(partition, node, was[node][0], since[node], trace.duration_ns, was[node][1]) for node in nodes]
    return [band for band in found if band.stop_ns > band.start_ns]


_LOOKS = {"leads": (BLUE, 0.95), "in sync": (SKY, 0.5), "behind": ("#ffffff", 1.0), "down": (DOWN, 1.0)}


@styled
def logs(trace: Trace, model: Model | None = None) -> Sheet:
    """Draw a band for each replica, and the lag of each consumer group.

    Parameters
    ----------
    trace
        Needs events; at other levels the figure says so.
    model
        Names the faults.

    Examples
    --------
    >>> logs(trace, model).savefig("logs.svg")  # doctest: +SKIP
    """
    subtitle = f"{trace.scenario} on {trace.system}"
    if trace.events is None:
        return note(TITLE, f"This run kept {trace.level} only. To see leaders and lag, run it with\n--trace events",
                    subtitle)  # fmt: skip
    if not has_logs(trace):
        return note(TITLE, "There is no log in this run: nobody leads a partition, and nobody is in sync.", subtitle)
    every = bands(trace)
    shown = _worth_most(every)
    lines = [(partition, node) for partition in shown for node in _nodes(every, partition)]
    height = 0.2 * len(lines) + 0.12 * len(shown)
    figure = sheet(8, height + 3.6)
    left_out = len({band.partition for band in every}) - len(shown)
    more = f"; {many(left_out, 'more partition')} not shown" if left_out else ""
    heading(figure, TITLE, f"{subtitle}{more}")
    total = height + 3.6
    left = 0.03 + 0.0115 * max(8, *(len(_name(trace, *line)) for line in lines))
    replicas = figure.add_axes((left, 2.65 / total, 0.985 - left, height / total))
    behind = figure.add_axes((left, 0.85 / total, 0.985 - left, 1.55 / total))
    faults = spells(trace, model)
    shade((behind,), trace, faults)
    unclean = _draw_bands(replicas, trace, every, lines)
    time_axis(replicas, trace.duration_ns, label=False)
    _draw_lags(behind, trace, lags(trace))
    time_axis(behind, trace.duration_ns, label=True)
    _legend(figure, every, unclean)
    return figure


def _nodes(every: Sequence[Band], partition: int) -> list[int]:
    return sorted({band.node for band in every if band.partition == partition})


def _worth_most(every: Sequence[Band]) -> list[int]:
    """Choose partitions: those where most happened, in their order."""
    happened: dict[int, int] = {}
    for band in every:
        happened[band.partition] = happened.get(band.partition, 0) + 1
    first = sorted(happened, key=lambda partition: (-happened[partition], partition))[:PARTITIONS_MAX]
    return sorted(first)


def _name(trace: Trace, partition: int, node: int) -> str:
    return f"{trace.entities[partition].name}  {trace.entities[node].name}"


def _draw_bands(axes: Axes, trace: Trace, every: Sequence[Band], lines: Sequence[tuple[int, int]]) -> bool:
    """Draw one line a replica, those of a partition close together; tell whether anybody led who was not in sync."""
    spots, y, before = {}, 0.0, lines[0][0] if lines else -1
    for line in lines:
        y += 0.6 if line[0] != before else 0.0
        spots[line], before = y, line[0]
        y += 1.0
    unclean = False
    for band in every:
        spot = spots.get((band.partition, band.node))
        if spot is None:
            continue
        colour, alpha = _LOOKS[band.what]
        dirty = band.what == "leads" and not band.clean
        unclean |= dirty
        axes.broken_barh(
            [(band.start_ns, band.stop_ns - band.start_ns)], (spot - 0.42, 0.84), facecolors=colour, alpha=alpha,
            hatch="///" if band.what == "down" else None, edgecolor=RED if band.what == "down" else "none", lw=0,
        )  # fmt: skip
        if dirty:
            axes.plot([band.start_ns], [spot], marker="D", color="white", mec=RED, mew=1.6, ms=6, clip_on=False)
    axes.set_ylim(y - 0.4, -0.6)
    axes.set_yticks(list(spots.values()), [_name(trace, *line) for line in lines])
    axes.tick_params(axis="y", length=0, labelsize=9.5)
    axes.grid(visible=False, axis="y")
    return unclean


def _draw_lags(axes: Axes, trace: Trace, found: Sequence[Lag]) -> None:
    """Draw how many records each group has still to read, in all its partitions together and in the worst."""
    top = 1.0
    groups = list(dict.fromkeys(lag.group for lag in found))
    for colour, group in zip(_COLOURS, groups, strict=False):
        mine = [lag for lag in found if lag.group == group]
        worst = max(mine, key=lambda lag: float(lag.records.max(initial=0)))
        times = np.unique(np.concatenate([_thinned(lag) for lag in mine]))
        total = np.sum([lag.at(times) for lag in mine], axis=0)
        top = max(top, float(np.max(total, initial=0)))
        axes.step(times, total, where="post", color=colour, lw=1.6, label=group)
        if len(mine) > 1:
            label = f"{group}, only {trace.entities[worst.partition].name}"
            axes.step(times, worst.at(times), where="post", color=colour, lw=1.1, ls=(0, (3, 2)), label=label)
    axes.set_ylim(0, top * 1.25)
    axes.set_ylabel("records behind")
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_formatter(lambda value, _: thousands(value))
    if groups:
        axes.legend(loc="upper right", ncols=2, borderaxespad=0.1, handlelength=2.0)
    else:
        axes.text(0.5, 0.5, "nobody reads", transform=axes.transAxes, ha="center", color=GREY)


def _thinned(lag: Lag) -> np.ndarray:
    """Few moments that show the shape: of each of many stretches the one with the highest lag, and the last."""
    if len(lag.times_ns) <= _POINTS_MAX:
        return lag.times_ns
    parts = np.array_split(np.arange(len(lag.times_ns)), _POINTS_MAX // 2)
    kept = [place for part in parts for place in (part[np.argmax(lag.records[part])], part[-1])]
    few: np.ndarray = lag.times_ns[np.unique(kept)]
    return few


def _legend(figure: Sheet, every: Sequence[Band], unclean: bool) -> None:
    words = {"leads": "leads", "in sync": "in sync", "behind": "not in sync", "down": "down"}
    seen = {band.what for band in every}
    handles: list[Patch | Line2D] = [
        Patch(facecolor=_LOOKS[what][0], alpha=_LOOKS[what][1], label=word, ec=RED if what == "down" else GREY,
              lw=0.6 if what == "behind" else 0, hatch="///" if what == "down" else None)
        for what, word in words.items() if what in seen
    ]  # fmt: skip
    if unclean:
        handles.append(Line2D([], [], marker="D", color="white", mec=RED, mew=1.6, ls="none", label="unclean election"))
    figure.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.0, 0.0), ncols=5, fontsize=9.5, labelcolor=INK)


def logs_caption(trace: Trace, model: Model | None = None) -> str:
    """Say in words what the picture shows."""
    if trace.events is None:
        return "Leaders, replicas in sync and lag are read from the events of a run, which this one did not keep."
    if not has_logs(trace):
        return "This run has no log, so nobody leads, and nobody is in sync."
    every = bands(trace)
    words = ["A line is a replica: dark while it leads its partition, pale while it is in sync."]
    elected = [band for band in every if band.what == "leads" and band.start_ns > 0]
    if elected:
        dirty = sum(not band.clean for band in elected)
        told = f"Leaders were elected anew {many(len(elected), 'time')}"
        unclean = f", {dirty} of them unclean: the new leader was not in sync" if dirty else ""
        words.append(f"{told}, first at {span(min(band.start_ns for band in elected))}{unclean}.")
    else:
        words.append("Nobody was elected anew.")
    found = [lag for lag in lags(trace) if len(lag.records)]
    if found:
        worst = max(found, key=lambda lag: int(lag.records.max()))
        place = int(worst.records.argmax())
        words.append(
            f"Below, what each group has still to read: at most {int(worst.records[place]):,} records of "
            f"{trace.entities[worst.partition].name} ({worst.group}, at {span(int(worst.times_ns[place]))})."
        )
    return " ".join(words)
