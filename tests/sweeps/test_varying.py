"""What people write after --vary, and what it means."""

import pytest

from mqlab.errors import BadInput
from mqlab.sweeps.varying import axes_of, axis_of


@pytest.mark.parametrize(
    ("text", "texts", "kind"),
    [
        ("1,2,4", ("1", "2", "4"), "number"),
        ("100/s, 1k/s", ("100/s", "1k/s"), "rate"),
        ("1 ms..4 ms:4", ("1000000 ns", "2000000 ns", "3000000 ns", "4000000 ns"), "duration"),
        ("1k/s..100k/s:3:log", ("1000/s", "10000/s", "100000/s"), "rate"),
        ("1..3:5", ("1", "2", "3"), "number"),
        ("0.5..0.9:3", ("0.5", "0.7", "0.9"), "number"),
        ("1 %..3 %:3:lin", ("0.01", "0.02", "0.03"), "share"),
        ("1 KiB..3 KiB:3", ("1024 B", "2048 B", "3072 B"), "size"),
        ("auto,manual", ("auto", "manual"), "word"),
        ("{exponential: 1 ms},{uniform: {low: 1 ms, high: 2 ms}}",
         ("{exponential: 1 ms}", "{uniform: {low: 1 ms, high: 2 ms}}"), "word"),
    ],
)  # fmt: skip
def test_values_are_spelt_as_a_scenario_has_them(text, texts, kind):
    axis = axis_of("a.b", text)
    assert (axis.texts, axis.kind) == (texts, kind)
    assert len(axis.values) == len(texts)


def test_a_span_has_ten_points_unless_it_says():
    assert len(axis_of("a", "1/s..2/s").texts) == 10


def test_python_may_give_numbers_and_flags():
    assert axis_of("a", [1, 2.5]).texts == ("1", "2.5")
    assert axis_of("a", [True, False]).texts == ("true", "false")


@pytest.mark.parametrize(
    ("vary", "what"),
    [
        ([], "nothing is varied"),
        (["consumers.stock.count"], "does not say what is varied how"),
        (["=1,2"], "does not say what is varied how"),
        (["a=1,,2"], "a value of `a` is missing"),
        (["a=1,1"], "takes a value twice"),
        (["a=1,2", "a=3"], "`a` is varied twice"),
        (["a=5/s..1/s"], "which is not less than"),
        (["a=1/s..2/s:1"], "takes 1 values"),
        (["a=1/s..2/s:2000"], "takes 2000 values"),
        (["a=1/s..2/s:x"], "`:x` of `a` is not understood"),
        (["a=0 s..2 s:3:log"], "0 has no logarithm"),
        (["a=1 ms..2/s"], "no two values of one kind"),
        (["seed=1..3"], "the seed is not varied"),
        ({1: [1, 2]}, "1 is no path"),
    ],
)
def test_what_is_not_understood_is_told_in_one_line(vary, what):
    with pytest.raises(BadInput) as caught:
        axes_of(vary)
    assert what in str(caught.value)
    assert caught.value.mend
    assert "\n" not in str(caught.value)
