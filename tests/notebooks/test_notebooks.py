"""A notebook is for its reader: short cells, no magic, nothing claimed that no cell computes, one rhythm in all."""

import json
import re
from pathlib import Path

import pytest

from mqlab.errors import BadInput
from mqlab.grading import exercises
from mqlab.plots import PICTURES
from mqlab.plots.curves import CURVES
from mqlab.scenario import catalogue, load

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FIRST = "01-first-run"
"""It is shorter than a lesson, and explains the way of the others."""
LESSONS = [path for path in NOTEBOOKS if path.stem != FIRST]
LINES_MAX = 20
CELLS = range(40, 61)
TERMS_MIN = 5
CHECKED = "nbval-check-output"
ANSWER = {"schema_version": 3, "cell_type": "code", "grade": False, "locked": False, "solution": True, "task": False}
CHECK = {"schema_version": 3, "cell_type": "code", "grade": True, "locked": True, "solution": False, "task": False}
SOLUTION = re.compile(r"^ *### BEGIN SOLUTION\n.*?^ *### END SOLUTION$", re.MULTILINE | re.DOTALL)
PREDICTION = re.compile(r"^(\w+) = mqlab\.predict\(", re.MULTILINE)
RHYTHM = (
    "What you will be able to do", "Predict", "Read the number", "Explain one message", "Change one thing",
    "Exercises", "Key points", "Do you recall?", "In the real system", "Where to go next",
)  # fmt: skip
"""Headings of a lesson, in this order. They may go on (`Change one thing: …`), and others may stand between them."""
LAST_CELL = RHYTHM[-4:]

notebooks = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
lessons = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def every_cell(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def cells(path, kind):
    found = [cell for cell in every_cell(path) if cell["cell_type"] == kind]
    assert found
    return found


def source(cell):
    return "".join(cell["source"])


def words(path):
    return "\n".join(source(cell) for cell in cells(path, "markdown"))


def programs(path):
    return "\n".join(source(cell) for cell in cells(path, "code"))


def is_checked(cell):
    return CHECKED in cell["metadata"].get("tags", [])


def headings(text):
    """Headings of the second rank; a comment in a listing is none."""
    bare = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^## (.+)$", bare, re.MULTILINE)


def section(text, title):
    return re.split(r"^## ", text.partition(f"## {title}")[2], maxsplit=1, flags=re.MULTILINE)[0]


def graded(path):
    """Pair every answer cell with the code cell after it."""
    found = cells(path, "code")
    return [
        (cell, found[i + 1] if i + 1 < len(found) else None)
        for i, cell in enumerate(found)
        if cell["metadata"].get("nbgrader", {}).get("solution")
    ]


def set_here(path):
    """Names of the exercises that a lesson sets, in order."""
    return [answer["metadata"]["nbgrader"]["grade_id"] for answer, _ in graded(path)]


def test_there_are_notebooks():
    wanted = ["04-loss", "05-duplication", "06-ordering", "07-flash-sale", "08-latency-and-throughput"]
    assert NOTEBOOKS[0].stem == FIRST
    assert {path.stem for path in LESSONS} >= set(wanted)


@notebooks
def test_it_runs_on_any_python(path):
    kernel = json.loads(path.read_text(encoding="utf-8"))["metadata"]["kernelspec"]
    assert kernel["name"] == "python3"


@notebooks
def test_cells_are_short_and_plain(path):
    for cell in cells(path, "code"):
        text = SOLUTION.sub("    # YOUR CODE HERE", source(cell))  # as a learner gets it
        assert len(text.splitlines()) <= LINES_MAX, text
        assert not re.search(r"^\s*[%!]|import \*|\b(pip|conda) install\b|pyplot", text, re.MULTILINE), text
        compile(source(cell), path.name, "exec")


@notebooks
def test_only_words_that_are_checked_are_kept(path):
    """Pictures come anew with every run; `tools/notebooks` renews the rest."""
    for cell in cells(path, "code"):
        outputs = cell["outputs"]
        assert bool(outputs) == is_checked(cell), source(cell)
        for output in outputs:
            if output["output_type"] == "stream":
                assert output["name"] == "stdout"
            else:
                assert output["output_type"] == "execute_result"
                assert set(output["data"]) <= {"text/plain", "text/html"}


@notebooks
def test_most_of_what_is_shown_is_checked(path):
    """Pictures, predictions and answers show no words of their own."""
    shows = [
        is_checked(cell)
        for cell in cells(path, "code")
        if not re.search(r"\.plot\(|\.player\(|mqlab\.(predict|explore)\(|BEGIN SOLUTION", source(cell))
    ]
    assert sum(shows) >= len(shows) / 2


@notebooks
def test_what_is_printed_is_checked(path):
    for cell in cells(path, "code"):
        if re.search(r"^\s*print\(|\.beside\(|\.explain\(|mqlab\.compare\((?!.*\.plot)", source(cell), re.MULTILINE):
            assert is_checked(cell), source(cell)


@notebooks
def test_every_prediction_is_shown_beside_what_came_out(path):
    predicted = set()
    for cell in cells(path, "code"):
        text = source(cell)
        shown = {name for name in predicted if f"{name}.beside(" in text}
        asked = set(PREDICTION.findall(text))
        assert all(re.search(rf"^{name}$", text, re.MULTILINE) for name in asked), f"the field is never shown: {text}"
        predicted = (predicted - shown) | asked
    assert PREDICTION.search(programs(path)), "nothing is predicted"
    assert not predicted, f"never shown beside an outcome: {predicted}"


def test_the_reader_predicts_before_the_first_run():
    texts = [source(cell) for cell in cells(ROOT / "notebooks" / f"{FIRST}.ipynb", "code")]
    first = next(number for number, text in enumerate(texts) if "mqlab.run(" in text)
    assert any(PREDICTION.search(text) for text in texts[:first])


@notebooks
def test_it_ends_with_what_to_keep_what_to_ask_and_where_to_go(path):
    end = every_cell(path)[-1]
    assert end["cell_type"] == "markdown"
    wanted = [title for title in LAST_CELL if path in LESSONS or title != "In the real system"]
    assert headings(source(end)) == wanted
    assert len(re.findall(r"^\d\. .+", section(source(end), "Do you recall?"), re.MULTILINE)) == 3


@notebooks
def test_what_it_names_exists(path):
    text = programs(path) + "\n" + words(path)
    calls = r'mqlab\.(?:run|sweep|explore|load)\(\s*"([^"]+)"|\bload\("([^"]+)"\)'
    typed = r"mqlab (?:run|check|sweep) ([a-z][\w-]*)"
    scenarios = {name for names in re.findall(f"{calls}|{typed}", text) for name in names if name}
    assert scenarios
    assert scenarios <= {name for name, *_ in catalogue.shipped()}
    assert set(re.findall(r'\.plot\(\s*"([^"]+)"', text)) <= {*PICTURES, *CURVES}
    for override in re.findall(r'^[A-Z_]+ = ["\'](\w[\w.]*=.*)["\']$', text, re.MULTILINE):
        assert any(fits(name, override) for name in scenarios), override


def fits(scenario, override):
    try:
        load(scenario, overrides=[override])
    except BadInput:
        return False
    return True


@lessons
def test_a_lesson_has_its_length(path):
    assert len(every_cell(path)) in CELLS


@lessons
def test_a_lesson_begins_with_a_question_and_a_picture(path):
    first = source(every_cell(path)[0])
    assert re.match(rf"# {int(path.stem[:2])} · .+\?$", first.splitlines()[0]), "the title is no question"
    before = programs_before(path, "What you will be able to do")
    assert ".plot(" in before, "no picture before the goals"


def programs_before(path, title):
    found = []
    for cell in every_cell(path):
        if cell["cell_type"] == "markdown" and f"## {title}" in source(cell):
            return "\n".join(found)
        if cell["cell_type"] == "code":
            found.append(source(cell))
    raise AssertionError(f"there is no heading `## {title}`")


@lessons
def test_a_lesson_keeps_the_rhythm(path):
    ranks = headings(words(path))
    at = -1
    for title in RHYTHM:
        later = [i for i, heading in enumerate(ranks) if i > at and heading.startswith(title)]
        assert later, f"`## {title}` is not where it belongs: {ranks}"
        at = later[0]


@lessons
def test_a_lesson_predicts_runs_and_tells_one_life(path):
    before, told = programs_before(path, "Read the number"), programs(path)
    assert "mqlab.predict(" in before
    assert ".explain(" in told
    assert '"space_time"' in told
    assert len(re.findall(r"mqlab\.(?:run|sweep)\(", told)) >= 3, "nothing is changed"


@lessons
def test_terms_come_with_their_chinese_name(path):
    """At their first use: in bold, then the name in parentheses."""
    terms = re.findall(r"\*\*[^*]+\*\*,? ?\(?(?:\w+, )?([\u4e00-\u9fff]+)\)", words(path))
    assert len(set(terms)) >= TERMS_MIN, terms
    assert len(set(terms)) == len(terms), "a name is given once"


@lessons
def test_exercises_are_of_this_lesson_and_complete(path):
    names = set_here(path)
    assert 2 <= len(names) <= 3
    registered = [name for name in exercises.NAMES if exercises.exercise(name).lesson == path.stem]
    assert sorted(names) == sorted(registered)
    for (answer, check), name in zip(graded(path), names, strict=True):
        exercise = exercises.exercise(name)
        assert answer["metadata"]["nbgrader"] == {**ANSWER, "grade_id": name}
        assert SOLUTION.search(source(answer)), "no solution to take out"
        released = SOLUTION.sub("", source(answer))
        assert re.search(rf"^(?:def|class) {exercise.entry}\b", released, re.MULTILINE)
        assert "mqlab" not in source(answer), "an answer stands on its own"
        assert check is not None
        assert check["metadata"]["nbgrader"] == {**CHECK, "grade_id": f"{name}-check", "points": exercise.points}
        assert f'mqlab.check_exercise("{name}", {exercise.entry})' in source(check)
        assert is_checked(check), "the reference has to show its full marks"


@lessons
def test_exercises_stand_in_their_section(path):
    begun = False
    for cell in every_cell(path):
        if cell["cell_type"] == "markdown":
            begun = begun or "Exercises" in headings(source(cell))
        assert begun or "nbgrader" not in cell["metadata"]


@lessons
def test_the_real_system_is_shown_as_it_is(path):
    """A listing that can be read as Python, with the version it is of and where that is written."""
    real = section(source(cells(path, "markdown")[-1]), "In the real system")
    listings = re.findall(r"^```(\w+)\n(.*?)^```$", real, re.MULTILINE | re.DOTALL)
    assert listings
    for language, text in listings:
        if language == "python":
            compile(text, path.name, "exec")
    assert re.search(r"\d+\.\d+", real), "of which version?"
    assert "https://" in real, "where is it written?"
