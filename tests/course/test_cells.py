"""Reading what students hand in: whatever the file is, answers come out or a sentence that says why not."""

import json

import pytest

from mqlab.course import cells
from mqlab.errors import BadInput


def cell(source, grade_id="charge-once", kind="code", **metadata):
    return {"cell_type": kind, "metadata": {"nbgrader": {"grade_id": grade_id}, **metadata}, "source": source}


def notebook(*given):
    return {"cells": list(given), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def found(*given, names=("charge-once",)):
    return cells.answers(notebook(*given), names)


def kinds(result):
    return [problem.kind for problem in result.problems]


UNREADABLE = {
    "nothing": (b"", "Expecting value"),
    "cut short": (json.dumps(notebook(cell("x = 1"))).encode()[:-20], "is no notebook"),
    "no JSON": (b"print('hello')", "is no notebook"),
    "a picture": (b"\x89PNG\r\n\x1a\n\xff\xfe\x00", "is no notebook"),
    "a list": (b"[1, 2]", "has no cells"),
    "cells that are none": (b'{"cells": "many"}', "has no cells"),
    "a bomb of lists": (b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    "a bomb of lists without an end": (b"[" * 1_000_000, "nested too deeply"),
    "a number without end": (b'{"cells": [' + b"9" * 10_000 + b"]}", "out of all bounds"),
    "quotes without end": (b'{"cells": ["' + b'\\"' * 300_000, "is no notebook"),
    "too large": (b'{"cells": [' + b" " * cells.BYTES_MAX + b"]}", "more than 16 MiB"),
}


@pytest.mark.parametrize(("content", "word"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_notebook_is_told_in_a_sentence(content, word):
    with pytest.raises(BadInput, match=word):
        cells.parse(content, name="his.ipynb")


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BadInput, match=r"nowhere\.ipynb cannot be read"):
        cells.read(tmp_path / "nowhere.ipynb")


def test_brackets_in_strings_are_no_depth():
    source = "[" * 1000 + '\\" {' * 1000
    (answer,) = cells.answers(cells.parse(json.dumps(notebook(cell(source))).encode()), ["charge-once"]).answers
    assert answer.source == source


def test_other_encodings_are_read():
    text = json.dumps(notebook(cell("x = '中文'")), ensure_ascii=False)
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        (answer,) = cells.answers(cells.parse(text.encode(encoding)), ["charge-once"]).answers
        assert answer.source == "x = '中文'"


def test_answers_are_found_by_their_name_wherever_they_stand():
    result = found(cell("y = 2", "drain-time"), cell(["x = 1\n", "x"]), names=("charge-once", "drain-time"))
    assert [(answer.name, answer.source, answer.cell) for answer in result.answers] == [
        ("charge-once", "x = 1\nx", 2),
        ("drain-time", "y = 2", 1),
    ]
    assert result.problems == ()


def test_test_cells_and_everything_else_are_not_looked_at():
    result = found(cell("assert True", "charge-once-check"), cell("x = 1"), {"cell_type": "code", "source": "boo"})
    assert result.answers[0].source == "x = 1"


def test_a_deleted_cell_is_an_empty_answer_and_told():
    result = found()
    assert (result.answers[0].source, result.answers[0].cell) == ("", 0)
    assert kinds(result) == ["deleted"]


STUB = "def handle(order):\n    # YOUR CODE HERE\n    raise NotImplementedError()"


@pytest.mark.parametrize(
    ("copies", "graded"),
    [
        (["a = 1", "a = 2"], 2),
        (["a = 1", "  \n"], 1),
        (["a = 1", STUB], 1),
        ([STUB, "a = 1"], 2),
        ([STUB, ""], 1),
        (["a = 1", None], 1),
        (["", ""], 2),
    ],
)
def test_of_copies_the_last_with_something_in_it_counts(copies, graded):
    result = found(*map(cell, copies))
    assert result.answers[0].cell == graded
    assert kinds(result) == ["doubled"]
    assert f"cell {graded} was graded" in result.problems[0].text


@pytest.mark.parametrize("kind", ["markdown", "raw", None, 7])
def test_a_cell_made_text_is_graded_as_code(kind):
    result = found(cell("x = 1", kind=kind))
    assert result.answers[0].source == "x = 1"
    assert kinds(result) == ["retyped"]


@pytest.mark.parametrize("source", [None, 7, ["x", 7], {"x": 1}])
def test_a_cell_without_text_is_told(source):
    result = found(cell(source))
    assert result.answers[0].source == ""
    assert kinds(result) == ["broken"]


def test_half_characters_do_not_get_through():
    (answer,) = cells.answers(cells.parse(json.dumps(notebook(cell("x = '\ud800'"))).encode()), ["charge-once"]).answers
    assert answer.source.encode("utf-8") == b"x = '?'"


def test_half_characters_in_the_kind_of_a_cell_do_not_get_through_either():
    found = cells.answers(notebook(cell("x = 1") | {"cell_type": "code\ud800"}), ["charge-once"])
    assert kinds(found) == ["retyped"]
    found.problems[0].text.encode("utf-8")


ODD = [
    None,
    7,
    "cell",
    [],
    {},
    {"metadata": 7},
    {"metadata": {"nbgrader": []}},
    {"metadata": {"nbgrader": {"grade_id": 7}}},
]


def test_odd_cells_are_passed_over():
    result = found(*ODD, cell("x = 1"))
    assert (result.answers[0].source, result.problems) == ("x = 1", ())


def test_notebooks_of_format_3_are_read():
    old = {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": "charge-once"}}, "input": "x = 1"}
    content = json.dumps({"nbformat": 3, "worksheets": [{"cells": [old]}, None, {"cells": 7}]}).encode()
    (answer,) = cells.answers(cells.parse(content), ["charge-once"]).answers
    assert answer.source == "x = 1"
