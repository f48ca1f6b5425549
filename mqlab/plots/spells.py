"""When something was wrong: faults and alarms as stretches of time, and how they are drawn on a time axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from mqlab.model import Fault, Model
from mqlab.plots.look import GREY, INK, ORANGE, PURPLE, RED, SKY, span, span_range, thousands
from mqlab.policies.schedule import schedule
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Trace

__all__ = ["Spell", "lane", "shade", "spells", "time_axis", "time_unit"]

SPELLS_MAX = 40
"""More faults than this make a picture unreadable; the first ones are drawn."""

_WORDS = {
    "crash": "crash", "power_loss": "power cut", "reset": "connections reset", "silence": "silence",
    "disk_full": "disk full", "split": "cut off",
    "partition": "partition", "slow": "slow", "pause": "stands still", "clock": "clock",
    "memory_alarm": "memory alarm", "disk_alarm": "disk alarm",
}  # fmt: skip
_COLOURS = {
    "crash": RED, "power_loss": PURPLE, "reset": ORANGE, "silence": SKY,
    "partition": SKY, "slow": ORANGE, "pause": PURPLE, "clock": GREY, "disk_full": ORANGE, "split": SKY,
    "memory_alarm": ORANGE, "disk_alarm": PURPLE,
}  # fmt: skip
_ENDS = {
    Kind.NODE_CRASHED: Kind.NODE_RESTARTED, Kind.SILENCE_BEGAN: Kind.SILENCE_ENDED,
    Kind.PARTITION_BEGAN: Kind.PARTITION_ENDED, Kind.SLOWED: Kind.SLOW_ENDED, Kind.PAUSED: Kind.RESUMED,
    Kind.SPLIT_BEGAN: Kind.SPLIT_ENDED,
}  # fmt: skip
_ALARMS = {Kind.ALARM_RAISED: Kind.ALARM_CLEARED}
_WHICH = {
    Kind.SILENCE_BEGAN: "silence", Kind.PARTITION_BEGAN: "partition", Kind.SLOWED: "slow", Kind.PAUSED: "pause",
    Kind.SPLIT_BEGAN: "split",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spell:
    """A fault from ``start_ns`` to ``stop_ns`` (equal: a moment)."""

    name: str
    kind: str
    start_ns: int
    stop_ns: int

    @property
    def colour(self) -> str:
        """The colour of its kind."""
        return _COLOURS.get(self.kind, RED)


def spells(trace: Trace, model: Model | None = None) -> tuple[Spell, ...]:
    """Faults in order of time: the model's if there is one, else what the events show; alarms, if events tell."""
    alarms = _from_events(trace, _ALARMS)
    if model is None:
        return _in_order([*_from_events(trace, _ENDS), *alarms])
    found = []
    for fault in schedule(model, trace.seed):
        stop = trace.duration_ns if fault.for_ns < 0 else min(fault.at_ns + fault.for_ns, trace.duration_ns)
        found.append(
            Spell(f"{fault.target}: {_told(fault)}", fault.kind, fault.at_ns, max(fault.at_ns, stop))
        )
    return _in_order([*found, *alarms])


def _in_order(found: list[Spell]) -> tuple[Spell, ...]:
    return tuple(sorted(found, key=lambda spell: spell.start_ns)[:SPELLS_MAX])


def _told(fault: Fault) -> str:
    """Say what is wrong, with its size or direction."""
    words = _WORDS[fault.kind]
    if fault.kind == "slow":
        return f"{fault.factor:g} × {words}"
    if fault.kind == "clock":
        return f"{words} {span(abs(fault.by_ns))} {'ahead' if fault.by_ns > 0 else 'behind'}"
    return {"up": "not heard", "down": "hears nothing"}.get(fault.direction, words)


def _from_events(trace: Trace, ends: dict[Kind, Kind]) -> list[Spell]:
    """Pair beginnings with ends, one node at a time; of alarms, a node may have two at once."""
    if trace.events is None:
        return []
    kinds = trace.events.column("kind")
    rows = np.flatnonzero(np.isin(kinds, [*ends, *ends.values()]))
    times, actors, causes = (trace.events.column(name)[rows] for name in ("time_ns", "actor", "cause"))
    found, open_ones = [], {}
    for kind, time, actor, cause in zip(
        kinds[rows].tolist(), times.tolist(), actors.tolist(), causes.tolist(), strict=True
    ):
        which = cause if ends is _ALARMS else 0
        if kind in ends:
            open_ones[actor, int(ends[Kind(kind)]), which] = (time, kind, cause)
        elif (begun := open_ones.pop((actor, kind, which), None)) is not None:
            found.append(_spell(trace, actor, *begun, time))
    return found + [_spell(trace, actor, *begun, trace.duration_ns) for (actor, *_), begun in open_ones.items()]


def _spell(trace: Trace, actor: int, start: int, kind: int, cause: int, stop: int) -> Spell:
    """Name what the events from ``start`` to ``stop`` show."""
    if kind == Kind.ALARM_RAISED:
        which = ("memory_alarm", "disk_alarm")[cause]
    else:
        which = _WHICH.get(Kind(kind), "power_loss" if cause == 1 else "crash")
    who = trace.entities[actor].name if actor >= 0 else "everything"
    return Spell(f"{who}: {_WORDS[which]}", which, start, stop)


def time_unit(end_ns: float) -> tuple[float, str]:
    """Nanoseconds per unit, and the unit, for an axis from 0 to ``end_ns``."""
    return next(
        ((size, unit) for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")) if end_ns >= 2 * size),
        (1.0, "ns"),
    )


def time_axis(axes: Axes, end_ns: float, *, label: bool, start_ns: float = 0.0) -> None:
    """Put virtual time on the x axis (data in ns)."""
    size, unit = time_unit(end_ns - start_ns)
    axes.set_xlim(start_ns, max(end_ns, start_ns + 1))
    axes.xaxis.set_major_locator(MaxNLocator(10, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: thousands(round(value / size, 6))))
    if label:
        axes.set_xlabel(f"virtual time, {unit}")
    else:
        axes.tick_params(labelbottom=False)


def shade(panels: Sequence[Axes], trace: Trace, faults: Sequence[Spell]) -> None:
    """Shade faults and mark warm-up and the producers' stop on every panel."""
    for axes in panels:
        for spell in faults:
            if spell.stop_ns > spell.start_ns:
                axes.axvspan(spell.start_ns, spell.stop_ns, color=spell.colour, alpha=0.16, lw=0, zorder=0)
            axes.axvline(spell.start_ns, color=spell.colour, lw=1.0, zorder=0.5)
        if trace.warmup_ns > 0:
            axes.axvspan(
                0, trace.warmup_ns, facecolor="#f3f3f3", edgecolor="#d5d5d5", hatch="///", lw=0, zorder=0
            )
        if 0 < trace.producing_ns < trace.duration_ns:
            axes.axvline(trace.producing_ns, color=INK, lw=1.0, ls=(0, (4, 3)), zorder=0.5)


def lane(
    figure: Figure, box: tuple[float, float, float, float], trace: Trace, faults: Sequence[Spell]
) -> Axes:
    """Name what :func:`shade` shades, in a strip above the panels; names that would touch go one line up."""
    axes = figure.add_axes(box)
    axes.set_axis_off()
    end = max(trace.duration_ns, 1)
    height = box[3] * figure.get_figheight() * 72
    width = box[2] * figure.get_figwidth() * 72
    axes.set_xlim(0, end)
    axes.set_ylim(0, height)
    labels = [
        (f"{s.name}, {span_range(s.start_ns, s.stop_ns)}", (s.start_ns + s.stop_ns) / 2, s.colour)
        for s in faults
    ]
    if 0 < trace.producing_ns < end:
        labels.append((f"producers stop, {span(trace.producing_ns)}", trace.producing_ns, INK))
    if trace.warmup_ns > 0:
        labels.append((f"warm-up, {span(trace.warmup_ns)}", trace.warmup_ns / 2, GREY))
    taken: list[list[tuple[float, float]]] = [[] for _ in range(max(1, int(height // 13)))]
    for text, time, colour in sorted(labels, key=lambda label: label[1]):
        half = len(text) * 5.6 / width * end / 2
        middle = min(max(time, half), end - half) if 2 * half < end else end / 2
        for line, others in enumerate(taken):
            if all(middle + half < low or middle - half > high for low, high in others):
                others.append((middle - half, middle + half))
                axes.plot([time, time], [0, line * 13 + 2], color=colour, lw=1.0, clip_on=False)
                axes.text(middle, line * 13 + 3, text, size=9.5, ha="center", va="bottom", color=INK)
                break
    return axes
