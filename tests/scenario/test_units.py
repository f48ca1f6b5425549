"""Quantities: what people write, what it means, and back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab import units
from mqlab.units import UnitError


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1 ns", 1),
        ("1us", 1_000),
        ("1 µs", 1_000),
        ("1 μs", 1_000),
        ("20 ms", 20_000_000),
        ("0.1 s", 100_000_000),
        ("0.3 s", 300_000_000),
        ("1.1 s", 1_100_000_000),
        ("2 min", 120_000_000_000),
        ("1 h", 3_600_000_000_000),
        ("30 d", 2_592_000_000_000_000),
        ("1_000 s", 1_000_000_000_000),
        (" 5 s ", 5_000_000_000),
        ("1e3 ns", 1_000),
        ("0", 0),
        (0, 0),
        (Decimal("0.0"), 0),
        ("1.5 ns", 2),
        ("2.5 ns", 2),
        (".5 s", 500_000_000),
        ("5. s", 5 * 10**9),
        ("1.123456789 s", 1_123_456_789),
        ("+5 s", 5_000_000_000),
    ],
)
def test_durations(text: object, ns: int) -> None:
    assert units.parse_duration(text) == ns


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("20", "no unit"),
        (20, "no unit"),
        (Decimal("0.5"), "no unit"),
        ("-1 s", "negative"),
        ("inf s", "finite"),
        ("nan", "finite"),
        ("-inf s", "finite"),
        ("1 m", "minutes or milliseconds"),
        ("1 sec", "not a unit"),
        ("31 d", "too large"),
        ("1e99 s", "absurdly large"),
        ("0.1 ns", "less than 1 ns"),
        ("", "not a duration"),
        ("s", "not a duration"),
        ("1 s 2 ms", "not a unit"),
        ("1,5 s", "not a unit"),
        (True, "not a duration"),
        (None, "not a duration"),
        (float("inf"), "finite"),
        ("1:30", "not a duration"),
        ("9" * 100 + " s", "not a"),
        ("1 S", "not a unit"),
        ("1 MS", "not a unit"),
    ],
)
def test_what_is_no_duration(value: object, what: str) -> None:
    with pytest.raises(UnitError, match=what) as caught:
        units.parse_duration(value)
    assert caught.value.mend
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("200/s", 200.0),
        ("10k/s", 1e4),
        ("10 k/s", 1e4),
        ("1.5 M/s", 1.5e6),
        ("60/min", 1.0),
        ("1/ms", 1000.0),
        ("0.1/s", 0.1),
        ("1_500 / s", 1500.0),
        ("1e9/s", 1e9),
        ("36/h", 0.01),
    ],
)
def test_rates(text: str, rate: float) -> None:
    assert units.parse_rate(text) == rate


@pytest.mark.parametrize(
    "value", ["200", "200 Hz", "5 s", "0/s", "-1/s", "1e10/s", "1/year", "/s", "inf/s", "1e-9/s", 3]
)
def test_what_is_no_rate(value: object) -> None:
    with pytest.raises(UnitError) as caught:
        units.parse_rate(value)
    assert "/" in caught.value.mend


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1 KiB", 1024),
        ("1 kB", 1000),
        ("1 KB", 1000),
        ("0", 0),
        ("100 B", 100),
        ("1.5 MiB", 1_572_864),
        ("1TiB", 2**40),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert units.parse_size(text) == size


@pytest.mark.parametrize("value", ["10", "1 Kib", "1 kb", "-1 B", "2 TiB", "0.1 B", "1 K", "x"])
def test_what_is_no_size(value: object) -> None:
    with pytest.raises(UnitError):
        units.parse_size(value)


def test_bandwidths() -> None:
    assert units.parse_bandwidth("200 MB/s") == 2e8
    assert units.parse_bandwidth("unlimited") == 0
    for value in ("200 MB", "200/s", "0 B/s", "1 MB/min", "fast"):
        with pytest.raises(UnitError):
            units.parse_bandwidth(value)


def test_counts_and_numbers() -> None:
    assert units.parse_count("10_000") == 10_000
    assert units.parse_count(Decimal("1e3")) == 1000
    assert units.parse_number("1.1") == 1.1
    for value in ("1.5", "-1", "1 s", "ten", "1e20", True, None):
        with pytest.raises(UnitError):
            units.parse_count(value)
    for value in ("-1", "1 s", "x", "1e9"):
        with pytest.raises(UnitError):
            units.parse_number(value)


def test_probabilities() -> None:
    assert units.parse_probability("1 %") == 0.01
    assert units.parse_probability("100%") == 1.0
    assert units.parse_probability(Decimal("0.3")) == 0.3
    for value in ("1.1", "101 %", "-0.1", "5 s", "x"):
        with pytest.raises(UnitError):
            units.parse_probability(value)


@given(st.integers(0, units.DURATION_MAX_NS))
def test_exact_durations_read_back(ns: int) -> None:
    assert units.parse_duration(units.format_duration(ns, digits=None)) == ns


@given(st.integers(1, units.DURATION_MAX_NS))
def test_rounded_durations_are_near(ns: int) -> None:
    text = units.format_duration(ns)
    assert abs(Decimal(text.split()[0]) * units.parse_duration(f"1 {text.split()[1]}") - ns) <= ns / Decimal(180)


@given(st.integers(0, 10**7), st.integers(0, 999_999_999))
def test_decimals_are_exact(whole: int, billionths: int) -> None:
    """0.1 + 0.2 is 0.3 here: a float on the way would be off by a nanosecond now and then."""
    if whole < 2_592_000:
        assert units.parse_duration(f"{whole}.{billionths:09d} s") == whole * 10**9 + billionths


@given(st.integers(0, units.SIZE_MAX_BYTES))
def test_exact_sizes_read_back(size: int) -> None:
    assert units.parse_size(units.format_size(size, digits=None)) == size


@given(st.integers(1, 10**9))
def test_exact_rates_read_back(rate: int) -> None:
    assert units.parse_rate(units.format_rate(float(rate), digits=None)) == rate


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (
        units.parse_duration,
        units.parse_rate,
        units.parse_size,
        units.parse_bandwidth,
        units.parse_count,
    ):
        try:
            value = parse(text)  # type: ignore[operator]
        except UnitError:
            continue
        assert value >= 0


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (1_000, "1 us"),
        (999_999, "1 ms"),
        (12_345_678, "12.3 ms"),
        (10**9, "1 s"),
        (999_999_999, "1 s"),
        (90 * 10**9, "90 s"),
        (120 * 10**9, "2 min"),
        (137_300_000_000, "137 s"),
        (-(10**6), "-1 ms"),
        (90 * 60 * 10**9, "90 min"),
        (2 * 3_600 * 10**9, "2 h"),
        (1.5e6, "1.5 ms"),
        (units.DURATION_MAX_NS, "30 d"),
    ],
)
def test_durations_for_people(ns: float, text: str) -> None:
    assert units.format_duration(ns) == text
