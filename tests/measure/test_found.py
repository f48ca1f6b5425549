"""What an expectation found, spelt for people."""

from __future__ import annotations

import pytest

from mqlab.measure.found import format_found


@pytest.mark.parametrize(
    ("text", "value", "spelt"),
    [
        ("latency.max > 5 s", 12_378_739_309, "12.4 s"),
        ("145 ms < stages.created_confirmed.mean < 155 ms", 150_163_269.2, "150 ms"),
        ("stages.created_sent.count > 0", 1500, "1,500"),
        ("throughput.created > 340/s", 363.15, "363/s"),
        ("10 s > latency.p99 and lost == 0", 2_000_000, "2 ms"),
        ("latency.p99 / latency.p50 < 9", 2.5, "2.5"),
        ("99 % <= fates.processed / messages.owed", 0.99123, "0.991"),
        ("queues.a2.depth_max == 10_000", 10_000, "10,000"),
        ("not (latency.p50 > 1 ms)", 4_000_000, "4 ms"),
        ("utilisation.broker.cpu < 50 %", 0.25, "0.25"),
        ("1 < 2", 1, "1"),
        ("lost == 0", None, "–"),
    ],
)
def test_a_time_is_spelt_as_a_time_and_a_count_as_a_count(text: str, value: float | None, spelt: str) -> None:
    assert format_found(text, value) == spelt
