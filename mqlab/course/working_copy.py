"""The working copy of the course: a folder of the learner's own, renewed without losing a line of the learner's.

A manifest remembers what each notebook was when it was put there. From that a refresh knows of every notebook whether
the learner has touched it and whether the course has a newer one:

    touched?   newer?    what happens
    no         yes       it is replaced
    yes        yes       it is put aside under a name with the date, and the new one takes its place
    either     no        it stays as it is

Touched means another text in some cell, or other cells. Running a notebook changes its outputs alone, and outputs come
again. Each notebook is put in place in one step, so that a stop halfway leaves the old one or the new one.
"""

from __future__ import annotations

__all__ = ["MANIFEST", "Refreshed", "default_folder", "refresh"]

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

from mqlab import __version__
from mqlab.course.catalogue import SUFFIX, folder, handed_out, sources
from mqlab.course.cells import cells_of, parse
from mqlab.errors import BadInput

MANIFEST = Path(".mqlab", "manifest.json")
"""Where the manifest stands in a working copy."""


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did, by names of notebooks."""

    folder: Path
    new: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    aside: dict[str, str] = field(default_factory=dict)
    """Where a touched notebook was put, by its former name."""

    @property
    def sentence(self) -> str:
        """The same in words; empty where nothing was done."""
        parts = [f"{len(names)} {what}" for names, what in ((self.new, "new"), (self.replaced, "renewed")) if names]
        parts += [f"your {name} is kept as “{where}”" for name, where in self.aside.items()]
        return ", ".join(parts)


def default_folder() -> Path:
    """Say where the working copy is if nothing else is said: in the home folder, wherever the command is given."""
    return Path.home() / "mqlab-course"


def refresh(place: str | Path, *, course: Path | None = None, today: date | None = None) -> Refreshed:
    """Make a working copy, or bring it up to date.

    Parameters
    ----------
    place
        A folder that is not there yet, an empty one, or a working copy.
    course
        Where the notebooks come from; those of this installation if not given.
    today
        The date that goes into names.

    Raises
    ------
    BadInput
        The folder holds something else, or belongs to the course or the package itself, or cannot be written.
    """
    target, origin = _absolute(place), folder() if course is None else course
    _refuse_the_source(target, origin)
    texts = {path.name: handed_out(path) for path in sources(origin)}
    try:
        before = _manifest(target)
        target.mkdir(parents=True, exist_ok=True)
        done = Refreshed(target)
        for name, text in texts.items():
            _put(target / name, text, before.get(name), today or date.today(), done)
        files = {**before, **{name: _mark(text.encode()) for name, text in texts.items()}}
        _write(target / MANIFEST, json.dumps({"course": __version__, "files": files}, indent=1) + "\n")
    except OSError as error:
        what = f"{error.filename or target} cannot be written: {error.strerror or error}"
        raise BadInput(what, mend="choose another folder: mqlab lab FOLDER") from None
    return done


def _absolute(place: str | Path) -> Path:
    try:
        return Path(place).expanduser().absolute()
    except RuntimeError:  # ~somebody, who is nobody here
        raise BadInput(f"there is no home folder for {place}", mend="choose a folder: mqlab lab FOLDER") from None


def _refuse_the_source(target: Path, origin: Path) -> None:
    real, package = target.resolve(), Path(__file__).resolve().parent.parent
    for theirs in (origin.resolve(), package):
        if real == theirs or theirs in real.parents:
            raise BadInput(
                f"{target} belongs to mqlab itself", mend=f"choose a folder of your own, such as {default_folder()}"
            )


def _manifest(target: Path) -> Mapping[str, str]:
    """Read what was put there; a folder with other things in it is left alone."""
    try:
        found: Any = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
        files = found["files"] if isinstance(found, dict) else None
        return {name: mark for name, mark in files.items() if isinstance(mark, str)} if isinstance(files, dict) else {}
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (ValueError, KeyError):
        return {}  # damaged: every notebook counts as touched, and nothing is lost
    if target.exists() and not target.is_dir():
        raise BadInput(f"{target} is a file", mend="choose a folder")
    if target.is_dir() and any(not entry.name.startswith(".") for entry in target.iterdir()):
        raise BadInput(
            f"{target} holds other things than the course", mend="choose a new folder: mqlab lab FOLDER"
        )
    return {}


def _put(target: Path, text: str, before: str | None, today: date, done: Refreshed) -> None:
    """Put one notebook in place as the table at the head of this file says."""
    if not os.path.lexists(target):
        _write(target, text)
        done.new.append(target.name)
        return
    now, newer = _present(target), _mark(text.encode())
    if newer in (now, before):
        return
    if now is None or now != before:
        where = _aside(target, today)
        target.rename(where)
        done.aside[target.name] = where.name
    else:
        done.replaced.append(target.name)
    _write(target, text)


def _present(target: Path) -> str | None:
    """Give the mark of what stands there; None where it is nothing that we could have put there."""
    if target.is_symlink() or not target.is_file():
        return None
    return _mark(target.read_bytes())


def _mark(content: bytes) -> str:
    """Give a digest of what makes a notebook: kinds, texts and grading of its cells, and not what running leaves.

    Examples
    --------
    >>> _mark(b'{"cells": [{"cell_type": "code", "source": ["a"]}]}') == _mark(
    ...     b'{"cells": [{"cell_type": "code", "source": "a", "outputs": [1]}]}'
    ... )
    True
    """
    try:
        cells = [[cell.kind, cell.source, dict(cell.grading)] for cell in cells_of(parse(content))]
    except BadInput:
        return sha256(content).hexdigest()  # no notebook any more: its bytes are what it is
    return sha256(json.dumps(cells, sort_keys=True).encode()).hexdigest()


def _aside(target: Path, today: date) -> Path:
    """Find a name that is free: `04-loss (yours of 2026-11-21).ipynb`, and from the second on with a number."""
    for number in count(1):
        more = f", {number}" if number > 1 else ""
        where = target.with_name(f"{target.name.removesuffix(SUFFIX)} (yours of {today.isoformat()}{more}){SUFFIX}")
        if not os.path.lexists(where):
            return where
    raise AssertionError("numbers do not end")


def _write(target: Path, text: str) -> None:
    """Write a file as a whole or not at all."""
    target.parent.mkdir(exist_ok=True)
    handle, partial = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(partial).chmod(0o644)
        Path(partial).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(partial).unlink()
        raise
