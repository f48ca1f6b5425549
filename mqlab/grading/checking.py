"""Instant feedback: ``mqlab.check_exercise`` plays an answer in the public worlds and shows what came of it.

The answer is judged as ``mqlab grade`` judges it: from its source, in a worker process. Only the seeds differ.
"""

from __future__ import annotations

__all__ = ["Checked", "check_exercise"]

import ast
import contextlib
import io
import linecache
import sys
import time
from collections.abc import Callable
from html import escape
from importlib.util import find_spec
from textwrap import indent
from typing import Any, Final

from mqlab.errors import BadInput
from mqlab.grading.drawing import sentences, svg
from mqlab.grading.exercises import exercise
from mqlab.grading.judging import Judgement, Judging, PartResult, judge
from mqlab.grading.seeds import PUBLIC_SEEDS
from mqlab.grading.student import Student

_SHOW_AFTER_S: Final = 2.0
_VIEW: Final = "application/vnd.jupyter.widget-view+json"
_MARKS: Final = {"won": ("✓", "#1b7a3d"), "lost": ("✗", "#b3261e"), "lacking": ("–", "#666666")}


class Checked:
    """What came of an answer; shows itself.

    Examples
    --------
    >>> import mqlab
    >>> checked = mqlab.check_exercise("charge-once", Desk)  # doctest: +SKIP
    >>> checked.points, checked.possible  # doctest: +SKIP
    (8, 8)
    >>> print(checked)  # doctest: +SKIP
    """

    def __init__(self, judgement: Judgement) -> None:
        self.judgement = judgement

    @property
    def points(self) -> int:
        """Points won."""
        return self.judgement.points

    @property
    def possible(self) -> int:
        """Points that a complete answer gets."""
        return self.judgement.possible

    @property
    def parts(self) -> tuple[PartResult, ...]:
        """What came of each part."""
        return self.judgement.parts

    def __str__(self) -> str:
        lines = [f"{self.judgement.title}: {self._sum()}"]
        if not self.judgement.unwritten:
            for part in self.parts:
                lines += _told(part)
        if self.judgement.output:
            lines += ["What it printed:", indent(self.judgement.output.rstrip("\n"), "    ")]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """Show all of it in a notebook; its plain text there is the number that nbgrader reads as partial credit."""
        return {"text/html": self._repr_html_(), "text/plain": str(self.points) if _in_notebook() else str(self)}

    def _repr_html_(self) -> str:
        rows = "" if self.judgement.unwritten else "".join(_shown(part) for part in self.parts)
        printed = self.judgement.output
        told = f"<details><summary>what it printed</summary><pre>{escape(printed)}</pre></details>" if printed else ""
        return (
            '<div style="font-family:sans-serif;max-width:54em">'
            f"<div><b>{escape(self.judgement.title)}</b>: {escape(self._sum())}</div>{rows}{told}</div>"
        )

    def _sum(self) -> str:
        gained = f"{self.points} of {self.possible} points"
        return f"not written yet: {gained}" if self.judgement.unwritten else gained


def check_exercise(name: str, answer: Any) -> Checked:
    """Play an answer in the public worlds of its exercise.

    Parameters
    ----------
    name
        Name of the exercise, as its lesson gives it.
    answer
        The function or class that you have written.

    Raises
    ------
    BadInput
        There is no such exercise, this is not what it asks for, or its source cannot be had.

    Examples
    --------
    >>> check_exercise("charge-once", Desk)  # doctest: +SKIP
    """
    asked = exercise(name)
    source = source_of(answer, asked.entry)
    progress = _Progress(asked.title)
    try:
        with contextlib.redirect_stderr(_Aside(progress)) if _in_notebook() else contextlib.nullcontext():
            return Checked(judge(asked, source, _open, PUBLIC_SEEDS, progress=progress))
    finally:
        progress.over()


def source_of(answer: Any, entry: str) -> str:
    """Find the source of a cell, or of a file, by what was defined there.

    Raises
    ------
    BadInput
        It is something else than a function or class called ``entry``, or nobody has kept its source.
    """
    kind = "class" if entry[:1].isupper() else "function"
    if getattr(answer, "__name__", None) != entry or not callable(answer):
        given = getattr(answer, "__name__", None) or f"an object of type {type(answer).__name__}"
        what = f"this exercise asks for the {kind} `{entry}`, not for {given}"
        raise BadInput(what, mend=f"give it `{entry}` itself")
    file = _file_of(answer)
    source = "".join(linecache.getlines(file)) if file else ""
    if not source:
        what = f"the source of `{entry}` cannot be had"
        raise BadInput(what, mend="define it in a cell of a notebook or in a file, and run that")
    return source if _in_notebook() else _definitions(source)


def _file_of(answer: Any) -> str:
    """Name the file, or the cell, in which something was defined: its code knows."""
    if hasattr(answer, "__code__"):
        return str(answer.__code__.co_filename)
    for member in vars(answer).values() if isinstance(answer, type) else ():
        code = getattr(getattr(member, "__func__", member), "__code__", None)
        if code is not None:
            return str(code.co_filename)
    return ""


def _definitions(source: str) -> str:
    """Keep what an answer may consist of; a file also checks it, and a worker knows nothing of that."""
    kinds = ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign
    kept = []
    for node in ast.parse(source).body:
        text = ast.get_source_segment(source, node) or ""
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(one.lineno for one in decorators)])
        if isinstance(node, kinds) and "mqlab" not in text:
            kept.append((first, node.end_lineno or first))
    lines = source.splitlines()
    return "\n".join(
        line if any(first <= number <= last for first, last in kept) else ""
        for number, line in enumerate(lines, start=1)
    )


def _open(source: str) -> Student:
    from mqlab.grading.process import StudentProcess
    from mqlab.grading.sandbox import choose

    return StudentProcess(source, tier=choose("auto", allow_limits=True))


def _told(part: PartResult) -> list[str]:
    mark = _MARKS[_state(part)][0]
    lines = [f"  {mark} {part.won}/{part.possible}  {part.name}"]
    found = part.counterexample
    if part.won:
        return lines
    if part.lacking:
        return [*lines, f"         first: {'; '.join(part.lacking)}"]
    if found is not None:
        lines += [f"         {found.sentence}", *(f"           {line}" for line in sentences(found.steps))]
    return [*lines, f"         Think: {part.hint}"] if part.hint else lines


def _shown(part: PartResult) -> str:
    mark, colour = _MARKS[_state(part)]
    head = (
        f'<div style="margin-top:0.5em"><span style="color:{colour}"><b>{mark}</b></span> '
        f"{part.won}/{part.possible}&ensp;{escape(part.name)}</div>"
    )
    found = part.counterexample
    if part.won:
        return head
    if part.lacking:
        return head + f'<div style="margin-left:2em;opacity:0.75">first: {escape("; ".join(part.lacking))}</div>'
    picture = svg(found) if found is not None else ""
    hint = f'<div style="opacity:0.85"><i>Think:</i> {escape(part.hint)}</div>' if part.hint else ""
    return f'{head}<div style="margin-left:2em">{picture}{hint}</div>'


def _state(part: PartResult) -> str:
    return "won" if part.won else "lacking" if part.lacking else "lost"


def _in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


class _Progress:
    """How far it is, once that takes long; gone when it is over.

    In a notebook it is a widget: neither nbgrader nor nbval takes one for a word of the cell.
    """

    def __init__(self, title: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._title, self._clock, self._began = title, clock, clock()
        self._bar: Any = None
        self._wrote = False

    def __call__(self, state: Judging) -> None:
        if self._clock() - self._began < _SHOW_AFTER_S:
            return
        percent = 100 * state.done // state.total
        words = f"{self._title}: {percent} % played"
        if _in_notebook():
            if find_spec("ipywidgets") is not None:
                self._show(percent)
        elif sys.stderr.isatty():
            sys.stderr.write(f"\r{words}")
            sys.stderr.flush()
            self._wrote = True

    def say(self, words: str) -> None:
        """Say something else beside the bar, from now on and at once."""
        if _in_notebook() and find_spec("ipywidgets") is not None:
            self._title = words
            self._show(0)
            self._bar.description = words

    def _show(self, percent: int) -> None:
        """Show or move the bar; its view alone, since a word of text would be an output of the cell."""
        from IPython.display import display  # type: ignore[import-not-found,unused-ignore]
        from ipywidgets import IntProgress  # type: ignore[import-untyped,unused-ignore]

        if self._bar is None:
            self._bar = IntProgress(value=percent, description=self._title, style={"description_width": "initial"})
            view = self._bar._repr_mimebundle_()[_VIEW]
            display({_VIEW: view}, raw=True)  # type: ignore[no-untyped-call,unused-ignore]
        self._bar.value = percent

    def over(self) -> None:
        """Take it away."""
        if self._bar is not None:
            from IPython.display import clear_output

            self._bar.close()
            clear_output()  # type: ignore[no-untyped-call,unused-ignore]
        if self._wrote:
            sys.stderr.write("\r" + " " * 60 + "\r")


class _Aside(io.TextIOBase):
    """What the lab says on the standard error stream, such as that it compiles its kernels, told beside the bar.

    In the cell's output it would cost a learner all points with nbgrader.
    """

    def __init__(self, progress: _Progress) -> None:
        self._progress = progress

    def write(self, text: str) -> int:
        if text.strip():
            self._progress.say(text.strip())
        return len(text)
