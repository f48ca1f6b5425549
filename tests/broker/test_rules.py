"""Each rule of RabbitMQ that the simulation keeps is kept here too, by a test that exists, or has no occasion to be."""

from importlib import import_module

import pytest

from tests.broker.rules import KEPT, NO_OCCASION
from tests.conformance.rabbitmq.rules import RULES


@pytest.mark.parametrize("test", sorted(set(KEPT.values())))
def test_the_test_of_a_rule_exists(test):
    module, _, function = test.partition("::")
    assert callable(getattr(import_module(f"tests.broker.{module}"), function))


def test_every_rule_is_kept_or_has_no_occasion():
    texts = {rule.text for rule in RULES}
    assert set(KEPT) & set(NO_OCCASION) == set()
    assert set(KEPT) | set(NO_OCCASION) == texts
    assert len(KEPT) >= 60
