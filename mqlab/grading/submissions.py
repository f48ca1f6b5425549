"""What has been handed in: finding the notebooks, saying whose they are, and taking their answers.

    submitted/STUDENT/ASSIGNMENT/NOTEBOOK.ipynb     as nbgrader collects: whoever stands behind ``submitted``
    FOLDER/STUDENT/…/NOTEBOOK.ipynb                 a folder for each student
    FOLDER/STUDENT.ipynb                            a file for each student, unless it is called as a lesson is

Links are not followed: one could lead to what somebody else has handed in.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from mqlab.course.catalogue import sources
from mqlab.course.cells import Answer, Notebook, Problem, answers, cells_of, read
from mqlab.errors import BadInput, did_you_mean
from mqlab.grading.budget import SOURCE_CHARS_MAX

__all__ = ["Submission", "collect"]

_SUBMITTED = "submitted"
_NAME_MAX = 80
_DEPTH_MAX = 32


@dataclass(frozen=True)
class Submission:
    """One notebook that somebody has handed in."""

    student: str
    notebook: str
    """Where it stands in what the student has handed in, such as ``05-duplication.ipynb``."""
    path: Path
    answers: tuple[Answer, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def place(self) -> tuple[str, str]:
        """What tells it from all others."""
        return self.student, self.notebook


def collect(
    given: Sequence[str | Path], lessons: Iterable[tuple[str, str]], wanted: Sequence[str] = ()
) -> tuple[list[Submission], list[str]]:
    """Find submissions and take the answers from them.

    Which answers a notebook should have is told by its lesson: the one it is called after, and those of which it has
    any answer cell.

    Parameters
    ----------
    given
        Notebooks, and folders of notebooks.
    lessons
        Name and lesson of each exercise that there is.
    wanted
        Names of the exercises to grade; all of them if empty.

    Returns
    -------
    submissions
        In the order of their students and notebooks.
    passed over
        A sentence for each file that was not looked at.

    Raises
    ------
    BadInput
        A path does not exist, or there is no notebook at all, or no exercise in any.
    """
    lesson_of = {name: lesson for name, lesson in lessons if not wanted or name in wanted}
    passed_over: list[str] = []
    stems = {*lesson_of.values(), *(source.stem for source in sources())}
    files: dict[Path, tuple[str, str]] = {}
    for each in map(Path, given):
        for path in _notebooks(each, passed_over):
            files.setdefault(path, _whose(path, each, stems))
    if not files:
        raise BadInput(f"there is no notebook in {', '.join(map(str, given))}", mend="name notebooks, or their folder")
    found = [_taken(path, student, notebook, lesson_of) for path, (student, notebook) in files.items()]
    if wanted:
        found = [_complete(one, found, wanted) for one in found if not _aside(one, found)]
    if not any(submission.answers for submission in found):
        known = did_you_mean("", sorted(set(lesson_of.values())), "the lessons are")
        what = f"no answer cell of any exercise is in {', '.join(map(str, given))}"
        raise BadInput(what, mend=f"name what to grade with --exercises, or {known}")
    return sorted(_told_apart(found), key=lambda submission: submission.place), passed_over


def _notebooks(given: Path, passed_over: list[str]) -> Iterator[Path]:
    """Give the notebooks that a path stands for: the file itself, or those in the folder."""
    try:
        if given.is_dir():
            yield from _below(given.resolve(), given, passed_over)
        elif given.is_file():
            yield given.resolve()
        else:
            raise BadInput(f"there is no notebook or folder {given}", mend="check the path")
    except OSError as error:
        raise BadInput(f"{given} cannot be read: {error.strerror or error}", mend="check the path") from error


def _below(folder: Path, shown: Path, passed_over: list[str], depth: int = 1) -> Iterator[Path]:
    """Walk through a folder. What in it cannot be read, somebody else's work must not suffer from."""
    for name, kind in _listed(folder):
        place, told = shown / name, _clean(str(shown / name))
        if name.startswith("."):
            continue
        if kind == "link":
            passed_over.append(f"{told} is a link and was not followed")
        elif kind == "folder" and depth >= _DEPTH_MAX:
            passed_over.append(f"{told} lies too deep: {_DEPTH_MAX} folders in each other")
        elif kind == "folder":
            try:
                yield from _below(folder / name, place, passed_over, depth + 1)
            except OSError as error:
                passed_over.append(f"{told} cannot be read: {error.strerror or error}")
        elif name.endswith(".ipynb"):
            if kind == "file":
                yield folder / name
            else:
                passed_over.append(f"{told} is no file")


def _listed(folder: Path) -> list[tuple[str, str]]:
    """Give what is in a folder, by name, and of what kind it is."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            kinds = {"link": entry.is_symlink(), "folder": entry.is_dir(), "file": entry.is_file()}
            found.append((entry.name, next((kind for kind, holds in kinds.items() if holds), "")))
    return sorted(found)


def _whose(path: Path, given: Path, lessons: set[str]) -> tuple[str, str]:
    """Tell from a path who handed it in, and what it is called there.

    A folder ``submitted`` counts where the teacher has it: above what was given, or first in it. Students could have
    one in what they hand in, with somebody else's name in it.
    """
    root = given.resolve() if given.is_dir() else path.parent
    inside = path.relative_to(root).parts
    above = root.parts[::-1]
    if _SUBMITTED in above and len(inside) + above.index(_SUBMITTED) > 1:
        inside = (*root.parts[len(above) - above.index(_SUBMITTED) :], *inside)
    elif inside[0] == _SUBMITTED and len(inside) > 2:
        inside = inside[1:]
    if len(inside) > 1:
        return _name(inside[0]), _clean("/".join(inside[1:]))
    return _name(root.name if path.stem in lessons else path.stem), _clean(path.name)


def _name(text: str) -> str:
    """Make a student's name that can be shown; whom that would make one and the same, a digest tells apart."""
    shown = _clean(text)
    return shown if shown == text else f"{shown[: _NAME_MAX - 10]} #{sha256(os.fsencode(text)).hexdigest()[:8]}"


def _clean(text: str) -> str:
    """Make a name that a terminal, a table and a page can show."""
    shown = "".join(c if c.isprintable() else "?" for c in text.encode("utf-8", "replace").decode("utf-8"))
    return shown if len(shown) <= _NAME_MAX else shown[: _NAME_MAX - 1] + "…"


def _taken(path: Path, student: str, notebook: str, lesson_of: dict[str, str]) -> Submission:
    """Read one notebook. Whatever it is, a submission comes out."""
    empty = Submission(student, notebook, path)
    by_name = {lesson for lesson in lesson_of.values() if lesson in path.stem}
    try:
        content: Notebook = read(path)
        there = {cell.name for cell in cells_of(content)}
    except BadInput as error:
        names = [name for name, lesson in lesson_of.items() if lesson in by_name]
        problem = Problem("unreadable", f"The notebook cannot be read: it {error.what}.")
        return replace(empty, answers=tuple(Answer(name, "", 0) for name in names), problems=(problem,))
    shown = by_name | {lesson for name, lesson in lesson_of.items() if name in there}
    found = answers(content, [name for name, lesson in lesson_of.items() if lesson in shown])
    whole = tuple(replace(answer, source=answer.source[: SOURCE_CHARS_MAX + 1]) for answer in found.answers)
    if not whole:
        nothing = Problem("deleted", "There is no answer cell in this notebook.")
        return replace(empty, problems=(nothing,))
    return replace(empty, answers=whole, problems=found.problems)


def _aside(one: Submission, all_of_them: list[Submission]) -> bool:
    """Tell whether a notebook has nothing of what was asked for, and another one of the same student has."""
    return not one.answers and any(other.answers for other in all_of_them if other.student == one.student)


def _complete(one: Submission, all_of_them: list[Submission], wanted: Sequence[str]) -> Submission:
    """Where it was said what to grade, a student's only notebook should have it."""
    only = sum(other.student == one.student for other in all_of_them) == 1
    missing = [name for name in wanted if name not in {answer.name for answer in one.answers}]
    if not only or not missing:
        return one
    told = () if any(problem.kind == "unreadable" for problem in one.problems) else tuple(
        Problem("deleted", "The answer cell is not there any more.", name) for name in missing
    )  # fmt: skip
    kept = tuple(problem for problem in one.problems if problem.question or problem.kind != "deleted")
    return replace(one, answers=(*one.answers, *(Answer(name, "", 0) for name in missing)), problems=kept + told)


def _told_apart(found: list[Submission]) -> Iterator[Submission]:
    """Give every submission a place of its own, and say where a student has handed in an exercise twice."""
    taken: set[tuple[str, str]] = set()
    again = _handed_in_twice(found)
    for submission in sorted(found, key=lambda one: str(one.path)):
        notebook, number = submission.notebook, 2
        while (submission.student, notebook) in taken:
            notebook, number = f"{submission.notebook} ({number})", number + 1
        taken.add((submission.student, notebook))
        more = tuple(
            Problem("doubled", "This exercise was handed in in several notebooks; the best one counts.", answer.name)
            for answer in submission.answers
            if answer.cell and again(submission.student, answer.name)
        )
        yield replace(submission, notebook=notebook, problems=submission.problems + more)


def _handed_in_twice(found: list[Submission]) -> Callable[[str, str], bool]:
    times: dict[tuple[str, str], int] = {}
    for submission in found:
        for answer in submission.answers:
            if answer.cell:
                times[submission.student, answer.name] = times.get((submission.student, answer.name), 0) + 1
    return lambda student, name: times.get((student, name), 0) > 1
