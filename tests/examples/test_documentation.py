"""What docs/tasks.md shows is what happens."""

import doctest
from pathlib import Path


def test_the_page_is_true():
    page = Path(__file__).parents[2] / "docs" / "tasks.md"
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert (failed, tried > 30) == (0, True)
