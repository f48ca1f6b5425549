"""``mqlab grade``: notebooks of a class in, a gradebook and a feedback page for each out."""

from __future__ import annotations

__all__ = ["grade"]

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mqlab.cli.options import Json
from mqlab.errors import BadInput, did_you_mean

if TYPE_CHECKING:
    from mqlab.grading.marked import Marked, Marking

EXIT_UNJUDGED = 3


def grade(
    submissions: Annotated[
        list[Path], typer.Argument(metavar="SUBMISSIONS…", help="Notebooks, or folders of notebooks.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Gradebook, table and feedback go there.")],
    exercises: Annotated[
        str | None, typer.Option("--exercises", metavar="A,B", help="Which exercises; by default those of the lessons.")
    ] = None,
    lesson: Annotated[
        str | None, typer.Option("--lesson", metavar="NAME", help="Only the exercises of this lesson.")
    ] = None,
    jobs: Annotated[
        str | None, typer.Option("--jobs", metavar="N", help="Graders at a time; by default one a core.")
    ] = None,
    sandbox: Annotated[
        str, typer.Option("--sandbox", metavar="TIER", help="auto: the strongest here; require: or none; or its name.")
    ] = "auto",
    allow_limits: Annotated[
        bool, typer.Option("--allow-limits", help="Where no sandbox holds: limits only. For code that you trust.")
    ] = False,
    secret: Annotated[
        Path | None,
        typer.Option("--secret", metavar="FILE", help="What hidden seeds are drawn from; by default DIR/secret."),
    ] = None,
    json: Json = False,
) -> int:
    """Grade notebooks with hidden seeds, each answer in a sandbox.

    Interrupted, it keeps what is graded; the same command goes on from there.
    """
    from mqlab.cli.console import Progress, print_json
    from mqlab.cli.words import whole
    from mqlab.grading.marking import JOBS_MAX, mark
    from mqlab.grading.sandbox import choose

    workers = whole(jobs, "--jobs", JOBS_MAX)
    if workers == 0:
        raise BadInput("--jobs takes at least 1", mend="leave it out for one a core")
    names = _chosen(exercises, lesson)
    with Progress("grading") as progress:
        marking = mark(
            submissions, out, tier=choose(sandbox, allow_limits=allow_limits), exercises=names, jobs=workers,
            secret=secret, progress=progress,
        )  # fmt: skip
    if json:
        print_json(_object(marking))
    else:
        _print(marking)
    return EXIT_UNJUDGED if marking.unjudged else 0


def _chosen(exercises: str | None, lesson: str | None) -> list[str]:
    """Read which exercises to grade; empty: those of the lessons that the notebooks belong to."""
    from mqlab.grading.exercises import NAMES, exercise

    if exercises is not None and lesson is not None:
        raise BadInput("--exercises and --lesson exclude each other", mend="leave one out")
    if exercises is not None:
        names = [name.strip() for name in exercises.split(",") if name.strip()]
        if not names:
            raise BadInput("--exercises names none", mend=did_you_mean("", NAMES, "there are"))
        return list(dict.fromkeys(exercise(name).name for name in names))
    if lesson is None:
        return []
    lessons: dict[str, list[str]] = {}
    for name in NAMES:
        lessons.setdefault(exercise(name).lesson, []).append(name)
    if lesson not in lessons:
        mend = did_you_mean(lesson, lessons, "there are")
        raise BadInput(f"there is no lesson {lesson!r} with exercises", mend=mend)
    return lessons[lesson]


def _object(marking: Marking) -> dict[str, Any]:
    return {
        "out": str(marking.folder),
        "sandbox": marking.sandbox,
        "judged": marking.judged,
        "known": marking.known,
        "unjudged": [{"exercise": question.exercise, "why": why} for question, why in marking.unjudged.items()],
        "passed_over": list(marking.passed_over),
        "submissions": [_submission(marked) for marked in marking.marked],
    }


def _submission(marked: Marked) -> dict[str, Any]:
    submission = marked.submission
    return {
        "student": submission.student,
        "notebook": submission.notebook,
        "points": marked.points,
        "possible": marked.possible,
        "questions": {
            question.answer.name: {"points": question.points, "possible": question.possible}
            for question in marked.questions
        },
        "problems": [
            {"kind": problem.kind, "exercise": problem.question, "text": problem.text}
            for problem in submission.problems
        ],
    }


def _print(marking: Marking) -> None:
    from rich.markup import escape

    from mqlab.cli.console import plain_table, screen
    from mqlab.cli.words import counted
    from mqlab.grading.gradebook import GRADEBOOK_FILE, GRADES_FILE

    table = plain_table("student", "notebook", "points", "of", "", right=(2, 3))
    for marked in marking.marked:
        points = "–" if marked.points is None else str(marked.points)
        told = counted(len(marked.submission.problems), "problem") if marked.submission.problems else ""
        table.add_row(*map(escape, (*marked.submission.place, points, str(marked.possible), told)))
    out = screen()
    out.print(table)
    for text in marking.passed_over:
        out.print(f"[fair]passed over:[/] {escape(text)}", soft_wrap=True)
    for question, why in marking.unjudged.items():
        out.print(f"[bad]not judged:[/] {escape(f'{question.exercise}: {why}')}", soft_wrap=True)
    known = f" ({counted(marking.known, 'was', 'were')} judged before)" if marking.known else ""
    answers = counted(marking.judged + marking.known, "different answer")
    out.print(f"{answers} judged in the sandbox {escape(marking.sandbox)}{known}", soft_wrap=True)
    where = escape(str(marking.folder))
    out.print(f"{where}: {GRADEBOOK_FILE}, {GRADES_FILE}, feedback/", soft_wrap=True)
