"""A run that has ended: its trace, what was found in it, and every way to look at it."""

from __future__ import annotations

__all__ = ["Explanation", "Pictures", "Run", "judged", "load"]

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, Literal

from mqlab.errors import BadInput, RunFolderError, did_you_mean
from mqlab.trace.schema import Trace

if TYPE_CHECKING:
    import pandas as pd

    from mqlab.checks import Finding
    from mqlab.model import Model
    from mqlab.player import Player
    from mqlab.scenario import Scenario
    from mqlab.scenario.expect import Outcome

Verdict = Literal["holds", "fails", "none"]


class Explanation(str):
    """The life of one message: a text that shows itself in a terminal and in a notebook, long lines folded."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join(fill(line, 96, subsequent_indent="  ", break_on_hyphens=False) for line in self.split("\n"))


class Pictures(dict[str, Any]):
    """Matplotlib figures by name; a notebook shows all of them."""

    def _repr_html_(self) -> str:
        from mqlab import plots

        return "".join(f"<div>{plots.to_svg(figure)}</div>" for figure in self.values())


@dataclass(eq=False)
class Run:
    """One run: scenario, trace, verdict. What :func:`mqlab.run` and :func:`mqlab.load` return.

    Examples
    --------
    >>> import mqlab
    >>> run = mqlab.run("flash-sale")  # doctest: +SKIP
    >>> run  # doctest: +SKIP
    <Run flash-sale seed=1: holds, 40,213 of 45,012 processed>
    >>> print(run.explain(4711))  # doctest: +SKIP
    """

    scenario: Scenario
    trace: Trace
    findings: tuple[Finding, ...]
    """One for each anomaly, with messages that prove it."""
    outcomes: tuple[Outcome, ...]
    """One for each expectation of the scenario."""
    summary: Mapping[str, Any]
    """The object that ``mqlab run --json`` prints."""
    folder: Path | None = None
    """Where it stands on disk, if it does."""
    overrides: tuple[str, ...] = ()
    processes: tuple[Callable[..., Any], ...] = ()
    """Hand-written processes that took part, as far as they are at hand."""
    recorded_processes: tuple[str, ...] = ()
    """Their names, where the run comes from a folder."""

    @property
    def process_names(self) -> tuple[str, ...]:
        """Name the hand-written processes that took part."""
        return self.recorded_processes or tuple(_name_of(process) for process in self.processes)

    def check_repeatable(self) -> None:
        """Refuse to simulate again what hand-written processes did, if they are not at hand.

        Raises
        ------
        RunFolderError
            The run comes from a folder, which cannot hold programs; the mend says how to bring them along.
        """
        if self.recorded_processes and not self.processes:
            listed = ", ".join(self.recorded_processes)
            raise RunFolderError(
                f"hand-written processes took part in this run ({listed}), and its folder cannot hold them",
                mend="load it in Python and bring them along: mqlab.load(FOLDER, processes=[...])",
            )

    @property
    def model(self) -> Model:
        """The scenario resolved against its system: what the engine ran."""
        return replace(self.scenario.model, seed=self.trace.seed)

    @property
    def verdict(self) -> Verdict:
        """``holds``, ``fails``, or ``none`` if the scenario expected nothing."""
        verdict: Verdict = self.summary["verdict"]
        return verdict

    @cached_property
    def fates(self) -> pd.DataFrame:
        """One row per obligation (not at level ``counts``); times in ns, ``<NA>`` where it never happened."""
        from mqlab.face.frames import fates_frame

        if self.trace.fates is None:
            raise BadInput("this run kept no fates", mend='run it with trace="fates" or trace="events"')
        return fates_frame(self.trace.fates, self.trace.entities)

    @cached_property
    def events(self) -> pd.DataFrame:
        """One row per event (level ``events``)."""
        from mqlab.face.frames import events_frame

        if self.trace.events is None:
            raise BadInput("this run kept no events", mend='run it with trace="events"')
        return events_frame(self.trace.events, self.trace.entities)

    def which(self, name: str) -> list[int]:
        """Give the numbers of messages worth a look.

        Parameters
        ----------
        name
            A fate such as ``"lost:wire"``: all messages of which a copy ended so (not at level ``counts``).
            Or an anomaly such as ``"redelivered"``: the examples that its check kept.

        Raises
        ------
        BadInput
            There is no such fate or anomaly, or the run kept no fates.

        Examples
        --------
        >>> run.which("lost:wire")  # doctest: +SKIP
        [4711, 4712]
        """
        examples = {finding.name: finding.examples for finding in self.findings}
        if name in examples:
            return list(examples[name])
        fates = self.fates["fate"]
        if name not in fates.cat.categories:
            names = (*examples, *fates.cat.categories)
            raise BadInput(f"there is no fate or anomaly {name!r}", mend=did_you_mean(name, names, "there is"))
        numbers: list[int] = self.fates.loc[fates == name, "message"].unique().tolist()
        return numbers

    def plot(self, name: str | None = None, **options: Any) -> Any:
        """Draw one picture, or all that have to do with this run.

        Parameters
        ----------
        name
            One of :data:`mqlab.plots.PICTURES`, such as ``"timeline"``.
        options
            Passed on to the picture, such as ``message=4711`` for ``"space_time"``.

        Returns
        -------
        matplotlib.figure.Figure or Pictures
            The figure called ``name``; without a name, all by their names.

        Raises
        ------
        BadInput
            There is no such picture.
        """
        from mqlab import plots

        if name is None:
            return Pictures((each, plots.draw(each, self.trace, self.model)) for each in plots.pictures_of(self.trace))
        return plots.draw(name, self.trace, self.model, **options)

    def player(self, start: str | None = None, stop: str | None = None) -> Player:
        """Play a stretch of the run, by default around its first crash: messages move, queues grow, things go down.

        Parameters
        ----------
        start, stop
            Times such as ``"19.9 s"``; at most :data:`mqlab.player.EVENTS_MAX` events are shown.

        Raises
        ------
        BadInput
            A time cannot be read, or there is none between the two.

        Examples
        --------
        >>> run.player(start="5 s", stop="5.2 s")  # doctest: +SKIP
        """
        from mqlab.player import player

        times = [None if text is None else _moment(text) for text in (start, stop)]
        if times[0] is not None and times[1] is not None and times[0] >= times[1]:
            raise BadInput(f"there is no time between {start} and {stop}", mend="begin earlier")
        return player(self.trace, self.model, *times)

    def explain(self, message: int) -> Explanation:
        """Tell the life of message number ``message`` in sentences.

        A run that kept no events is simulated again, as far as this message is concerned.

        Raises
        ------
        BadInput
            There is no such message.
        """
        from mqlab import explain

        trace = self.trace if self.trace.events is not None else self._again(message)
        return Explanation(explain.tell(trace, self.model, message))

    def report(self, path: str | Path | None = None) -> str:
        """Give the report as one self-contained HTML page, and write it to ``path`` if given."""
        from mqlab.face.rendering import render

        html = render(self)
        if path is not None:
            Path(path).write_text(html, encoding="utf-8")
        return html

    def _again(self, message: int) -> Trace:
        from mqlab.face.simulating import OneMessage, simulate

        self.check_repeatable()
        trace = simulate(
            self.model,
            engine=self.trace.engine,
            seed=self.trace.seed,
            level="events",
            sink=OneMessage(message),
            processes=self.processes,
        )
        if trace.digest != self.trace.digest:
            raise RunFolderError(
                f"simulated again, the run has digest {trace.digest} instead of {self.trace.digest}",
                mend="run the scenario again with this version of mqlab",
            )
        return trace

    def __repr__(self) -> str:
        messages = self.summary["messages"]
        return (
            f"<Run {self.scenario.name} seed={self.trace.seed}: {self.verdict}, "
            f"{messages['processed']:,} of {messages['owed']:,} processed>"
        )

    def _repr_html_(self) -> str:
        from mqlab.face.card import card

        return card(self.summary)


def judged(
    scenario: Scenario, trace: Trace
) -> tuple[tuple[Finding, ...], tuple[Outcome, ...], dict[str, Any]]:
    """Hold a trace against the system's contract and the scenario's expectations, and sum it up."""
    from mqlab import checks, systems
    from mqlab.measure.summary import summarise, with_outcomes

    promises = systems.get(scenario.model.system).contract(scenario.model)
    findings = checks.judge(trace, promises, model=scenario.model)
    bare = summarise(trace, findings, ())
    outcomes = tuple(expectation.evaluate(bare) for expectation in scenario.expectations)
    return findings, outcomes, with_outcomes(bare, findings, outcomes)


def _moment(text: str) -> int:
    from mqlab.units import UnitError, parse_duration

    try:
        return parse_duration(text)
    except UnitError as error:
        raise BadInput(error.what, mend=error.mend) from None


def _name_of(process: Callable[..., Any]) -> str:
    return f"{getattr(process, '__module__', '?')}.{getattr(process, '__qualname__', type(process).__name__)}"


def load(folder: str | Path, *, processes: Sequence[Callable[..., Any]] = ()) -> Run:
    """Load a run folder.

    Parameters
    ----------
    folder
        What :func:`run` or ``mqlab run`` has written.
    processes
        The hand-written processes that took part, if the run is to be simulated again (to explain a message of a run
        without events).

    Raises
    ------
    RunFolderError
        The folder is missing, damaged, or of another format version.

    Examples
    --------
    >>> load("runs/flash-sale-1")  # doctest: +SKIP
    <Run flash-sale seed=1: holds, 40,213 of 45,012 processed>
    """
    from mqlab import scenario
    from mqlab.trace.folder import SCENARIO_FILE, read_run

    stored = read_run(folder)
    overrides: Sequence[str] = tuple(stored.info["overrides"])
    loaded = scenario.load(stored.folder / SCENARIO_FILE, overrides=overrides)
    findings, outcomes, _ = judged(loaded, stored.trace)
    return Run(
        loaded,
        stored.trace,
        findings,
        outcomes,
        stored.summary,
        stored.folder,
        tuple(overrides),
        processes=tuple(processes),
        recorded_processes=tuple(stored.info.get("processes", ())),
    )
