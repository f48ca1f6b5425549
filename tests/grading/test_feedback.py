"""Feedback pages: what students wrote is shown and does nothing; what nobody may know is not there."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mqlab.course.cells import Answer, Problem
from mqlab.grading.counterexample import Counterexample, Step
from mqlab.grading.feedback import SHOWN_CHARS_MAX, page_of, place_of
from mqlab.grading.graders import Unjudged
from mqlab.grading.judging import Judgement, PartResult
from mqlab.grading.marked import Graded, Marked
from mqlab.grading.sandbox import choose
from mqlab.grading.submissions import Submission

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&</pre></svg></style>"
TIER = choose("limits")
ELEMENTS = """html head meta title style body main section footer h1 h2 h3 p b a span ul ol li code pre details summary
table tbody tr th td figure figcaption svg g text line rect circle polygon path"""


def marked(*questions, student="ada", notebook="05-duplication.ipynb", problems=()):
    answers = tuple(question.answer for question in questions)
    return Marked(Submission(student, notebook, Path("x"), answers, problems), questions)


def graded(judgement, source="x = 1"):
    return Graded(Answer("charge-once", source, 7), judgement.title, judgement.possible, judgement)


def judgement(*parts, title="Charge once", output="", **more):
    return Judgement("charge-once", title, parts, output, "limits", **more)


def failing(name="once", sentence="Order 1 was charged twice.", steps=(), **more):
    case = Counterexample(sentence, steps, 1)
    return PartResult(name, 4, 0, case, **{"hint": "", **more})


STEPS = (Step(0, "broker", "you", "delivers order 1"), Step(1_000_000, "you", "bank", "charges 1", "bad"))


class Page(HTMLParser):
    """What a browser makes of a page: elements with their attributes, and the text."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_what_students_wrote_is_text():
    steps = (Step(0, EVIL, "bank", EVIL, "bad"),)
    part = failing(EVIL, EVIL, steps, hint=EVIL)
    what = graded(judgement(part, failing("two", EVIL), title=EVIL, output=EVIL), source=EVIL)
    problem = Problem("broken", EVIL, EVIL)
    page = Page(page_of(marked(what, student=EVIL, notebook=f"{EVIL}.ipynb", problems=(problem,)), TIER))
    allowed = set(ELEMENTS.replace("\n", " ").split(" "))
    assert {tag for tag, _ in page.elements} <= allowed
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert not [attributes for _, attributes in page.elements if "src" in attributes]
    assert "<script>alert(1)</script>" in page.text


def test_a_page_loads_and_runs_nothing():
    page = Page(page_of(marked(graded(judgement(failing(steps=STEPS)))), TIER))
    policies = [each["content"] for _, each in page.elements if each.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]
    links = [each["href"] for _, each in page.elements if "href" in each]
    assert all(link.startswith("#") for link in links)


def test_a_failure_is_drawn_and_told_in_sentences():
    won = PartResult("calm", 2, 2)
    page = Page(page_of(marked(graded(judgement(won, failing(steps=STEPS, hint="Think of crashes.")))), TIER))
    assert "svg" in [tag for tag, _ in page.elements]
    for words in (
        "2 of 6 points",
        "0 of 4",
        "Order 1 was charged twice.",
        "broker → you: delivers order 1",
        "Think of",
    ):
        assert words in page.text
    assert "This is the shortest case found, with one message." in page.text


def test_a_case_shared_by_parts_is_drawn_once():
    source = page_of(marked(graded(judgement(failing("once", steps=STEPS), failing("twice", steps=STEPS)))), TIER)
    assert source.count("<svg") == 1
    assert "It fails in the same case as “once” above." in source


def test_a_part_without_its_needs_says_which():
    lacking = PartResult("order", 2, 0, None, ("once",), "a hint")
    page = Page(page_of(marked(graded(judgement(failing(), lacking))), TIER))
    assert "It gives points only together with “once”." in page.text
    assert "a hint" not in page.text


def test_an_answer_that_nobody_wrote_is_not_scolded():
    page = Page(page_of(marked(graded(judgement(failing(), unwritten=True))), TIER))
    assert "Nothing has been written here yet." in page.text
    assert "charged twice" not in page.text


def test_a_question_without_an_answer_is_said_to_have_none():
    page = Page(page_of(marked(graded(judgement(failing()), source=" ")), TIER))
    assert "There is no answer to this question." in page.text
    assert "charged twice" not in page.text


def test_what_could_not_be_judged_does_not_say_why():
    unjudged = Graded(Answer("charge-once", "x", 7), "Charge once", 8, Unjudged("KeyError: seed 4711"))
    page = Page(page_of(marked(unjudged), TIER))
    assert "not judged yet, of 8 points" in page.text
    assert "4711" not in page.text


def test_long_texts_are_cut_and_control_characters_seen():
    long = graded(judgement(output="\x1b[31m\x00" + "ab" * SHOWN_CHARS_MAX), source="y\n" * SHOWN_CHARS_MAX)
    source = page_of(marked(long), TIER)
    assert source.count("… (cut here)") == 2
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", source)


def test_a_line_printed_again_and_again_is_told_once():
    page = Page(page_of(marked(graded(judgement(output="hello\n" * 500 + "bye\n"))), TIER))
    assert "hello\n  … and the same 499 more times\nbye" in page.text


def test_the_sandbox_and_problems_are_named():
    problem = Problem("doubled", "The answer cell is there 2 times.", "charge-once")
    page = Page(page_of(marked(graded(judgement(failing())), problems=(problem,)), TIER))
    assert "the sandbox “limits”" in page.text
    assert "Charge once: The answer cell is there 2 times." in page.text


@pytest.mark.parametrize(
    ("student", "notebook", "begins"),
    [
        ("ada", "hw/05-duplication.ipynb", "feedback/ada/hw/05-duplication.html"),
        ("Zoë 李", "a.ipynb", "feedback/Zoë-李-"),
        ("..", "../../etc/passwd", "feedback/-"),
        ("=cmd|x", "a b.ipynb", "feedback/-cmd-x-"),
        (".hidden", "", "feedback/hidden-"),
        ("a" * 79, "x.ipynb", "feedback/" + "a" * 60 + "-"),
    ],
)
def test_pages_stay_in_their_folder(student, notebook, begins):
    place = place_of(student, notebook)
    assert str(place).startswith(begins)
    assert ".." not in place.parts
    assert place.suffix == ".html"


def test_names_that_look_alike_have_pages_of_their_own():
    assert place_of("a b", "x.ipynb") != place_of("a/b", "x.ipynb") != place_of("a-b", "x.ipynb")


@pytest.mark.parametrize("folder", ["x.html", "x.HTML"])
def test_no_page_stands_where_the_folder_of_another_one_does(folder):
    page, inside = place_of("mal", "x.ipynb"), place_of("mal", f"{folder}/y.ipynb")
    assert str(page).lower() not in [str(parent).lower() for parent in inside.parents]
