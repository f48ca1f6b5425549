"""What an incarnation does: load the answer cell, answer calls, hand tools through.

It is run beside the student's code and may be changed by it at will; nothing depends on its honesty. What it sends is
looked at by the parent as if the student had sent it.

    parent → here: {"call": 3, "name": "handle", "args": [{"plain": 1}, {"tool": 0, "name": "bank", "verbs": [...]}]}
                   {"back": value} or {"back_raises": ["TimeoutError", text]}
    here → parent: {"loaded": true}, {"answer": 3, "value": …}, {"use": 0, "verb": …, "args": […], "named": {…}},
                   {"failed": 3, "type": …, "text": …, "line": …}, {"missing": 3, …}, {"unplain": 3, "what": …}
"""

from __future__ import annotations

__all__ = ["answer", "warm_up"]

import json
import os
import sys
from _thread import RLock  # threading and typing, imported for their own sake, would cost each worker 3 ms
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CELL = "<answer cell>"
DEPTH_MAX, FRAME_BYTES_MAX = 20, 64 * 1024  # as in protocol.py
RAISED: dict[str, type[Exception]] = {
    kind.__name__: kind
    for kind in (
        BrokenPipeError, ConnectionAbortedError, ConnectionError, ConnectionRefusedError, ConnectionResetError,
        TimeoutError, TypeError, ValueError,
    )
}  # fmt: skip


def written(frame: dict[str, Any]) -> bytes:
    """Write a frame as one line."""
    return json.dumps(frame, separators=(",", ":"), allow_nan=False).encode() + b"\n"


class Wire:
    """The two pipes, and who may speak: tools only while a call is under way, one at a time."""

    def __init__(self, calls: int, answers: int) -> None:
        self._calls, self._answers, self._held = calls, answers, b""
        self._lock = RLock()
        self._open = False

    def receive(self) -> Any:
        while b"\n" not in self._held:
            piece = os.read(self._calls, 65536)
            if not piece:
                os._exit(0)
            self._held += piece
        line, self._held = self._held.split(b"\n", 1)
        return json.loads(line)

    def send(self, line: bytes) -> None:
        while line:
            line = line[os.write(self._answers, line) :]

    def open(self) -> None:
        self._open = True

    def close(self, line: bytes) -> None:
        with self._lock:
            self._open = False
            self.send(line)

    def use(self, frame: dict[str, Any]) -> Any:
        with self._lock:
            if not self._open:
                raise RuntimeError("a tool can only be used while a call is under way")
            self.send(written(frame))
            return self.receive()


class Tool:
    """What the student's code gets for a tool: its verbs are methods that ask the parent."""

    def __init__(self, wire: Wire, number: int, name: str, verbs: list[str]) -> None:
        self.__name__ = name
        for verb in verbs:
            setattr(self, verb, _verb(wire, number, name, verb))

    def __repr__(self) -> str:
        return f"<{self.__name__}>"


def _verb(wire: Wire, number: int, name: str, verb: str) -> Callable[..., Any]:
    def use(*args: Any, **named: Any) -> Any:
        strange = unplain(args) or unplain(named)
        if strange:
            raise TypeError(f"{name}.{verb}() takes plain values, not {strange}")
        reply = wire.use({"use": number, "verb": verb, "args": args, "named": named})
        if "back_raises" in reply:
            kind, text = reply["back_raises"]
            raise RAISED.get(kind, RuntimeError)(text)
        return reply["back"]

    use.__name__ = use.__qualname__ = verb
    return use


def unplain(value: Any, depth: int = 1) -> str | None:
    """Say what in a value is not plain; None if all of it is."""
    if value is None or isinstance(value, (bool, str)):
        return None
    if isinstance(value, (int, float)):
        return None if value == value and abs(value) != float("inf") else f"the number {value}"
    if not isinstance(value, (list, tuple, dict)):
        return f"an object of type {type(value).__name__}"
    if depth > DEPTH_MAX:
        return f"lists nested deeper than {DEPTH_MAX}"
    if isinstance(value, dict) and not all(isinstance(key, str) for key in value):
        return "a dictionary whose keys are not strings"
    for part in value.values() if isinstance(value, dict) else value:
        strange = unplain(part, depth + 1)
        if strange:
            return strange
    return None


def answer(calls: int, answers: int, source: str) -> None:
    """Serve until the pipe ends."""
    wire = Wire(calls, answers)
    for fd, name in ((1, "stdout"), (2, "stderr")):
        setattr(sys, name, os.fdopen(fd, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False))
    cell = type(sys)("__main__")
    sys.modules["__main__"] = cell
    wire.send(written({"ready": True}))  # hardened, and nothing of the student's has been run
    failure = _guarded(0, lambda: exec(compile(source, CELL, "exec", dont_inherit=True), cell.__dict__))
    wire.send(written(failure or {"loaded": True}))
    made = None
    while True:
        order = wire.receive()
        number, name = order["call"], order["name"]
        function = getattr(made if name.startswith(".") else cell, name.lstrip("."), None)
        if not callable(function):
            wire.send(written({"missing": number, "name": name}))
            continue
        wire.open()
        line, value = _called(wire, order, function)
        if order["make"]:
            made = value
        _flush()
        wire.close(line)


def warm_up() -> None:
    """Do once in the zygote what every incarnation does at first: then its memory is there already, and shared."""
    space: dict[str, Any] = {}
    exec(compile("class A:\n    def f(self, x):\n        return [x]\n", CELL, "exec", dont_inherit=True), space)
    json.loads(written({"answer": 0, "value": space["A"]().f({"a": [1, 2.5, None]})}))


def _called(wire: Wire, order: dict[str, Any], function: Callable[..., Any]) -> tuple[bytes, Any]:
    """Call it; the line that tells the outcome, and what was returned."""
    number, line, made = order["call"], b"", None

    def act() -> None:
        nonlocal line, made
        arguments = [
            part["plain"] if "plain" in part else Tool(wire, part["tool"], part["name"], part["verbs"])
            for part in order["args"]
        ]
        made = value = function(*arguments)
        if order["make"]:
            value = None
        strange = unplain(value)
        line = written({"unplain": number, "what": strange} if strange else {"answer": number, "value": value})
        if len(line) > FRAME_BYTES_MAX:
            line = written({"unplain": number, "what": f"more than {FRAME_BYTES_MAX // 1024} KiB"})

    failure = _guarded(number, act)
    return written(failure) if failure else line, made


def _guarded(number: int, action: Callable[[], object]) -> dict[str, Any] | None:
    """Do it; the frame that tells how it failed, or None."""
    try:
        action()
    except BaseException as error:
        try:
            return _failed(error, number)
        except BaseException:
            return {"failed": number, "type": "an exception", "text": "", "line": 0}
    return None


def _failed(error: BaseException, number: int) -> dict[str, Any]:
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == CELL:
            line = trace.tb_lineno
        trace = trace.tb_next
    kind = type(error).__name__
    if isinstance(error, SyntaxError) and error.filename == CELL:
        return {"syntax": number, "text": str(error.msg)[:1000], "line": int(error.lineno or 0)}
    return {"failed": number, "type": str(kind)[:100], "text": str(error)[:1000], "line": int(line)}


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            continue
