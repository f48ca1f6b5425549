"""A student's code in a worker process: the :class:`~mqlab.grading.student.Student` that judges and worlds ask.

    with StudentProcess(source, tier=tier) as student:
        student.make("Till", Tool("bank", charge=charge))
        student.call(".message", 7)

What the code says is looked at here, once, and becomes a plain value, a verb of a tool, or one of the exceptions of
``student.py`` with a sentence for the student.
"""

from __future__ import annotations

__all__ = ["StudentProcess"]

import math
import time
from types import TracebackType
from typing import Any, Self

from mqlab.grading.budget import SOURCE_CHARS_MAX, Limits
from mqlab.grading.incarnation import HungUp, Incarnation, TooSlow
from mqlab.grading.protocol import Garbled, decode, encode, printable
from mqlab.grading.sandbox.tier import SandboxError, Tier
from mqlab.grading.sentences import died, failed, missing, syntax
from mqlab.grading.student import Babbled, Died, Hung, Missing, Plain, StudentError, Tool
from mqlab.grading.zygote import Zygote

START_S = 30.0
PASSED_ON = (TimeoutError, ConnectionError)
"""What a verb may raise for the student's code to see; anything else ends the call, as it is."""


class StudentProcess:
    """A student's code, shut in; one for each question.

    Parameters
    ----------
    source
        The answer cell.
    tier
        The sandbox, as ``mqlab.grading.sandbox.choose`` gives it.
    limits
        What it may use up.
    """

    def __init__(self, source: str, *, tier: Tier, limits: Limits | None = None) -> None:
        self._source, self._tier, self._limits = source, tier, limits or Limits()
        self._zygote: Zygote | None = None
        self._incarnation: Incarnation | None = None
        self._tools: list[Tool] = []
        self._number = 0
        self._waited_s = self._cpu_s = 0.0
        self._printed, self._printed_more = bytearray(), False
        self._begun = False
        self._broken_off = ""
        self._other: StudentProcess | None = None

    @property
    def output(self) -> str:
        """What the code has printed, all processes one after the other, up to ``limits.output_bytes``."""
        self._take_output()
        text = bytes(self._printed).decode(errors="replace")
        text = text + "\n… (more was printed)" if self._printed_more else text
        return text if self._other is None else text + self._other.output

    @property
    def sandbox(self) -> str:
        """Name of the sandbox that it runs in."""
        return self._tier.name

    def another(self) -> StudentProcess:
        """Give a second one of the same answer, always the same, its memory empty; see ``Student.another``."""
        if self._other is None:
            self._other = StudentProcess(self._source, tier=self._tier, limits=self._limits)
        self._other.kill()
        return self._other

    def make(self, name: str, *args: Plain | Tool) -> None:
        """Start a fresh process and make the object that ``name(*args)`` gives; see ``Student.make``."""
        self.kill()
        self._ask(name, args, make=True)

    def call(self, name: str, *args: Plain | Tool) -> Plain:
        """Call a function of the answer cell, or a ``.method`` of the object made; see ``Student.call``."""
        return self._ask(name, args, make=False)

    def kill(self) -> None:
        """Kill its process, if there is one."""
        self._end()

    def close(self) -> None:
        """End its process and the worker, and the second one."""
        if self._other is not None:
            self._other.close()
        self._end()
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, name: str, args: tuple[Plain | Tool, ...], *, make: bool) -> Plain:
        """One question and its answer. What it raises leaves the process alive, as an exception does in a consumer."""
        if name.startswith(".") and self._incarnation is None:
            raise Died(self._broken_off or "The process that held the object of your code is gone.")
        incarnation = self._incarnation or self._begin()
        if not incarnation.silent():
            self._end()
            raise Babbled("Your code sent something that nobody had asked for.")
        self._number += 1
        arguments = [self._tool(arg) if isinstance(arg, Tool) else {"plain": arg} for arg in args]
        order = encode({"call": self._number, "name": name, "args": arguments, "make": make})
        try:
            frame = self._converse(incarnation, order)
        except BaseException:
            self._end()
            raise
        return self._understood(frame, name)

    def _understood(self, frame: dict[str, Any], name: str) -> Plain:
        if frame.get("answer") == self._number and "value" in frame:
            value: Plain = frame["value"]
            return value
        if frame.get("failed") == self._number:
            raise failed(frame, self._source)
        if frame.get("missing") == self._number:
            raise missing(name)
        if frame.get("unplain") == self._number:
            told = printable(frame.get("what"), 100)
            raise Babbled(f"`{name.lstrip('.')}` answered with {told}: only plain values can be answered.")
        self._end()
        raise Babbled("Your code answered with something else than what it was asked.")

    def _converse(self, incarnation: Incarnation, frame: bytes) -> dict[str, Any]:
        """Send a frame, serve the tools that are used, and return the frame that ends the conversation."""
        left_s = min(self._limits.call_s, self._limits.question_s - self._waited_s)
        for _ in range(self._limits.uses):
            began = time.monotonic()
            try:
                heard = decode(incarnation.exchange(frame, left_s))
            except TooSlow:
                raise self._too_slow() from None
            except HungUp:
                raise self._why_it_ended() from None
            except Garbled as error:
                raise Babbled(f"Your code sent {error}.") from None
            finally:
                waited = time.monotonic() - began
                left_s -= waited
                self._waited_s += waited
            if not isinstance(heard, dict):
                raise Babbled("Your code sent something that is no answer.")
            if "use" not in heard:
                return heard
            frame = self._use(heard)
        raise Hung(f"Your code used tools more than {self._limits.uses:,} times in one call.")

    def _use(self, heard: dict[str, Any]) -> bytes:
        """Do what the student's code asks of a tool; its verbs may raise ``Killed``."""
        number, args, named = heard.get("use"), heard.get("args"), heard.get("named")
        if type(number) is not int or not 0 <= number < len(self._tools):
            raise Babbled("Your code used a tool that it was not given.")
        verb = self._tools[number].verbs.get(str(heard.get("verb")))
        if verb is None or not isinstance(args, list) or not isinstance(named, dict):
            raise Babbled("Your code used a tool in a way that does not exist.")
        try:
            value = verb(*args, **named)
        except PASSED_ON as error:
            return encode({"back_raises": [type(error).__name__, str(error)]})
        except TypeError as error:
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise  # not about the arguments, but from within
            return encode({"back_raises": ["TypeError", str(error)]})
        return encode({"back": value})

    def _tool(self, tool: Tool) -> dict[str, Any]:
        if tool not in self._tools:
            self._tools.append(tool)
        return {"tool": self._tools.index(tool), "name": tool.name, "verbs": list(tool.verbs)}

    def _begin(self) -> Incarnation:
        """Start a process and load the answer cell in it."""
        if self._broken_off:
            raise Died(self._broken_off)
        if len(self._source) > SOURCE_CHARS_MAX:
            raise Missing(f"The answer cell is longer than {SOURCE_CHARS_MAX:,} characters.")
        if self._waited_s >= self._limits.question_s or self._cpu_s >= self._limits.cpu_s:
            raise self._too_slow()
        incarnation = self._ready()
        self._begun = True
        try:
            frame = self._converse(incarnation, b"")
        except BaseException:
            self._end()
            raise
        if frame.get("loaded") is not True:
            self._end()
            raise syntax(frame, self._source) if frame.get("syntax") == 0 else failed(frame, self._source)
        return incarnation

    def _ready(self) -> Incarnation:
        """Have a process that is hardened and has run nothing of the student's yet."""
        try:
            if self._zygote is None:
                self._zygote = Zygote(self._source, self._tier, self._limits)
            cpu_s = max(1, math.ceil(self._limits.cpu_s - self._cpu_s))
            incarnation = self._incarnation = self._zygote.incarnate(cpu_s, self._limits)
            try:
                incarnation.exchange(b"", START_S)
            except (HungUp, TooSlow, Garbled):
                self._end()
                text = bytes(self._printed).decode(errors="replace").strip() or "it ended before it began"
                raise SandboxError(f"the sandbox `{self._tier.name}` does not work here: {text}") from None
        except SandboxError:
            if not self._begun:
                raise
            self._broken_off = "Your code has kept its worker from starting again, so this question ends here."
            raise Died(self._broken_off) from None
        return incarnation

    def _end(self) -> int | None:
        """End the process; its status. Nothing of it may be left, or the whole question ends here."""
        incarnation, self._incarnation, self._tools = self._incarnation, None, []
        if incarnation is None or self._zygote is None:
            return None
        ending = self._zygote.end(incarnation)
        self._cpu_s += ending.cpu_s
        self._keep(incarnation)
        if not ending.gone:
            self._broken_off = "Your code left something running that could not be ended, so this question ends here."
            self._zygote.close()
            self._zygote = None
            return None
        return ending.status

    def _why_it_ended(self) -> StudentError:
        before_s = self._cpu_s
        status = self._end()
        if status is None:
            return Died(self._broken_off)
        if status < 0 and self._cpu_s >= self._limits.cpu_s - 0.05 and self._cpu_s > before_s:
            return Hung(f"Your code used more than {self._limits.cpu_s:g} s of processor time.")
        return died(status)

    def _too_slow(self) -> Hung:
        if self._waited_s >= self._limits.question_s:
            return Hung(f"Your code took more than {self._limits.question_s:g} s for this question.")
        if self._cpu_s >= self._limits.cpu_s:
            return Hung(f"Your code used more than {self._limits.cpu_s:g} s of processor time.")
        return Hung(f"Your code did not answer within {self._limits.call_s:g} s.")

    def _take_output(self) -> None:
        if self._incarnation is not None:
            self._incarnation.collect()
            self._keep(self._incarnation)

    def _keep(self, incarnation: Incarnation) -> None:
        room = self._limits.output_bytes - len(self._printed)
        self._printed += incarnation.printed[:room]
        self._printed_more |= incarnation.printed_more or len(incarnation.printed) > room
        incarnation.printed.clear()
