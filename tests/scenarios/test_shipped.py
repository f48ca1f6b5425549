"""Every shipped scenario does what its expectations say, by the contract, whatever the seed, and quickly."""

from __future__ import annotations

import re

import pytest

import mqlab
from mqlab.scenario import load
from tests.scenarios.shipped import NAMES, commands, head, summary
from tests.support.gather import gathered

TOPICS = {"flash", "registration", "stock", "loss", "duplicate", "order", "dispatch", "first", "quorum", "bad"}
TOPICS |= {name.partition("-")[0] for rows in gathered("scenarios", "opposites_", "ROWS") for name, *_ in rows}
"""A file of opposites is about one topic or a few."""
LARGE = {"flash-sale", "flash-sale-direct"}
ON_ITS_OWN = {"first-run"}
"""Has its commands in the first notebook."""


def test_the_course_has_its_scenarios_and_names_tell_the_topic() -> None:
    assert len(NAMES) >= 24
    assert sorted(NAMES) == NAMES
    assert {name.partition("-")[0] for name in NAMES} <= TOPICS


@pytest.mark.parametrize("name", NAMES)
def test_the_head_comment_has_a_title_and_ways_to_the_opposite(name: str) -> None:
    lines = head(name)
    assert re.fullmatch(r"# [A-Z].*\w\.", lines[0])
    assert len(lines[0]) <= 120
    assert lines[1] == "#"
    assert any(line.startswith("# To see the opposite") for line in lines)
    if name not in ON_ITS_OWN:
        assert any(command.verb == "run" for command in commands(name))


@pytest.mark.parametrize("name", NAMES)
def test_commands_in_the_head_comment_are_such_that_mqlab_takes(name: str) -> None:
    for command in commands(name):
        assert command.verb in {"run", "compare"}
        assert len(command.names) == (1 if command.verb == "run" else 2)
        for other in command.names:
            load(other, overrides=command.sets)


@pytest.mark.parametrize("seed", [None, 2, 11])
@pytest.mark.parametrize("name", NAMES)
def test_expectations_hold_whatever_the_seed_and_the_contract_too(name: str, seed: int | None) -> None:
    found = summary(name, seed)
    assert [each for each in found["expectations"] if not each["holds"]] == []
    assert found["violations"] == []
    assert found["verdict"] == "holds"
    fates = dict(found["fates"])
    assert sum(fates.pop("lost").values()) + sum(fates.values()) == found["messages"]["owed"]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_run_and_another_seed_another(name: str) -> None:
    again = mqlab.run(name, trace="counts").summary
    assert again["trace_digest"] == summary(name)["trace_digest"] != summary(name, 2)["trace_digest"]


@pytest.mark.parametrize("name", NAMES)
def test_each_is_small_enough_to_be_tried_at_once(name: str) -> None:
    assert 1_000 <= summary(name)["messages"]["created"] <= 40_000
    assert summary(name)["events"] <= (700_000 if name in LARGE else 200_000)
