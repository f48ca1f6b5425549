"""The parent's ends of one incarnation's three pipes: calls go in, answers and what is printed come out."""

from __future__ import annotations

__all__ = ["HungUp", "Incarnation", "TooSlow"]

import os
import select
import time
from math import ceil

from mqlab.grading.budget import Limits
from mqlab.grading.protocol import Lines

READ_BYTES = 64 * 1024
GONE_S = 1.0
"""A process that another thread of the parent is just starting may hold a copy of a pipe for a moment."""


class HungUp(Exception):  # noqa: N818 - it says what the other side did
    """The pipe has no other end any more."""


class TooSlow(Exception):  # noqa: N818 - it says what the other side was
    """Nothing came in time."""


class Incarnation:
    """One process of the student's code, as the parent sees it. It survives any bytes, and any number of them."""

    def __init__(self, calls: int, answers: int, output: int, limits: Limits) -> None:
        self._calls, self._answers, self._output = calls, answers, output
        self._lines = Lines()
        self._kept_max = limits.output_bytes
        self.printed = bytearray()
        self.printed_more = False
        self._writing, self._reading = select.poll(), select.poll()
        self._writing.register(calls, select.POLLOUT)
        self._reading.register(answers, select.POLLIN)
        self._listen(output)

    def _listen(self, output: int) -> None:
        for poll in (self._writing, self._reading):
            poll.register(output, select.POLLIN)

    def exchange(self, frame: bytes, wait_s: float) -> bytes:
        """Send a frame, if there is one, and wait for a line.

        Raises
        ------
        TooSlow, HungUp, Garbled
            There is none.
        """
        until = time.monotonic() + wait_s
        while frame:
            frame = frame[self._write(frame) :]
            if frame:
                self._wait(self._writing, until)
        while (line := self._lines.next()) is None:
            for fd in self._wait(self._reading, until):
                if fd == self._answers:
                    self._lines.add(self._read())
        return line

    def silent(self) -> bool:
        """Whether it has sent nothing that nobody asked for; to have hung up is no noise."""
        self.collect()
        noise = any(fd == self._answers and event & select.POLLIN for fd, event in self._reading.poll(0))
        return self._lines.empty and not noise

    def collect(self) -> None:
        """Take what it has printed by now: what fits into a pipe, at most."""
        for _ in range(4):
            if self._output < 0 or not self._take_output():
                break

    def hung_up(self) -> bool:
        """Whether no process holds the other end any more; to be asked when it should be so."""
        self.collect()
        until = time.monotonic() + GONE_S
        try:
            while True:
                self._wait(self._reading, until)
                self._read()
        except HungUp:
            return True
        except TooSlow:
            return False

    def close(self) -> None:
        """Let go of the pipes."""
        for fd in (self._calls, self._answers, self._output):
            if fd >= 0:
                os.close(fd)
        self._calls = self._answers = self._output = -1

    def _wait(self, poll: select.poll, until: float) -> list[int]:
        """Wait until something can be done; what is printed is taken at once."""
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise TooSlow
        ready = [fd for fd, _ in poll.poll(ceil(left_s * 1000))]
        if self._output in ready:
            self._take_output()
        return ready

    def _write(self, frame: bytes) -> int:
        try:
            return os.write(self._calls, frame)
        except BlockingIOError:
            return 0
        except OSError:
            raise HungUp from None

    def _read(self) -> bytes:
        try:
            piece = os.read(self._answers, READ_BYTES)
        except BlockingIOError:
            return b""
        if not piece:
            raise HungUp
        return piece

    def _take_output(self) -> bool:
        try:
            piece = os.read(self._output, READ_BYTES)
        except BlockingIOError:
            return False
        if not piece:  # closed by the student's code: no reason to end, but nothing to listen to
            self._writing.unregister(self._output)
            self._reading.unregister(self._output)
            os.close(self._output)
            self._output = -1
            return False
        room = self._kept_max - len(self.printed)
        self.printed += piece[: max(room, 0)]
        self.printed_more |= len(piece) > room
        return True
