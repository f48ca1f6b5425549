"""The same run however it is computed: tests that a topic's file imports beside its own fixture ``models``."""

from __future__ import annotations

import pytest

from mqlab.core import machine
from mqlab.engines import simulation
from mqlab.model import Model
from tests.engines.test_determinism import Cramped, digests, elsewhere

__all__ = [
    "expected",
    "test_every_index_is_within_bounds",
    "test_interpreted_kernels_give_the_same_digest",
    "test_pauses_and_growing_records_change_nothing",
]


@pytest.fixture(scope="module")
def expected(models: list[Model]) -> list[str]:
    return digests(models)


def test_interpreted_kernels_give_the_same_digest(models: list[Model], expected: list[str]) -> None:
    assert len(set(expected)) == len(models)
    assert elsewhere(models, MQLAB_JIT="0") == expected


def test_every_index_is_within_bounds(models: list[Model], expected: list[str]) -> None:
    assert elsewhere(models, MQLAB_BOUNDS_CHECK="1") == expected


def test_pauses_and_growing_records_change_nothing(
    models: list[Model], expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulation, "Machine", Cramped)
    monkeypatch.setattr("mqlab.core.build._HEADROOM", 320)
    monkeypatch.setattr("mqlab.core.build._FIRST_SIZE", 0)
    monkeypatch.setattr(machine, "BUDGET", 3)
    assert digests(models) == expected
