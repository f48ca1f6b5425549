"""Random scenarios through every law: conservation, order, books that balance, contracts kept, lives told, determinism.

``MQLAB_HYPOTHESIS=explore`` draws new examples each time;
``make soak`` takes some fifteen times as many as ``make test``.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings

from mqlab.model import Model
from tests.properties.laws import check_everything
from tests.properties.strategies import models

SLOW_IS_FINE = list(HealthCheck)


def lawful(examples: int, *, several_nodes: bool = False) -> Callable[[], None]:
    """A test of so many random models."""

    @settings(max_examples=examples, suppress_health_check=SLOW_IS_FINE)
    @given(models(several_nodes=several_nodes, messages_max=250))
    def hold(model: Model) -> None:
        check_everything(model)

    return hold


def test_random_scenarios_keep_every_law() -> None:
    lawful(120)()


def test_random_scenarios_on_two_nodes_keep_every_law() -> None:
    lawful(60, several_nodes=True)()


@pytest.mark.soak
def test_two_thousand_random_scenarios_keep_every_law() -> None:
    lawful(2000)()


@pytest.mark.soak
def test_a_thousand_random_scenarios_on_two_nodes_keep_every_law() -> None:
    lawful(1000, several_nodes=True)()
