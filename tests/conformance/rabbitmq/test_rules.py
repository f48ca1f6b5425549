"""The index of rules names tests that exist, and says where each rule is written."""

from __future__ import annotations

from importlib import import_module

import pytest

from tests.conformance.rabbitmq.rules import RULES, Rule


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.text)
def test_a_rule_has_a_source_and_tests_that_exist(rule: Rule) -> None:
    assert rule.source.startswith("https://")
    assert rule.tests
    for name in rule.tests:
        module, _, function = name.partition("::")
        assert function.startswith("test_")
        assert callable(getattr(import_module(f"tests.conformance.rabbitmq.{module}"), function)), name


def test_no_rule_stands_there_twice() -> None:
    texts = [rule.text for rule in RULES]
    assert len(set(texts)) == len(texts)
