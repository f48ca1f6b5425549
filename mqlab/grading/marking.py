"""Marking a class: from what was handed in to a gradebook folder.

    submissions ─► questions (each text once) ─► graders ─► judgements ─► gradebook.sqlite, grades.csv, feedback/
                                    journal ◄──────┘

An answer is judged once, whoever hands it in, and once more only when something changes that its judgement depends on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mqlab.errors import BadInput
from mqlab.grading import feedback, gradebook
from mqlab.grading.exercises import NAMES, exercise
from mqlab.grading.graders import Judge, Question, Unjudged, judged
from mqlab.grading.journal import Journal, check_folder, unwritable
from mqlab.grading.judging import Judgement, judge
from mqlab.grading.marked import Graded, Marked, Marking
from mqlab.grading.process import StudentProcess
from mqlab.grading.rehearsal import rehearse
from mqlab.grading.sandbox import Tier
from mqlab.grading.seeds import hidden_seeds, read_secret
from mqlab.grading.submissions import Submission, collect

__all__ = ["JOBS_MAX", "SECRET_FILE", "HiddenJudge", "mark"]

SECRET_FILE: Final = "secret"
JOBS_MAX: Final = 64


@dataclass(frozen=True)
class HiddenJudge:
    """Judges with the seeds that only the teacher's secret tells."""

    secret: bytes = field(repr=False)
    tier: Tier

    def rehearse(self, names: Iterable[str]) -> None:
        """Set up the worlds of exercises once, for all graders that are forked later."""
        for name in names:
            rehearse(exercise(name), hidden_seeds(self.secret, name))

    def __call__(self, question: Question) -> Judgement:
        """Judge a question in a worker of its own."""
        return judge(
            exercise(question.exercise),
            question.source,
            lambda source: StudentProcess(source, tier=self.tier),
            hidden_seeds(self.secret, question.exercise),
        )


def mark(
    given: Sequence[str | Path],
    out: str | Path,
    *,
    tier: Tier,
    exercises: Sequence[str] = (),
    jobs: int | None = None,
    secret: str | Path | None = None,
    judge_with: Callable[[bytes, Tier], Judge] = HiddenJudge,
    progress: Callable[[float, str], None] | None = None,
) -> Marking:
    """Grade submissions into a gradebook folder.

    Parameters
    ----------
    given
        Notebooks and folders of notebooks, see :func:`mqlab.grading.submissions.collect`.
    out
        The folder; made if it is not there. What was graded into it earlier stays, unless it is graded again.
    tier
        The sandbox.
    exercises
        Which exercises; by default those of the lessons that the notebooks belong to.
    jobs
        Processes; by default one a core.
    secret
        The file with the teacher's secret; by default one in ``out``. It is made if it is not there.
    judge_with
        Makes the judge.
    progress
        Called with the fraction done and a word about it.

    Returns
    -------
    Marking
        Everything is in the folder as well.

    Raises
    ------
    BadInput
        There is nothing to grade, or the folder is no gradebook's: nothing has been written.
    """
    folder = Path(out)
    names = [exercise(name).name for name in exercises] or list(NAMES)
    lessons = [(name, exercise(name).lesson) for name in names]
    submissions, passed_over = collect(given, lessons, exercises)
    check_folder(folder, known=(gradebook.GRADEBOOK_FILE,))
    if exercises:
        _check_none_is_lost(folder, submissions, names)
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        key = read_secret(secret if secret is not None else folder / SECRET_FILE)
    except BaseException:
        if made:
            folder.rmdir()
        raise
    marking = Marking(folder, tier.name, passed_over=tuple(passed_over))
    with Journal(folder, key, tier.name) as journal:
        judge = judge_with(key, tier)
        results = _results(submissions, journal, judge, jobs or _cores(), marking, progress)
        marking.marked = tuple(_marked(submission, results) for submission in submissions)
        pages = feedback.write_all(folder, marking.marked, tier)
        gradebook.write(folder, marking, pages)
    return marking


def _check_none_is_lost(folder: Path, submissions: Sequence[Submission], names: Sequence[str]) -> None:
    """Refuse to put a grading of some exercises in the place of one of more."""
    lost = ", ".join(gradebook.graded_besides(folder, [each.place for each in submissions], names))
    if lost:
        mend = "grade these as well (what has been judged is not judged again), or choose another folder with --out"
        raise BadInput(f"{folder} has {lost} of these notebooks too, which would be lost", mend=mend)


def _results(
    submissions: Sequence[Submission],
    journal: Journal,
    judge: Judge,
    jobs: int,
    marking: Marking,
    progress: Callable[[float, str], None] | None,
) -> dict[Question, Judgement | Unjudged]:
    """Judge every distinct answer that has not been judged before, and write down each as it comes."""
    results: dict[Question, Judgement | Unjudged] = {}
    waiting: dict[Question, None] = {}
    for submission in submissions:
        for answer in submission.answers:
            question = Question(answer.name, answer.source)
            known = journal.find(question)
            if known is not None:
                results[question] = known
            else:
                waiting[question] = None
    marking.known = len(results)
    if isinstance(judge, HiddenJudge) and len(waiting) > 1 and jobs > 1:
        judge.rehearse(dict.fromkeys(question.exercise for question in waiting))
    for done, (question, result) in enumerate(judged(list(waiting), judge, min(jobs, JOBS_MAX)), start=1):
        results[question] = result
        if isinstance(result, Unjudged):
            marking.unjudged[question] = result.why
        else:
            journal.write(question, result)
            marking.judged += 1
        if progress is not None:
            progress(done / len(waiting), f"{done} of {len(waiting)} answers")
    return results


def _marked(submission: Submission, results: dict[Question, Judgement | Unjudged]) -> Marked:
    questions = []
    for answer in submission.answers:
        about = exercise(answer.name)
        result = results[Question(answer.name, answer.source)]
        questions.append(Graded(answer, about.title, about.points, result))
    return Marked(submission, tuple(questions))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
