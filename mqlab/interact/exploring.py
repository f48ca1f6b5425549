"""Explore: turn a dial, and the scenario runs again and is drawn anew.

    dials → overrides → run (as little kept as picture and figures need) → picture and figures

The same in a notebook with ipywidgets, where dials are sliders, and without: then they are turned by code.
"""

from __future__ import annotations

__all__ = ["Explorer", "explore"]

from collections.abc import Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mqlab import face
from mqlab.errors import BadInput, did_you_mean
from mqlab.interact.dials import Dial, dials_of
from mqlab.scenario import estimate
from mqlab.units import format_count, format_duration

if TYPE_CHECKING:
    from mqlab.face import Run
    from mqlab.model import Model
    from mqlab.scenario import Scenario
    from mqlab.trace.schema import Level

_JUDGED_MAX = 20_000
"""More messages than this are only counted: a dial that is turned wants its picture at once."""

SMALL_EVENTS: Final = 100_000
"""Runs up to this size keep their fates, whatever the picture needs."""


class Explorer:
    """A scenario with dials. Made by :func:`explore`."""

    def __init__(
        self,
        source: str | Path | Scenario,
        dials: Sequence[Dial],
        *,
        picture: str,
        options: Mapping[str, Any],
        overrides: Sequence[str],
        seed: int | None,
    ) -> None:
        from mqlab import plots

        if picture not in plots.PICTURES:
            mend = did_you_mean(picture, plots.PICTURES, "there is")
            raise BadInput(f"there is no picture called {picture}", mend=mend)
        self.source, self.dials, self.picture, self.options = source, tuple(dials), picture, dict(options)
        self._fixed, self._seed = tuple(overrides), seed
        self._level: Level = plots.PICTURES[picture].needs
        self._positions = [dial.start for dial in self.dials]
        self._run: Run | None = None
        self._board: Any = None
        # what cannot run is refused before anything is shown
        chosen = face.plan(_changed(source, self.overrides), seed=seed, level=self._level)
        if self._level == "counts" and estimate(chosen.model).messages <= _JUDGED_MAX:
            self._level = "fates"  # what was done twice shows itself only there

    @property
    def settings(self) -> dict[str, Any]:
        """Where the dials stand, by path."""
        return {dial.path: dial.values[at] for dial, at in zip(self.dials, self._positions, strict=True)}

    @property
    def overrides(self) -> tuple[str, ...]:
        """The same as assignments, as :func:`mqlab.run` takes them."""
        turned = (f"{dial.path}={dial.texts[at]}" for dial, at in zip(self.dials, self._positions, strict=True))
        return (*self._fixed, *turned)

    @property
    def run(self) -> Run:
        """The run at these settings; it keeps what picture and figures need and no more."""
        if self._run is None:
            self._run = self._ran(self.overrides)
        return self._run

    @property
    def sliders(self) -> dict[str, Any]:
        """The ipywidgets that turn the dials, by path.

        Raises
        ------
        ImportError
            ipywidgets is not installed.
        """
        return dict(self._shown_on().sliders)

    def set(self, settings: Mapping[str, Any]) -> Explorer:
        """Turn dials; what the sliders do, for where there are none.

        Raises
        ------
        BadInput
            There is no such dial or position, or the scenario cannot run like this. Nothing changes then.

        Examples
        --------
        >>> explore("first-run", {"faults.0.at": ("1 s", "9 s")}).set({"faults.0.at": "2 s"})  # doctest: +SKIP
        first-run, faults.0.at=2 s: 1,000 created · 860 processed · 40 lost · p99 1.1 s
        """
        places = {dial.path: number for number, dial in enumerate(self.dials)}
        before = list(self._positions)
        for path in settings:
            if path not in places:
                raise BadInput(f"there is no dial `{path}`", mend=did_you_mean(path, places, "there is"))
        try:
            for path, value in settings.items():
                self._positions[places[path]] = self.dials[places[path]].position(value)
            if self._positions != before:
                self._run = self._ran(self.overrides)
        except BadInput:
            self._positions = before
            raise
        if self._board is not None:
            self._board.show()
        return self

    def svg(self) -> str:
        """Draw the picture at these settings."""
        from mqlab import plots

        run = self.run
        return plots.to_svg(plots.draw(self.picture, run.trace, run.model, **self.options))

    def figures(self) -> str:
        """Give the figures of the run in a line: what was created, and what became of it."""
        return " · ".join(f"{text} {name}" if name != "p99" else f"p99 {text}" for name, text in _figures(self.run))

    def _ran(self, overrides: Sequence[str]) -> Run:
        return face.run(_changed(self.source, overrides), seed=self._seed, trace=self._level)

    def _shown_on(self) -> Any:
        if self._board is None:
            from mqlab.interact.sliders import Board

            self._board = Board(self)
        return self._board

    def __repr__(self) -> str:
        turned = ", ".join(f"{path}={value}" for path, value in self.settings.items())
        return f"{self.run.scenario.name}, {turned}: {self.figures()}"

    def _repr_mimebundle_(self, **_: Any) -> Any:
        plain = {"text/plain": repr(self)}
        if find_spec("ipywidgets") is None:
            return {**plain, "image/svg+xml": self.svg()}
        return {**(self._shown_on().box._repr_mimebundle_() or {}), **plain}


def explore(
    source: str | Path | Scenario,
    vary: Mapping[str, Any],
    *,
    picture: str = "timeline",
    names: Mapping[str, str] | None = None,
    overrides: Sequence[str] = (),
    seed: int | None = None,
    **options: Any,
) -> Explorer:
    """Give a scenario dials: each turn runs it again and draws the picture anew.

    Parameters
    ----------
    source
        A file, the name of a shipped scenario, or a scenario already loaded.
    vary
        What can be turned, by its path in the scenario: a range ``(1, 16)``, ``("1 s", "9 s")`` or, with a step,
        ``(0, 1, 0.1)``; choices ``["classic", "quorum"]``; choices with names
        ``{"no receipts": "false", "receipts": "{timeout: 500 ms}"}``; or as in a sweep, ``"1k/s..10k/s:10"``.
        A dial begins where the scenario stands, or at its first position where the scenario says nothing.
    picture
        One of :data:`mqlab.plots.PICTURES`.
    names
        What dials are called, by path, in the reader's words.
    overrides
        Changes that stay, such as ``["producers.tills.message.persistent=true"]``.
    seed
        The scenario's own if not given: turning a dial changes nobody's luck.
    options
        Passed on to the picture, such as ``message=4711`` for ``"space_time"``.

    Returns
    -------
    Explorer
        Shows itself in a notebook; ``settings``, ``run`` and ``sliders`` are what stands there.

    Raises
    ------
    BadInput
        A path, a range or the picture is none, or the scenario cannot run at the first settings.

    Examples
    --------
    >>> knobs = explore("first-run", {"faults.0.at": ("1 s", "9 s"), "consumers.stock.count": (1, 4)})
    >>> knobs.settings
    {'faults.0.at': '5 s', 'consumers.stock.count': 1}
    >>> knobs.overrides
    ('faults.0.at=5000000000 ns', 'consumers.stock.count=1')
    """
    dials = dials_of(vary, partial(_written, _changed(source, overrides)), names)
    return Explorer(source, dials, picture=picture, options=options, overrides=overrides, seed=seed)


def _changed(source: str | Path | Scenario, overrides: Sequence[str]) -> Scenario:
    """Load the scenario with changes; one that is loaded already is read again from its text."""
    from mqlab import scenario

    if not isinstance(source, scenario.Scenario):
        return scenario.load(source, overrides=tuple(overrides))
    file = str(source.path or f"{source.name}.yaml")
    everything = (*source.overrides, *overrides)
    return scenario.loads(source.text, file=file, name=source.name, overrides=everything, path=source.path)


def _written(scenario: Scenario, path: str) -> Any:
    """Find what a scenario has at a path; None where it says nothing of it, or nothing simple."""
    from mqlab.scenario import overrides, reader

    tree = reader.read(scenario.text, "scenario")
    for override in scenario.overrides:
        overrides.apply(tree, override)
    node, parts = tree.data(), path.split(".")
    while parts:
        if isinstance(node, list) and parts[0].isdecimal() and int(parts[0]) < len(node):
            node, parts = node[int(parts[0])], parts[1:]
        elif isinstance(node, dict):
            longest = max((n for n in range(len(parts) + 1) if ".".join(parts[:n]) in node), default=0)
            if not longest:
                return None
            node, parts = node[".".join(parts[:longest])], parts[longest:]
        elif len(parts) == 1:
            break  # `poisson: 100/s` is short for `poisson: {rate: 100/s}`
        else:
            return None
    return None if isinstance(node, dict | list) else node


def _is_small(model: Model) -> bool:
    from mqlab.scenario import estimate

    return estimate(model).events <= SMALL_EVENTS


def _figures(run: Run) -> list[tuple[str, str]]:
    """Pick the figures that people watch: what was created, and every ending that occurred; then the slowest."""
    summary = run.summary
    fates = summary["fates"]
    found = [("created", summary["messages"]["created"]), ("processed", fates["processed"])]
    found.append(("lost", sum(fates["lost"].values())))
    found += [(words, fates[name]) for name, words in (("rejected", "refused"), ("gave_up", "given up")) if fates[name]]
    if twice := summary["anomalies"].get("duplicate_effect"):
        found.append(("done twice", twice))
    words = [(name, format_count(number)) for name, number in found]
    p99 = summary["latency_ns"]["p99"]
    return [*words, ("p99", "–" if p99 is None else format_duration(p99))]
