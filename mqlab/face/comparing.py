"""Runs side by side: the figures of their summaries in one table, a column each."""

from __future__ import annotations

__all__ = ["SECTIONS", "Comparison", "Figure", "compare", "figures"]

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, Final

from mqlab.errors import BadInput, did_you_mean
from mqlab.face.card import flat_fates
from mqlab.units import format_count, format_duration, format_rate

if TYPE_CHECKING:
    from mqlab.face.runs import Run

SECTIONS: Final = {
    "messages": "count",
    "fates": "count",
    "anomalies": "count",
    "latency_ns": "ns",
    "stages": "ns",
    "throughput_per_s": "per_s",
}
"""What is put side by side, by its name in the summary, and the unit of its figures."""
_SPELL: Final[Mapping[str, Callable[[Any], str]]] = {
    "count": format_count,
    "ns": format_duration,
    "per_s": format_rate,
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of several runs; None where a run has no such thing."""

    section: str
    name: str
    unit: str
    """``count``, ``ns`` or ``per_s``."""
    values: tuple[float | None, ...]

    @property
    def occurs(self) -> bool:
        """Whether any run has something of it."""
        return any(self.values)

    @property
    def differs(self) -> bool:
        """Whether the runs disagree."""
        return len(set(self.values)) > 1

    @property
    def words(self) -> tuple[str, ...]:
        """The values as people read them."""
        return tuple("–" if value is None else _SPELL[self.unit](value) for value in self.values)


@dataclass(frozen=True)
class Comparison:
    """Several runs side by side. Made by :func:`compare`; shows itself as a table, in a notebook too."""

    names: tuple[str, ...]
    figures: tuple[Figure, ...]
    """All of them; the table leaves out what occurs in no run."""
    runs: Mapping[str, Run] = field(default_factory=dict, repr=False, compare=False)
    """What pictures are drawn from."""

    @property
    def shown(self) -> tuple[Figure, ...]:
        """The figures that the table shows."""
        return tuple(figure for figure in self.figures if figure.occurs)

    def plot(self, name: str = "latency_tails", **options: Any) -> Any:
        """Draw a picture of all of them: one of :data:`mqlab.plots.COMPARISONS`.

        Raises
        ------
        BadInput
            There is no such picture, or it has no room for so many runs.

        Examples
        --------
        >>> mqlab.compare({"before": before, "after": after}).plot("latency_tails")  # doctest: +SKIP
        """
        from mqlab.plots import draw_side_by_side

        return draw_side_by_side(name, {each: run.trace for each, run in self.runs.items()}, **options)

    def __str__(self) -> str:
        rows = [("", *self.names), *((figure.name, *figure.words) for figure in self.shown)]
        wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [_line(row, wide) for row in rows]
        told, section = lines[:1], ""
        for figure, line in zip(self.shown, lines[1:], strict=True):
            if figure.section != section:
                section = figure.section
                told += ["", _title(section)]
            told.append(line)
        return "\n".join(told)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        heads = "".join(f'<th style="text-align:right">{escape(name)}</th>' for name in self.names)
        rows, section = [], ""
        for figure in self.shown:
            if figure.section != section:
                section = figure.section
                title = f'<th colspan="{len(self.names) + 1}" style="text-align:left">{_title(section)}</th>'
                rows.append(f"<tr>{title}</tr>")
            colour = "" if figure.differs else "color:#777"
            cells = "".join(f'<td style="text-align:right;{colour}">{text}</td>' for text in figure.words)
            rows.append(f'<tr><td style="text-align:left;{colour}">{escape(figure.name)}</td>{cells}</tr>')
        return f"<table><thead><tr><th></th>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def compare(runs: Mapping[str, Run], *, sections: Iterable[str] = tuple(SECTIONS)) -> Comparison:
    """Put runs side by side.

    Parameters
    ----------
    runs
        The runs by what their columns are to be called.
    sections
        Which of :data:`SECTIONS` and in which order.

    Raises
    ------
    BadInput
        There are no runs, or there is no such section.

    Examples
    --------
    >>> import mqlab
    >>> before = mqlab.run("flash-sale")  # doctest: +SKIP
    >>> after = mqlab.run("flash-sale", overrides=["consumers.stock.count=8"])  # doctest: +SKIP
    >>> mqlab.compare({"4 consumers": before, "8 consumers": after}, sections=["fates"])  # doctest: +SKIP
               4 consumers  8 consumers
    <BLANKLINE>
    fates
    processed       64,981       83,066
    rejected        18,086            –
    """
    if not runs:
        raise BadInput("there is nothing to compare", mend='give runs by name, such as {"before": a, "after": b}')
    chosen = tuple(sections)
    for section in chosen:
        if section not in SECTIONS:
            raise BadInput(f"there is no section {section!r}", mend=did_you_mean(section, SECTIONS, "there is"))
    found = tuple(figures([run.summary for run in runs.values()], chosen))
    return Comparison(tuple(runs), found, dict(runs))


def figures(summaries: Sequence[Mapping[str, Any]], sections: Iterable[str] = tuple(SECTIONS)) -> Iterator[Figure]:
    """Go through the figures of summaries, those of :func:`mqlab.measure.summary.summarise`."""
    for section in sections:
        parts = [summary[section] for summary in summaries]
        if section == "fates":
            parts = [flat_fates(part) for part in parts]
        elif section == "stages":
            parts = [_means(part) for part in parts]
        for name in dict.fromkeys(name for part in parts for name in part):
            unit = "count" if name == "count" else SECTIONS[section]
            yield Figure(section, name, unit, tuple(part.get(name) for part in parts))


def _means(stages: Mapping[str, Mapping[str, float | None]]) -> dict[str, float | None]:
    """Take the mean of each stage; the whole of it has a section of its own."""
    return {f"{stage}.mean": found["mean"] for stage, found in stages.items() if stage != "latency"}


def _title(section: str) -> str:
    """Take the unit off a section's name: every figure shows its own."""
    return section.partition("_")[0]


def _line(cells: Sequence[str], wide: Sequence[int]) -> str:
    """Set the first cell left, the others right."""
    others = [f"{cell:>{width}}" for cell, width in zip(cells[1:], wide[1:], strict=True)]
    return "  ".join([f"{cells[0]:<{wide[0]}}", *others]).rstrip()
