"""Tables of tests that stand in several files of one folder, a file a topic."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def gathered(folder: str, prefix: str, name: str) -> list[Any]:
    """What is called ``name`` in every module ``PREFIX*.py`` of ``tests/FOLDER``, in the order of the files."""
    files = sorted((ROOT / "tests" / folder).glob(f"{prefix}*.py"))
    return [getattr(import_module(f"tests.{folder}.{file.stem}"), name) for file in files]
