"""Frames: what is plain goes through unchanged, and nothing else comes in, whatever the bytes."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.grading.protocol import DEPTH_MAX, FRAME_BYTES_MAX, INTEGER_MAX, Garbled, Lines, decode, encode, printable

NUMBERS = st.integers(-INTEGER_MAX, INTEGER_MAX) | st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner)
)


def plain(value, depth=1):
    """Whether a value is of the plain types themselves, of bounded size, and can be written again."""
    if isinstance(value, list | dict):
        parts = [*value, *value.values()] if isinstance(value, dict) else value
        return type(value) in (list, dict) and depth <= DEPTH_MAX and all(plain(part, depth + 1) for part in parts)
    if type(value) is float:
        return math.isfinite(value)
    if type(value) is int:
        return abs(value) <= INTEGER_MAX
    return value is None or type(value) is bool or (type(value) is str and value.encode() is not None)


@given(PLAIN)
def test_what_is_plain_comes_through_as_it_was(value):
    line = encode(value)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == value


@given(st.binary(max_size=200) | st.text(alphabet='[]{}",:0123456789eE+-.truefalsnNaIity\\ud8').map(str.encode))
def test_any_bytes_are_a_plain_value_or_garbled(line):
    try:
        value = decode(line)
    except Garbled:
        return
    assert plain(value)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "something that is not JSON"),
        (b"points", "something that is not JSON"),
        (b'{"a":1}{"b":2}', "something that is not JSON"),
        (b"\x00", "something that is not JSON"),
        (b'"\xff\xfe"', "text that is not Unicode"),
        ('"é"'.encode("utf-16"), "text that is not Unicode"),
        (rb'"\ud800"', "text that is not Unicode"),
        (rb'{"\udfff":1}', "text that is not Unicode"),
        (b"NaN", "NaN, which is not a number"),
        (b"[-Infinity]", "-Infinity, which is not a number"),
        (b"1e999", "a number too large to be one"),
        (b"-1e999", "a number too large to be one"),
        (b"9" * 5000, "a whole number of more than 64 bits"),
        (b"9223372036854775808", "a whole number of more than 64 bits"),
        (b"[" * 21 + b"]" * 21, "lists nested deeper than 20"),
        (b"[" * 60_000, "lists nested deeper than 20"),
        (b'{"a":' * 12_000, "lists nested deeper than 20"),
        (b'"' + b"x" * FRAME_BYTES_MAX + b'"', "more than 64 KiB at once"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(line, why):
    with pytest.raises(Garbled) as caught:
        decode(line)
    assert str(caught.value) == why


def test_the_largest_that_may_come_comes():
    deep = json.dumps(json.loads("[" * DEPTH_MAX + "]" * DEPTH_MAX)).encode()
    assert decode(deep) == json.loads(deep)
    assert decode(str(INTEGER_MAX).encode()) == INTEGER_MAX
    assert len(decode(b'"' + b"x" * (FRAME_BYTES_MAX - 2) + b'"')) == FRAME_BYTES_MAX - 2


@given(st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=8), st.data())
def test_lines_are_the_same_however_they_arrive(lines, data):
    whole, held, found = b"".join(line + b"\n" for line in lines), Lines(), []
    while whole:
        cut = data.draw(st.integers(1, len(whole)))
        held.add(whole[:cut])
        whole = whole[cut:]
        while (line := held.next()) is not None:
            found.append(line)
    assert found == lines
    assert held.empty


def test_a_line_without_end_is_given_up():
    lines = Lines()
    lines.add(b"x" * (FRAME_BYTES_MAX - 1))
    assert lines.next() is None
    assert not lines.empty
    lines.add(b"x")
    with pytest.raises(Garbled, match="more than 64 KiB"):
        lines.next()


@given(st.text())
def test_any_text_becomes_fit_for_a_sentence(text):
    short = printable(text, 50)
    assert len(short) <= 50
    assert short.isprintable()
    assert short == printable(short, 50)


def test_what_is_no_text_says_nothing():
    assert printable({"text": "x"}) == ""


def test_our_own_frames_are_plain():
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode(float("nan"))
    with pytest.raises(TypeError):
        encode({1, 2})
