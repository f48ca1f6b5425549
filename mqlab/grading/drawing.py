"""The picture of a counterexample: lanes side by side, time downwards, an arrow a step; and the same in sentences.

One self-contained SVG element, written by hand: nothing is loaded, no two pictures in a page disturb each other, and it
takes a fraction of a millisecond. What is bad or a fault is told by colour, by form and by a mark.

    broker        your desk         bank
      ├─ delivers 1 ──►│              │
      │                ├─ charge(1) ─►│
      │              ! crashes        │
"""

from __future__ import annotations

__all__ = ["sentences", "svg"]

from collections.abc import Sequence
from html import escape
from textwrap import wrap
from typing import Final

from mqlab.grading.counterexample import Counterexample, Step
from mqlab.units import format_duration

WIDTH: Final = 760
_LEFT: Final = 84
"""Where the times end."""
_ROW: Final = 32
_LINE: Final = 15
_CHAR: Final = 6.6
"""What a character of 12 px takes, about."""
_STEPS_MAX: Final = 36
_TAIL: Final = 20

INK, GREY, PALE = "#1a1a1a", "#6b6b6b", "#e9e9e9"
BLUE, RED, ORANGE = "#0072b2", "#d55e00", "#e69f00"
"""Of Okabe and Ito's palette, as all pictures of the lab (``plots/look.py``, which would load matplotlib)."""
_COLOUR: Final = {"plain": BLUE, "bad": RED, "fault": ORANGE}


def sentences(steps: Sequence[Step]) -> list[str]:
    """Tell steps as sentences.

    Examples
    --------
    >>> sentences([Step(1_500_000, "broker", "you", "delivers order 1"), Step(2_000_000, "you", "you", "crashes")])
    ['1.5 ms  broker → you: delivers order 1', '2 ms  you: crashes']
    """
    told = []
    for step in steps:
        lanes = step.source if step.source == step.to else f"{step.source} → {step.to}"
        mark = {"plain": "", "bad": "  ✗", "fault": "  !"}[step.kind]
        told.append(f"{format_duration(step.time_ns)}  {lanes}: {step.text}{mark}")
    return told


def svg(counterexample: Counterexample, title: str = "") -> str:
    """Draw a counterexample as one SVG element.

    Parameters
    ----------
    counterexample
        What to draw. Without steps it is its sentence alone.
    title
        What stands above the sentence: as a rule the name of the part.

    Examples
    --------
    >>> picture = svg(Counterexample("Charged <twice>.", (Step(0, "you", "bank", "charges 1", "bad"),)))
    >>> picture.startswith("<svg "), "Charged &lt;twice&gt;." in picture
    (True, True)
    """
    page = _Page()
    if title:
        page.paragraph(title, 13, GREY, "normal", 104)
    page.paragraph(counterexample.sentence, 15, INK, "bold", 86)
    steps, skipped = _shown(counterexample.steps)
    if steps:
        _draw(page, steps, skipped)
    return page.written(title or counterexample.sentence)


def _shown(steps: tuple[Step, ...]) -> tuple[list[Step], int]:
    """Leave out the middle of a long story; -1: nothing is left out, else the place of the gap."""
    if len(steps) <= _STEPS_MAX:
        return list(steps), -1
    head = _STEPS_MAX - _TAIL
    return [*steps[:head], *steps[-_TAIL:]], head


class _Page:
    """An SVG that grows downwards."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.y = 12.0

    def text(
        self, x: float, y: float, words: str, *, size: int = 12, colour: str = INK, anchor: str = "start",
        weight: str = "normal", halo: bool = False,
    ) -> None:  # fmt: skip
        around = ' stroke="white" stroke-width="4" paint-order="stroke" stroke-linejoin="round"' if halo else ""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}" '
            f'font-weight="{weight}"{around}>{_safe(words)}</text>'
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str, width: float, dash: str = "") -> None:
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-width="{width}"{dashed}/>'
        )

    def paragraph(self, words: str, size: int, colour: str, weight: str, most: int) -> None:
        for line in wrap(words, most) or [""]:
            self.y += size + 4
            self.text(8, self.y, line, size=size, colour=colour, weight=weight)
        self.y += 4

    def written(self, label: str) -> str:
        height = self.y + 12
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
            f'aria-label="{_safe(label)}" style="max-width:{WIDTH}px;width:100%;background:white" '
            'font-family="DejaVu Sans, Verdana, Arial, sans-serif">'
            f'<rect width="{WIDTH}" height="{height:.0f}" fill="white"/>{"".join(self.parts)}</svg>'
        )


def _safe(words: str) -> str:
    """Make text of anything that a student's code may have said: also of what XML cannot hold."""
    return escape("".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in words))


def _draw(page: _Page, steps: list[Step], gap: int) -> None:
    lanes = list(dict.fromkeys(lane for step in steps for lane in (step.source, step.to)))
    wide = (WIDTH - _LEFT) / len(lanes)
    places = {lane: _LEFT + wide * (at + 0.5) for at, lane in enumerate(lanes)}
    page.y += 26
    top = page.y
    for lane, x in places.items():
        page.text(x, top - 6, lane, size=13, anchor="middle", weight="bold")
    body, page.parts = page.parts, []
    for at, step in enumerate(steps):
        if at == gap:
            page.y += _ROW
            page.text(_LEFT + 12, page.y, "⋮  some steps are left out here", colour=GREY, halo=True)
        _row(page, step, places, wide)
    rows, page.parts = page.parts, body
    for x in places.values():
        page.line(x, top, x, page.y + 12, GREY, 1)
    page.parts += rows
    page.y += 12
    _legend(page, {step.kind for step in steps})


def _row(page: _Page, step: Step, places: dict[str, float], wide: float) -> None:
    start, end, colour = places[step.source], places[step.to], _COLOUR[step.kind]
    weight, char = ("normal", _CHAR) if step.kind == "plain" else ("bold", _CHAR * 1.1)
    room = max(start - _LEFT, WIDTH - start) - 20 if start == end else max(abs(end - start), wide) - 16
    lines = wrap(step.text, max(16, int(room / char))) or [""]
    page.y += _ROW + _LINE * (len(lines) - 1)
    y = page.y
    page.text(_LEFT - 12, y + 4, format_duration(step.time_ns), size=11, colour=GREY, anchor="end")
    if start == end:
        _mark(page, step.kind, start, y)
        for at, line in enumerate(lines):
            _beside(page, start, y + 4 - _LINE * (len(lines) - 1 - at), line, weight)
        return
    ahead = 1 if end > start else -1
    thick = 1.6 if step.kind == "plain" else 2.8
    page.line(start, y, end - 7 * ahead, y, colour, thick, "6 4" if step.kind == "fault" else "")
    tip = f"{end:.1f},{y:.1f} {end - 10 * ahead:.1f},{y - 5:.1f} {end - 10 * ahead:.1f},{y + 5:.1f}"
    page.parts.append(f'<polygon points="{tip}" fill="{colour}"/>')
    if step.kind != "plain":
        _mark(page, step.kind, start, y)
    for at, line in enumerate(lines):
        half = len(line) * char / 2
        x = min(max((start + end) / 2, _LEFT + half), WIDTH - 6 - half)
        page.text(x, y - 6 - _LINE * (len(lines) - 1 - at), line, anchor="middle", weight=weight, halo=True)


def _beside(page: _Page, x: float, y: float, line: str, weight: str) -> None:
    """Write what happens in one lane to its right, or to its left where there is no room."""
    if x + 16 + len(line) * _CHAR * 1.1 < WIDTH or x < WIDTH - x:
        page.text(x + 16, y, line, weight=weight, halo=True)
    else:
        page.text(x - 16, y, line, weight=weight, halo=True, anchor="end")


def _mark(page: _Page, kind: str, x: float, y: float) -> None:
    if kind == "plain":
        page.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{BLUE}"/>')
    elif kind == "bad":
        page.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8" fill="{RED}"/>')
        page.line(x - 3.5, y - 3.5, x + 3.5, y + 3.5, "white", 2)
        page.line(x - 3.5, y + 3.5, x + 3.5, y - 3.5, "white", 2)
    else:
        corners = f"{x:.1f},{y - 10:.1f} {x - 10:.1f},{y + 7:.1f} {x + 10:.1f},{y + 7:.1f}"
        page.parts.append(f'<polygon points="{corners}" fill="{ORANGE}" stroke="{INK}" stroke-width="1"/>')
        page.line(x, y - 4, x, y + 1, INK, 2)
        page.line(x, y + 3, x, y + 5, INK, 2)


def _legend(page: _Page, kinds: set[str]) -> None:
    entries = [(kind, words) for kind, words in (("bad", "the step that breaks the rule"), ("fault", "a fault"))
               if kind in kinds]  # fmt: skip
    x = float(_LEFT)
    if entries:
        page.y += 24
    for kind, words in entries:
        _mark(page, kind, x, page.y - 4)
        page.text(x + 16, page.y, words, size=11, colour=GREY)
        x += 40 + len(words) * _CHAR
