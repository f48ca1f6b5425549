"""The notebooks of the course: where they are, and what of them learners get."""

from __future__ import annotations

__all__ = ["SUFFIX", "folder", "handed_out", "sources"]

import json
from pathlib import Path

from mqlab.course.cells import read
from mqlab.course.releasing import released
from mqlab.errors import BadInput

SUFFIX = ".ipynb"


def folder() -> Path:
    """Say where the notebooks are: in the package once installed, beside it in a checkout.

    Raises
    ------
    BadInput
        If neither is there, so the installation is broken.
    """
    package = Path(__file__).resolve().parent.parent
    for place in (package / "_course" / "notebooks", package.parent / "notebooks"):
        if place.is_dir():
            return place
    raise BadInput("the notebooks of the course are missing", mend="install mqlab again")


def sources(place: Path | None = None) -> list[Path]:
    """List the notebooks in their order.

    Examples
    --------
    >>> sources()[0].stem
    '01-first-run'
    """
    return sorted((folder() if place is None else place).glob(f"*{SUFFIX}"))


def handed_out(source: Path) -> str:
    """Give the text of a notebook as a learner gets it: no solutions, no outputs, no pair.

    Raises
    ------
    BadInput
        It is no notebook, or its markers are wrong.
    """
    notebook = released(read(source), name=str(source))
    notebook.get("metadata", {}).pop("jupytext", None)  # there is no second file that could be kept in step
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
