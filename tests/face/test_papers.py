"""Published tables: the same machines give the same figures, in the same order."""

from __future__ import annotations

import pytest

from mqlab.errors import BadInput
from mqlab.face.papers import PAPERS, paper, rows_of
from mqlab.jit import JIT

TOLERANCE = 0.15


@pytest.mark.skipif(not JIT, reason="ten million records take an hour interpreted")
def test_linkedin_2014() -> None:
    """Every row within 15 % of the published figure, and all of them in the published order."""
    rows = list(rows_of("linkedin-2014"))
    found = {row["name"]: round(row["ratio"], 3) for row in rows}
    assert all(abs(ratio - 1) <= TOLERANCE for ratio in found.values()), found
    rates = [row for row in rows if row["unit"] == "records/s"]
    published = sorted(rates, key=lambda row: row["published"])
    simulated = sorted(rates, key=lambda row: row["simulated"])
    assert [row["name"] for row in simulated] == [row["name"] for row in published]


@pytest.mark.skipif(not JIT, reason="millions of records take an hour interpreted")
@pytest.mark.parametrize(
    ("system", "least", "most"), [("Kafka", 0.0, 0.1), pytest.param("RocketMQ", 0.75, 1.05, marks=pytest.mark.soak)]
)
def test_from_64_to_256_topics(system: str, least: float, most: float) -> None:
    """A log for each partition loses at least 90 %, one commit log for all at most 25 %; the same disk."""
    rows = [row for row in rows_of("topics", only=lambda row: row.name.startswith(system)) if row["published"]]
    assert [row["name"] for row in rows] == [f"{system}, kept from 64 to 256"]
    assert least <= rows[0]["simulated"] <= most


def test_rows_of_a_paper_have_one_calibration() -> None:
    """No scenario of a paper has figures of hardware of its own: only the layout of files may differ."""
    from mqlab import scenario

    for name, entry in PAPERS.items():
        machines = set()
        for row in entry.rows:
            loaded = scenario.load(row.scenario)
            hardware = loaded.model.cluster.hardware
            assert hardware is not None
            machines.add((hardware.broker, hardware.client, hardware.record_overhead_bytes, hardware.fetch_bytes))
            assert len(loaded.attached) == 1
        assert len(machines) == 1, name


def test_a_paper_that_is_not_there() -> None:
    with pytest.raises(BadInput, match="there is no paper `linkedin-2015`"):
        paper("linkedin-2015")
