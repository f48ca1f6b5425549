"""The run folder: a run on disk, whole or not at all.

Everything is written into a hidden sibling, ``.NAME.partial-PID``, which takes the folder's name in one
step at the end. A run that fails or is interrupted leaves nothing; a run folder that is replaced is there,
old or new, at every moment. A folder that mqlab did not write, or in which somebody has put files of their
own, is never replaced.

    scenario.yaml   the scenario as it was given
    run.json        versions, seed, digest, overrides, entities
    counters.json   totals, histograms, time series
    summary.json    what ``--json`` prints
    fates.parquet   FATE rows (levels fates and events)
    trace.parquet   EVENT rows (level events)
    traces/…        recordings that the scenario refers to, where it looks for them
    report.html     and whatever else :meth:`RunWriter.finish` is given

JSON and Parquet only: reading a folder never runs code from it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from mqlab.errors import RunFolderError
from mqlab.trace.counters import counters_from_json, counters_to_json
from mqlab.trace.parquet import EVENTS_FILE, FATES_FILE, NO_ROOM, ParquetRows, ParquetSink, saying
from mqlab.trace.places import FORMAT, RUN_FILE, check_target, make_parents, make_partial, take_place
from mqlab.trace.schema import EVENT, FATE, FORMAT_VERSION, FORMATS_READ, LEVELS, Entity, Level, RowSource, Trace

__all__ = ["SCENARIO_FORMAT_VERSION", "RunWriter", "StoredRun", "read_run", "write_run"]

SCENARIO_FORMAT_VERSION = 1
SCENARIO_FILE, COUNTERS_FILE, SUMMARY_FILE = "scenario.yaml", "counters.json", "summary.json"
CHUNK_ROWS = 1_000_000
AGAIN = "run the scenario again"


@dataclass(frozen=True)
class StoredRun:
    """What :func:`read_run` found in a run folder."""

    folder: Path
    scenario_text: str
    info: Mapping[str, Any]
    """run.json: format, versions, seed, digest, level, overrides, entities …"""
    trace: Trace
    """Its rows are read from the files as they are needed."""
    summary: Mapping[str, Any]


class RunWriter:
    """Writes a run folder; a context manager that leaves nothing behind unless :meth:`finish` was reached.

    Parameters
    ----------
    folder
        Where the run goes. Missing parents are made.
    level
        What :attr:`sink` keeps; that is what the engine is given.

    Raises
    ------
    RunFolderError
        Something that is no run folder stands there, or the place cannot be written to.

    Examples
    --------
    >>> with RunWriter(folder, level="events") as writer:                           # doctest: +SKIP
    ...     trace = engine.run(model, level="events", sink=writer.sink)
    ...     writer.finish(trace, scenario_text=text, summary=summary, files={"report.html": html})
    """

    def __init__(self, folder: str | Path, *, level: Level = "events") -> None:
        self.folder = Path(os.path.abspath(folder)).resolve()
        self.level: Level = level
        check_target(self.folder)
        self._made = make_parents(self.folder)
        self._partial = make_partial(self.folder)
        self._finished = False
        try:
            self.sink = ParquetSink(self._partial, level)
        except BaseException:
            self._remove()
            raise

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if not self._finished:
            self.abandon()

    def abandon(self) -> None:
        """Remove everything that was written."""
        self.sink.abandon()
        self._remove()

    def _remove(self) -> None:
        shutil.rmtree(self._partial, ignore_errors=True)
        for parent in reversed(self._made):
            try:
                parent.rmdir()
            except OSError:
                return  # somebody else has put something there

    def finish(
        self,
        trace: Trace,
        *,
        scenario_text: str,
        summary: Mapping[str, Any],
        overrides: Sequence[str] = (),
        files: Mapping[str, str] | None = None,
        processes: Sequence[str] = (),
    ) -> Path:
        """Write the rest, give the folder its name, and return its path.

        Parameters
        ----------
        trace
            What the engine returned; its rows must have gone through :attr:`sink`, which is closed by then.
        scenario_text, overrides
            The scenario as it was given, and the ``--set`` assignments.
        summary
            The object of :func:`mqlab.measure.summary.summarise`.
        files
            Further text files by name, such as ``report.html``.
        processes
            Names of the hand-written processes that took part; the folder cannot hold what they do.
            Further text files by name, such as ``report.html`` or ``traces/day.csv``.

        Raises
        ------
        RunFolderError
            Something cannot be written, or a foreign folder has appeared in the meantime.
        """
        texts = {
            SCENARIO_FILE: scenario_text,
            COUNTERS_FILE: json.dumps(counters_to_json(trace.counters)),
            SUMMARY_FILE: json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False) + "\n",
            **(files or {}),
        }
        info = _describe(trace, overrides)
        info["processes"] = list(processes)
        info["files"] = sorted([*texts, RUN_FILE, *(path.name for path in self._partial.iterdir())])
        texts[RUN_FILE] = json.dumps(info, indent=1, ensure_ascii=False) + "\n"
        for name, text in texts.items():
            with saying(self._partial / name, "cannot be written", NO_ROOM):
                (self._partial / name).parent.mkdir(parents=True, exist_ok=True)
                (self._partial / name).write_text(text, encoding="utf-8", newline="")
        check_target(self.folder)
        with saying(self.folder, "cannot be written", NO_ROOM):
            take_place(self._partial, self.folder)
        self._finished = True
        return self.folder


def write_run(
    folder: str | Path,
    trace: Trace,
    *,
    scenario_text: str,
    summary: Mapping[str, Any],
    overrides: Sequence[str] = (),
    files: Mapping[str, str] | None = None,
) -> Path:
    """Write a finished run whose rows are in memory (or in another run folder); see :class:`RunWriter`."""
    with RunWriter(folder, level=trace.level) as writer:
        for source, add, dtype in (
            (trace.fates, writer.sink.fates, FATE),
            (trace.events, writer.sink.events, EVENT),
        ):
            if source is not None:
                _pour(source, add, dtype)
        writer.sink.close()
        return writer.finish(
            trace, scenario_text=scenario_text, summary=summary, overrides=overrides, files=files
        )


def _pour(source: RowSource, add: Any, dtype: Any) -> None:
    import numpy as np

    columns = {name: source.column(name) for name in dtype.names}
    for start in range(0, len(source), CHUNK_ROWS):
        block = np.zeros(min(CHUNK_ROWS, len(source) - start), dtype)
        for name, values in columns.items():
            block[name] = values[start : start + len(block)]
        add(block)


def _describe(trace: Trace, overrides: Sequence[str]) -> dict[str, Any]:
    """Everything of a trace but its rows and counters, and what it was made with."""
    from importlib.metadata import version

    return {
        "format": FORMAT,
        "trace_format": FORMAT_VERSION,
        "scenario_format": SCENARIO_FORMAT_VERSION,
        "mqlab": version("mqlab"),
        "scenario": trace.scenario,
        "system": trace.system,
        "engine": trace.engine,
        "seed": int(trace.seed),
        "digest": trace.digest,
        "level": trace.level,
        "duration_ns": int(trace.duration_ns),
        "producing_ns": int(trace.producing_ns),
        "warmup_ns": int(trace.warmup_ns),
        "event_count": int(trace.event_count),
        "wall_s": float(trace.wall_s),
        "overrides": list(overrides),
        "rows": {
            "fates": None if trace.fates is None else len(trace.fates),
            "events": None if trace.events is None else len(trace.events),
        },
        "entities": [asdict(entity) for entity in trace.entities],
    }


def read_run(folder: str | Path) -> StoredRun:
    """Read a run folder; rows stay in their files until they are needed.

    Raises
    ------
    RunFolderError
        The folder is missing, is no run folder, lacks a file, holds a damaged one, or was written in another
        format version. The message names the file.

    Examples
    --------
    >>> read_run("runs/nowhere")
    Traceback (most recent call last):
    mqlab.errors.RunFolderError: there is no run folder runs/nowhere; name one that `mqlab run` has written
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise RunFolderError(f"there is no run folder {folder}", mend="name one that `mqlab run` has written")
    info = _read_info(folder)
    scenario_text = _read_text(folder / SCENARIO_FILE)
    summary = _read_json(folder / SUMMARY_FILE)
    try:
        trace = _read_trace(folder, info)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise RunFolderError(
            f"{folder} is damaged: {RUN_FILE} or {COUNTERS_FILE} lacks or garbles {error}", mend=AGAIN
        ) from error
    return StoredRun(folder, scenario_text, info, trace, summary)


def _read_info(folder: Path) -> dict[str, Any]:
    if not (folder / RUN_FILE).is_file():
        raise RunFolderError(f"{folder} is no run folder: it has no {RUN_FILE}", mend=AGAIN)
    info = _read_json(folder / RUN_FILE)
    if info.get("format") != FORMAT:
        raise RunFolderError(f"{folder / RUN_FILE} does not describe an mqlab run", mend=AGAIN)
    for name, ours in (("trace_format", FORMATS_READ), ("scenario_format", (SCENARIO_FORMAT_VERSION,))):
        theirs = info.get(name)
        if theirs not in ours:
            raise RunFolderError(
                f"{folder} has {name.replace('_', ' ')} {theirs}, this mqlab reads {' and '.join(map(str, ours))}",
                mend=f"{AGAIN}, or read it with mqlab {info.get('mqlab', '?')}",
            )
    return info


def _read_trace(folder: Path, info: Mapping[str, Any]) -> Trace:
    def rows(name: str, file: str, dtype: Any) -> ParquetRows | None:
        expected = info["rows"][name]
        if expected is None:
            return None
        found = ParquetRows(folder / file, dtype)
        if len(found) != expected:
            raise RunFolderError(f"{folder / file} has {len(found)} rows instead of {expected}", mend=AGAIN)
        return found

    return Trace(
        scenario=info["scenario"],
        system=info["system"],
        engine=info["engine"],
        seed=info["seed"],
        level=LEVELS[LEVELS.index(info["level"])],
        duration_ns=info["duration_ns"],
        producing_ns=info["producing_ns"],
        warmup_ns=info["warmup_ns"],
        entities=tuple(Entity(**entity) for entity in info["entities"]),
        digest=info["digest"],
        event_count=info["event_count"],
        counters=counters_from_json(_read_json(folder / COUNTERS_FILE)),
        fates=rows("fates", FATES_FILE, FATE),
        events=rows("events", EVENTS_FILE, EVENT),
        wall_s=info["wall_s"],
    )


def _read_text(path: Path) -> str:
    with saying(path, "cannot be read"):
        try:
            return path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            raise RunFolderError(f"{path} is damaged: it is not UTF-8", mend=AGAIN) from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(_read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise RunFolderError(f"{path} is damaged: {error}", mend=AGAIN) from error
    if not isinstance(data, dict):
        raise RunFolderError(f"{path} is damaged: it holds no object", mend=AGAIN)
    return data
