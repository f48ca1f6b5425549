"""What docs/broker.md shows is what happens, and it names every error."""

import doctest
from pathlib import Path

import pytest

from mqlab.broker import errors

PAGE = Path(__file__).parents[2] / "docs" / "broker.md"


def test_the_page_is_true():
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert (failed, tried > 30) == (0, True)


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_is_on_the_page(name):
    assert f"`{name}`" in PAGE.read_text(encoding="utf-8")
