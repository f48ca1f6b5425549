"""The parent's end of a student's code: what can be asked of it, and every way in which it can fail.

Everything that crosses is plain JSON: None, bool, int, float, str, lists, dictionaries with string keys. The code on
the other side may call back through :class:`Tool` objects that it is handed. It is never trusted: what it says is an
action in the parent's world, and no more.
"""

from __future__ import annotations

__all__ = ["Babbled", "Died", "Failed", "Hung", "Killed", "Missing", "Plain", "Student", "StudentError", "Tool"]

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from mqlab.grading.counterexample import Step

Plain: TypeAlias = "bool | int | float | str | list[Any] | dict[str, Any] | None"


class StudentError(Exception):
    """The student's code did not do what it was asked; the text is a sentence for the student."""

    steps: tuple[Step, ...] = ()
    """What happened in the world up to there, if whoever plays it tells."""


class Missing(StudentError):  # noqa: N818 - it says what the answer did
    """The answer cell is empty, is not Python, or does not define what it should."""


class Failed(StudentError):  # noqa: N818 - it says what the answer did
    """It raised an exception. The sentence names its type, its text and the line of the answer cell."""

    def __init__(self, sentence: str, exception: str = "") -> None:
        super().__init__(sentence)
        self.exception = exception
        """The bare name of its type, such as ``NotImplementedError``."""


class Hung(StudentError):  # noqa: N818 - it says what the answer did
    """It did not answer in time."""


class Died(StudentError):  # noqa: N818 - it says what the answer did
    """Its process ended: out of memory, stopped by the sandbox, or by its own hand."""


class Babbled(StudentError):  # noqa: N818 - it says what the answer did
    """It answered with something that is not plain JSON, too large, or not what was asked."""


class Killed(Exception):  # noqa: N818 - it is no mistake
    """Raised by a verb of a tool: the world kills the student's process at this very moment.

    The call under way raises it in the parent. Whoever plays the world catches it there, and goes on with
    :meth:`Student.make` when the process is started again: nothing it remembered is left.
    """


class Tool:
    """An object that the student's code can use: its methods are functions of the parent.

    Examples
    --------
    >>> charged = []
    >>> bank = Tool("bank", charge=lambda order, cents: charged.append((order, cents)))
    >>> bank.verbs["charge"](7, 250)
    >>> charged
    [(7, 250)]
    """

    def __init__(self, name: str, /, **verbs: Callable[..., Plain]) -> None:
        self.name, self.verbs = name, verbs


class Student(Protocol):
    """A student's code in its worker process."""

    def make(self, name: str, *args: Plain | Tool) -> None:
        """Start a fresh process with the answer cell loaded, and make the object that ``name(*args)`` gives.

        What an earlier process remembered is gone: this is also how a crash is followed by a restart. Methods of the
        object are called as ``student.call(".method", …)``.
        """
        ...

    def call(self, name: str, *args: Plain | Tool) -> Plain:
        """Call a function of the answer cell (``"handle"``), or a method of the object made (``".confirmed"``).

        Without a process there is one first. Functions keep what they remember until :meth:`kill`.

        Raises
        ------
        StudentError
            It did not answer as it should.
        Killed
            A verb of a tool killed it.
        """
        ...

    def kill(self) -> None:
        """Kill its process, if there is one: a crash between two calls."""
        ...

    def another(self) -> Student:
        """Give a second process of the same answer, alive beside this one: two workers at the same work.

        It is always the same one, and has forgotten everything when it is asked for again.
        A verb of the one may call the other while its own call is under way.
        """
        ...

    @property
    def output(self) -> str:
        """What the student's code has printed so far, in all of its processes; cut where it is too much."""
        ...

    @property
    def sandbox(self) -> str:
        """Name of the sandbox that it runs in, such as ``bubblewrap``."""
        ...

    def close(self) -> None:
        """End all of its processes."""
        ...
