"""Where commands print: tables for people, one JSON object for programs, progress on standard error."""

from __future__ import annotations

__all__ = ["Progress", "import_rich", "plain_table", "print_json", "print_text", "screen"]

import json
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH_MAX = 110
PATIENCE_S = 2.0
"""Anything that takes longer than this shows its progress."""
LINES_EVERY_S = 10.0
"""Where there is no terminal, progress is a line now and then."""


def import_rich() -> None:
    """Import what an account takes, at a time when there is nothing better to do."""
    import rich.console
    import rich.markup
    import rich.table
    import rich.text  # noqa: F401


def screen() -> Console:
    """Make standard output for people: colours only where a terminal wants them, and never too wide."""
    from rich.console import Console
    from rich.theme import Theme

    from mqlab.cli.endings import reader_has_gone

    class Screen(Console):
        def on_broken_pipe(self) -> None:
            """``mqlab scenarios | head -1`` is no error."""
            reader_has_gone()

    theme = Theme({"good": "green", "bad": "bold red", "fair": "yellow", "name": "cyan", "quiet": "dim"})
    console = Screen(theme=theme, highlight=False, emoji=False, markup=True)
    console.width = min(console.width, WIDTH_MAX)
    return console


def plain_table(*columns: str, right: tuple[int, ...] = (), title: str = "") -> Table:
    """Make a table without a frame: a dim heading, columns two spaces apart.

    Parameters
    ----------
    columns
        Headings.
    right
        Which columns are figures, aligned to the right.
    title
        A heading over the table.
    """
    from rich.table import Table

    table = Table(
        box=None,
        show_header=any(columns),
        padding=(0, 2, 0, 0),
        header_style="quiet",
        title=title or None,
        title_justify="left",
        title_style="bold",
    )
    for index, name in enumerate(columns):
        table.add_column(name, justify="right" if index in right else "left", no_wrap=index in right)
    return table


def print_json(content: Mapping[str, Any]) -> None:
    """Print exactly one JSON object; NaN is a bug and refused."""
    print_text(json.dumps(content, allow_nan=False, ensure_ascii=False))


def print_text(text: str) -> None:
    """Print text as it is, to be read or piped on."""
    from mqlab.cli.endings import reader_has_gone

    try:
        sys.stdout.write(text.rstrip("\n") + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        reader_has_gone()


class Progress:
    """A progress bar on standard error that shows itself only when somebody has to wait.

    Call it with the fraction done, 0 to 1; use it as a context manager so that the bar is wiped at the end.
    """

    def __init__(self, label: str, *, enabled: bool = True) -> None:
        self._label, self._enabled = label, enabled
        self._began = self._told = time.monotonic()
        self._bar: Any = None

    def __enter__(self) -> Progress:
        return self

    def __call__(self, fraction: float, what: str = "") -> None:
        """Say how much is done, and perhaps what comes next."""
        now = time.monotonic()
        if not self._enabled or now - self._began < PATIENCE_S:
            return
        if not sys.stderr.isatty():
            if now - self._told >= LINES_EVERY_S:
                self._told = now
                print(f"mqlab: {what or self._label}: {fraction:.0%}", file=sys.stderr)  # noqa: T201
            return
        if self._bar is None:
            self._bar = self._make_bar()
        if what:
            self._bar.set_description_str(f"mqlab: {self._label}: {what}", refresh=False)
        self._bar.update(max(0.0, min(1.0, fraction) - self._bar.n))

    def _make_bar(self) -> Any:
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # no thread that wakes up a silent bar
        return tqdm(
            total=1.0,
            desc=f"mqlab: {self._label}",
            file=sys.stderr,
            leave=False,
            mininterval=0,  # engines say seldom enough how far they are
            delay=1e-9,  # not before the first update: 0 % would be wrong by now
            bar_format="{desc} {percentage:3.0f}% |{bar}| {elapsed}, about {remaining} to go",
            dynamic_ncols=True,
        )

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
