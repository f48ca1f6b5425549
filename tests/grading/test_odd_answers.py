"""Odd answers: whatever plain value comes, from a function or into a verb, costs the answer points and nothing else.

An exercise that trips over a value of the student's would end the grading of that question for everybody.
"""

from __future__ import annotations

import ast

import pytest

from mqlab.grading.exercise import Exercise
from mqlab.grading.exercises import NAMES, exercise
from mqlab.grading.judging import judge
from mqlab.grading.seeds import PUBLIC_SEEDS
from tests.grading.answers_of import reference
from tests.grading.tame import TameStudent

ODD = [
    "None", "True", "0", "-1", "1.5", "10**30", "float('nan')", "float('inf')", "''", "'x' * 100_000", "[]", "{}",
    "[[]]", "[None]", "[1, 'a', {}]", "{'a': [1]}", "{'': None}", "[0] * 5_000", "[[[[[]]]]]", "'\\x00\\ud800'",
    "{1, 2}", "object()",
]  # fmt: skip

PRYING = """
def _pry(given, odd):
    for thing in given:
        for name in [one for one in dir(thing) if not one.startswith('_')]:
            if type(thing).__module__ == 'builtins':
                continue
            for args in ((), (odd,), (odd, odd), (odd, odd, odd), (1,), (1, odd), (odd, 1)):
                getattr(thing, name)(*args) if {brave} else _quietly(getattr(thing, name), args)

def _quietly(verb, args):
    try:
        verb(*args)
    except Exception:
        pass
"""


def odd_answer(one: Exercise, odd: str, *, brave: bool) -> str:
    """Define what the reference defines, with every function answering ``odd`` and using every verb with it."""
    body = [f"_pry(given, {odd})", f"return {odd}"]
    if one.entry[:1].islower():
        return PRYING.format(brave=brave) + f"def {one.entry}(*given):\n    " + "\n    ".join(body)
    heads = [node for node in ast.parse(reference(one)).body if isinstance(node, ast.ClassDef)]
    methods = [node.name for head in heads for node in head.body if isinstance(node, ast.FunctionDef)]
    told = [f"class {one.entry}:", "    def __init__(self, *given):", "        self.given = given"]
    for name in methods:
        if name != "__init__":
            told += [f"    def {name}(self, *given):", "        given += self.given"]
            told += [f"        {line}" for line in body]
    return PRYING.format(brave=brave) + "\n".join(told)


@pytest.mark.parametrize("brave", [False, True], ids=["goes on", "stops"])
@pytest.mark.parametrize("name", NAMES)
def test_odd_values_are_worth_nothing_and_break_nothing(name: str, brave: bool) -> None:
    one = exercise(name)
    for odd in ODD:
        judgement = judge(one, odd_answer(one, odd, brave=brave), TameStudent, PUBLIC_SEEDS)
        assert judgement.points == 0, (odd, judgement.parts)
