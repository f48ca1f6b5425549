"""The index of rules of each system names tests that exist, and says where each rule is written."""

from __future__ import annotations

from importlib import import_module

import pytest

from tests.conformance.kafka import rules as kafka
from tests.conformance.rabbitmq import rules as rabbitmq
from tests.conformance.rule import Rule

SYSTEMS = {"kafka": kafka.RULES, "rabbitmq": rabbitmq.RULES}
EVERY = [(system, rule) for system, rules in SYSTEMS.items() for rule in rules]


@pytest.mark.parametrize(("system", "rule"), EVERY, ids=lambda part: part if isinstance(part, str) else part.text)
def test_a_rule_has_a_source_and_tests_that_exist(system: str, rule: Rule) -> None:
    assert rule.source.startswith("https://")
    assert rule.tests
    for name in rule.tests:
        module, _, function = name.partition("::")
        assert function.startswith("test_")
        assert callable(getattr(import_module(f"tests.conformance.{system}.{module}"), function)), name


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_rule_stands_there_twice(system: str) -> None:
    texts = [rule.text for rule in SYSTEMS[system]]
    assert len(set(texts)) == len(texts)
