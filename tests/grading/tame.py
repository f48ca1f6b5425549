"""A student's code in our own process: for tests of judges and worlds, whose answers can be trusted."""

from __future__ import annotations

import ast
import contextlib
import io
import json
from typing import Any

from mqlab.grading.student import Babbled, Failed, Killed, Missing, Plain, StudentError, Tool


class _Proxy:
    def __init__(self, tool: Tool) -> None:
        for name, verb in tool.verbs.items():
            setattr(self, name, verb)


class _OfTheWorld(BaseException):
    """What a verb raised, carried past the answer's own ``except``."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _carrying(verb: Any) -> Any:
    def use(*args: Any) -> Any:
        try:
            return verb(*args)
        except (TimeoutError, ConnectionError):
            raise
        except TypeError as error:
            if error.__traceback__ is not None and error.__traceback__.tb_next is None:
                raise  # about the arguments, so the answer's own
            raise _OfTheWorld(error) from error
        except Exception as error:
            raise _OfTheWorld(error) from error

    return use


class TameStudent:
    """Implements :class:`mqlab.grading.student.Student` without a process: quick, and safe for our own answers only."""

    sandbox = "none: a test"

    def __init__(self, source: str) -> None:
        self._source, self._object = source, None
        self._names: dict[str, Any] | None = None
        self._printed = io.StringIO()
        self._other: TameStudent | None = None

    def make(self, name: str, *args: Plain | Tool) -> None:
        self.kill()
        self._object = self._asked(self._find(name), args)

    def call(self, name: str, *args: Plain | Tool) -> Plain:
        function = getattr(self._object, name[1:], None) if name.startswith(".") else self._find(name)
        if function is None:
            raise Missing(f"there is no {name}")
        value = self._asked(function, args)
        try:
            return json.loads(json.dumps(value))
        except (TypeError, ValueError):
            raise Babbled(f"{name} gave something that is not plain") from None

    def kill(self) -> None:
        self._names, self._object = None, None

    def another(self) -> TameStudent:
        self._other = self._other or TameStudent(self._source)
        self._other.kill()
        return self._other

    @property
    def output(self) -> str:
        return self._printed.getvalue()

    def close(self) -> None:
        self.kill()

    def _find(self, name: str) -> Any:
        if self._names is None:
            names: dict[str, Any] = {"__name__": "answer"}
            try:
                ast.parse(self._source)
            except SyntaxError as error:
                raise Missing(f"the answer is not Python: {error.msg}") from None
            self._asked(lambda: exec(self._source, names), ())
            self._names = names
        if name not in self._names:
            raise Missing(f"the answer does not define {name}")
        return self._names[name]

    def _asked(self, function: Any, args: tuple[Any, ...]) -> Any:
        given = [_Proxy(Tool(arg.name, **{k: _carrying(v) for k, v in arg.verbs.items()})) if isinstance(arg, Tool)
                 else arg for arg in args]  # fmt: skip
        try:
            with contextlib.redirect_stdout(self._printed):
                return function(*given)
        except _OfTheWorld as carried:
            self.kill()
            raise carried.error from None
        except (Killed, StudentError):
            raise
        except Exception as error:
            self.kill()
            raise Failed(f"it raised {type(error).__name__}: {error}", type(error).__name__) from None
