"""Plain values: what is meant passes, everything else is one sentence for the student and nothing worse."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.grading import plain
from mqlab.grading.student import Babbled

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
CHECKS: list[Callable[[Any, str], Any]] = [
    plain.number,
    plain.whole,
    plain.truth,
    plain.text,
    plain.listing,
    plain.mapping,
    plain.nothing,
    lambda value, what: plain.choice(value, what, ["send", 1, True, None]),
    lambda value, what: plain.listing(value, what, plain.whole, most=2),
    lambda value, what: plain.number(value, what, at_least=0, at_most=1),
]


@given(value=ANYTHING)
def test_nothing_plain_trips_a_check(value: Any) -> None:
    for check in CHECKS:
        told = "the value"
        try:
            check(value, "the value")
        except Babbled as error:
            told = str(error)
        assert "the value" in told
        assert len(told) < 300


@pytest.mark.parametrize(
    ("check", "value", "sentence"),
    [
        (plain.number, True, "must be a number, but it is True"),
        (plain.number, [3], "must be a number, but it is [3]"),
        (plain.number, math.inf, "must be a finite number"),
        (plain.whole, 2.5, "must be a whole number, but it is 2.5"),
        (plain.truth, 1, "must be True or False, but it is 1"),
        (plain.text, "x" * 300, "at most 200 characters, but it has 300"),
        (plain.listing, {"a": 1}, 'must be a list, but it is {"a": 1}'),
        (plain.nothing, 0, "should return nothing, but it returns 0"),
        (CHECKS[7], "sent", "did you mean `send`"),
        (CHECKS[8], [1, "2"], 'entry 1 of it must be a number, but it is "2"'),
        (CHECKS[8], [1, 2, 3], "at most 2 entries, but it has 3"),
        (CHECKS[9], -0.5, "must be at least 0, but it is -0.5"),
        (CHECKS[9], 2, "must be at most 1, but it is 2"),
    ],
)
def test_the_sentence_says_what_is_wrong(check: Any, value: Any, sentence: str) -> None:
    with pytest.raises(Babbled) as caught:
        check(value, "it")
    assert sentence in str(caught.value)


def test_one_is_not_true() -> None:
    """``1 == True`` in Python; what was asked for is told by its type, too."""
    assert plain.choice(True, "it", [1, True]) is True
    with pytest.raises(Babbled):
        plain.choice(1.0, "it", [1, True])
