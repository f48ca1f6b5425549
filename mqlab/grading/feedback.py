"""The feedback page: what a submission got, and for what it did not get, the shortest case in which it fails.

A page needs nothing from anywhere else, and nothing in it is run: it says so to the browser (Content-Security-Policy).
Names, answers, output and exceptions are what students wrote, so everything is escaped. A page knows nothing of seeds,
of the secret, or of anybody else's submission.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from pathlib import Path, PurePosixPath
from pkgutil import get_data
from typing import Final

from mqlab import __version__
from mqlab.grading.counterexample import Counterexample
from mqlab.grading.drawing import sentences, svg
from mqlab.grading.gradebook import replaced
from mqlab.grading.graders import Unjudged
from mqlab.grading.journal import unwritable
from mqlab.grading.judging import Judgement, PartResult
from mqlab.grading.marked import Graded, Marked
from mqlab.grading.sandbox import Tier
from mqlab.markup import Html, el, join, marked

__all__ = ["FEEDBACK_FOLDER", "page_of", "place_of", "write_all"]

FEEDBACK_FOLDER: Final = "feedback"
SHOWN_CHARS_MAX: Final = 8_000
"""Of an answer or of what it printed."""
STEPS_MAX: Final = 60
_NOT_IN_NAMES: Final = re.compile(r"[^\w.-]+")
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def write_all(folder: Path, submissions: Sequence[Marked], tier: Tier) -> dict[tuple[str, str], str]:
    """Write a page for each submission, and give their places within the folder.

    Raises
    ------
    BadInput
        A page cannot be written.
    """
    places = {}
    for each in submissions:
        place = place_of(*each.submission.place)
        path = folder / place
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(path.parent, error) from error
        text = page_of(each, tier)
        replaced(path, lambda partial, text=text: partial.write_text(text, encoding="utf-8", errors="replace"))  # type: ignore[misc]
        places[each.submission.place] = place.as_posix()
    return places


def place_of(student: str, notebook: str) -> PurePosixPath:
    """Say where the page of a submission stands: ``feedback/STUDENT/NOTEBOOK.html``.

    What cannot stand in the name of a file is replaced, and told apart by a digest.

    Examples
    --------
    >>> str(place_of("ada", "a/05-duplication.ipynb"))
    'feedback/ada/a/05-duplication.html'
    """
    names = [student, *notebook.removesuffix(".ipynb").split("/")]
    *folders, page = map(_file_name, names)
    return PurePosixPath(FEEDBACK_FOLDER, *folders, f"{page}.html")


def _file_name(text: str) -> str:
    plain = _NOT_IN_NAMES.sub("-", text).lstrip(".")[:60]
    like_a_page = plain.lower().endswith(".html")  # a folder x.html would stand where the page of x.ipynb does
    digest = sha256(text.encode()).hexdigest()[:8]
    return plain if plain and plain == text and not like_a_page else f"{plain}-{digest}"


def page_of(marked: Marked, tier: Tier) -> str:
    """Give the whole page of a submission."""
    submission = marked.submission
    css = (get_data(__name__, "feedback.css") or b"").decode("utf-8")
    title = PurePosixPath(submission.notebook).stem
    head = join(
        [
            Html('<meta charset="utf-8">'),
            Html(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
            Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            Html('<meta name="color-scheme" content="light dark">'),
            Html('<meta name="referrer" content="no-referrer">'),
            el("title", f"{title}: {_of(marked.points, marked.possible)}"),
            el("style", Html(css)),
        ]
    )
    body = el(
        "main",
        el("h1", title),
        el("p", f"Handed in by {submission.student}: {submission.notebook}", class_="under"),
        el("p", _of(marked.points, marked.possible), class_="total"),
        _overview(marked),
        *_problems(marked),
        *(_question(question, number) for number, question in enumerate(marked.questions, start=1)),
        _footer(tier),
    )
    return "<!DOCTYPE html>\n" + el("html", el("head", head), "\n", el("body", body), lang="en") + "\n"


def _of(points: int | None, possible: int) -> str:
    return f"not judged yet, of {possible} points" if points is None else f"{points} of {possible} points"


def _overview(submission: Marked) -> Html | None:
    if len(submission.questions) < 2:
        return None
    rows = [
        el(
            "tr",
            el("th", el("a", question.title, href=f"#question-{number}"), scope="row"),
            el("td", _of(question.points, question.possible), class_="number"),
        )
        for number, question in enumerate(submission.questions, start=1)
    ]
    return el("table", el("tbody", *rows))


def _problems(submission: Marked) -> Iterator[Html]:
    """Tell what was not as it had been handed out."""
    found = submission.submission.problems
    if not found:
        return
    titles = {question.answer.name: question.title for question in submission.questions}
    items = []
    for problem in found:
        about = titles.get(problem.question, problem.question)
        items.append(el("li", el("b", f"{about}: ") if about else None, problem.text))
    yield el("h2", "What was not as handed out")
    yield el("ul", *items)


def _question(question: Graded, number: int) -> Html:
    result = question.result
    points = el("span", _of(question.points, question.possible), class_="points")
    head = el("h2", el("span", question.title), points, id=f"question-{number}")
    if isinstance(result, Unjudged):
        sorry = "This answer could not be judged, for a reason that is not yours. Your teacher has been told."
        return el("section", head, el("p", sorry))
    said = "There is no answer to this question." if not question.answer.source.strip() else None
    said = "Nothing has been written here yet." if result.unwritten else said
    return el("section", head, el("p", said) if said else None, *_judged(result, not said), *_kept(question, result))


def _judged(judgement: Judgement, answered: bool) -> Iterator[Html]:
    """Tell what came of each part; who has not answered is not told how the answer fails."""
    drawn: dict[Counterexample, str] = {}
    for part in judgement.parts:
        mark = el("span", "✓ " if part.won else "✗ ", class_="good" if part.won else "bad")
        points = el("span", f"{part.won} of {part.possible}", class_="points")
        yield el("h3", el("span", mark, *marked(part.name)), points)
        if not part.won and answered:
            yield from _failure(part, drawn)


def _failure(part: PartResult, drawn: dict[Counterexample, str]) -> Iterator[Html]:
    """Show why a part gives nothing; the same case is not drawn twice."""
    case = part.counterexample
    if case is not None and case in drawn:
        yield el("p", f"It fails in the same case as “{drawn[case]}” above.")
    elif case is not None:
        drawn[case] = part.name
        if not case.steps:
            yield el("p", el("b", *marked(case.sentence)))
        else:
            yield el("figure", Html(svg(case)), el("figcaption", _size(case)))
            told = sentences(case.steps[:STEPS_MAX])
            more = len(case.steps) - len(told)
            items = [el("li", line) for line in (*told, *([f"… and {more} more steps"] if more else []))]
            yield el("details", el("summary", "The same in sentences"), el("ol", *items))
    elif part.lacking:
        names = ", ".join(f"“{name}”" for name in part.lacking)
        yield el("p", f"It gives points only together with {names}.", class_="soft")
    if part.hint and case is not None:
        yield el("p", *marked(part.hint), class_="hint")


def _size(case: Counterexample) -> str:
    if not case.size:
        return "This is the shortest case found."
    messages = "one message" if case.size == 1 else f"{case.size} messages"
    return f"This is the shortest case found, with {messages}."


def _kept(question: Graded, judgement: Judgement) -> Iterator[Html]:
    """Show what was graded and what it printed: only what its author knows already."""
    if judgement.output.strip():
        printed = _shown(_without_repeats(judgement.output))
        yield el("details", el("summary", "What your code printed"), el("pre", printed))
    if question.answer.source.strip():
        summary = el("summary", f"The answer that was graded (cell {question.answer.cell})")
        yield el("details", summary, el("pre", _shown(question.answer.source)))


def _without_repeats(text: str) -> str:
    """Tell a line that is printed many times once: every case is played in a process of its own."""
    told = []
    for line, same in groupby(text.splitlines()):
        more = sum(1 for _ in same) - 1
        told += [line] if more == 0 else [line, f"  … and the same {more} more times"]
    return "\n".join(told)


def _shown(text: str) -> str:
    """Cut a text, and make control characters visible."""
    cut = text[:SHOWN_CHARS_MAX] + ("\n… (cut here)" if len(text) > SHOWN_CHARS_MAX else "")
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in cut)


def _footer(tier: Tier) -> Html:
    ran = f"Your code ran in the sandbox “{tier.name}” ({tier.summary}) and was judged by what it did there"
    return el("footer", f"{ran}, in worlds that nobody knew beforehand. Graded by mqlab {__version__}.")
