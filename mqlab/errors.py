"""Every exception mqlab raises on purpose: what is wrong, where, and how to mend it.

The command line turns each into one line on standard error and an exit code; nothing here ever needs a
traceback to be understood.
"""

from __future__ import annotations

__all__ = [
    "BadInput", "ConservationError", "EngineError", "ExerciseError", "MqlabError", "Place", "RunFolderError",
    "ScenarioError", "did_you_mean",
]

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something is wrong; ``line`` and ``column`` count from 1, 0 means "the whole file"."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if self.line == 0:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"


class MqlabError(Exception):
    """Base of all errors of the lab; ``exit_code`` is what the command line ends with."""

    exit_code = 3


class BadInput(MqlabError):  # noqa: N818 - it names what the person gave, not what we did
    """Something a person gave us cannot be used: a name, an option, a file.

    Parameters
    ----------
    what
        One sentence saying what is wrong.
    mend
        One sentence saying what to do instead (may be empty).
    place
        Where it stands, if it stands in a file.
    """

    exit_code = 2

    def __init__(self, what: str, *, mend: str = "", place: Place | None = None) -> None:
        self.what, self.mend, self.place = what, mend, place
        super().__init__(str(self))

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        mend = f"; {self.mend}" if self.mend else ""
        return f"{where}{self.what}{mend}"


class ScenarioError(BadInput):
    """A scenario file is wrong: syntax, an unknown field, a value out of range, a contradiction."""


class RunFolderError(BadInput):
    """A run folder is missing, incomplete, or of another format version."""


class EngineError(MqlabError):
    """An engine broke one of its own rules: a bug in mqlab, not in the scenario."""


class ConservationError(EngineError):
    """Fates do not add up to the obligations owed; the run cannot be trusted."""


class ExerciseError(MqlabError):
    """An exercise broke while it judged an answer: a bug in mqlab, not in the answer; nothing was graded."""


def did_you_mean(word: str, known: Iterable[str], noun: str = "known") -> str:
    """Say which of the ``known`` names is nearest to ``word``, or list them: the mend of an unknown name.

    Examples
    --------
    >>> did_you_mean("ordrs", ["orders", "payments"])
    'did you mean `orders`?'
    >>> did_you_mean("x", ["orders", "payments"])
    'known: orders, payments'
    """
    import difflib  # only needed when something is wrong

    names = list(dict.fromkeys(known))
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6) or [
        name for name in names if name.lower() == word.lower()
    ]
    if near:
        return f"did you mean `{near[0]}`?"
    if not names:
        return f"{noun}: none"
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return f"{noun}: {', '.join(names[:20])}{more}"
