"""Processes that help with a sweep: a thread here for each, which hands it tasks and takes what comes back.

The executor of the standard library is not used: this process is to take tasks out of the same line as its helpers,
and a pool of which tasks are cancelled does not survive the death of a worker (python/cpython, issue 107219 and kin).
"""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from typing import Any, Final

from mqlab.errors import EngineError

__all__ = ["Crew"]

_AHEAD: Final = 2
"""Tasks that a helper has been given: the one it does, and the one it goes on with."""

Write = Callable[[Any, Any], None]


class Crew:
    """Helpers, the line of tasks that they and this process take from, and what has been done.

    Parameters
    ----------
    count
        How many helpers; they start when the crew is entered, and wait for :meth:`begin`.
    work
        Called in a helper with what they are given to begin with, and a task; importable by its name.
    """

    def __init__(self, count: int, work: Callable[[Any, Any], Any]) -> None:
        self._line: deque[Any] = deque()
        self._owed = 0
        self._ended: SimpleQueue[tuple[Any, Any, BaseException | None]] = SimpleQueue()
        self._helpers = [_Helper(work, self._line, self._ended) for _ in range(count)]

    def begin(self, given: Any, tasks: Sequence[Any]) -> None:
        """Let helpers have what they need, and open the line."""
        self._owed = len(tasks)
        self._line.extend(tasks)
        for helper in self._helpers:
            helper.given = given
            helper.may_begin.set()

    def take(self) -> Any | None:
        """Take the next task out of the line, to do it here; None if nothing is left."""
        try:
            task = self._line.popleft()
        except IndexError:
            return None
        self._owed -= 1
        return task

    def collect(self, write: Write, *, to_the_end: bool = False) -> None:
        """Write down what has ended; wait for the rest if asked to.

        Raises
        ------
        EngineError
            A helper died.
        """
        while self._owed:
            try:
                task, outcome, wrong = self._ended.get(block=to_the_end)
            except Empty:
                return
            if wrong is not None:
                raise wrong
            self._owed -= 1
            write(task, outcome)

    def __enter__(self) -> Crew:
        try:
            for helper in self._helpers:
                helper.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End all helpers, whatever they are doing."""
        self._line.clear()
        for helper in self._helpers:
            helper.stop()


class _Helper(threading.Thread):
    """Starts a helping process and keeps it busy. All waiting is done here, so that nobody else has to."""

    def __init__(self, work: Callable[[Any, Any], Any], line: deque[Any], ended: SimpleQueue[Any]) -> None:
        super().__init__(daemon=True, name="mqlab-sweep-helper")
        self.given: Any = None
        self.may_begin = threading.Event()
        self._line, self._ended = line, ended
        self._lock, self._stopped = threading.Lock(), False
        # A fresh interpreter: a fork of this one would copy the locks of its threads (a notebook has some).
        context = get_context("spawn")
        self._here, self._there = context.Pipe()
        self._process = context.Process(target=_help, args=(self._there, work), daemon=True)

    def run(self) -> None:
        """Start the process, and exchange tasks for outcomes until no task is left."""
        with self._lock:
            if self._stopped:
                return
            _leave_interrupts_to_the_parent()
            self._process.start()
        self._there.close()
        self.may_begin.wait()
        under_way: deque[Any] = deque()
        try:
            self._here.send(self.given)
            while self._hand_out(under_way):
                outcome, wrong = self._here.recv()
                self._ended.put((under_way.popleft(), outcome, wrong))
            self._here.send(None)
        except (EOFError, OSError):
            died = EngineError(
                "a worker process of the sweep died: fewer --jobs need less memory, and a script that calls "
                'mqlab.sweep does so under `if __name__ == "__main__":`, for its workers read it as well'
            )
            self._ended.put((None, None, died))

    def _hand_out(self, under_way: deque[Any]) -> bool:
        """Keep some tasks ahead; say whether any is under way."""
        while len(under_way) < _AHEAD:
            try:
                task = self._line.popleft()
            except IndexError:
                break
            under_way.append(task)
            self._here.send(task)
        return bool(under_way)

    def stop(self) -> None:
        """End the process, and with it the thread, which then hears nothing more."""
        with self._lock:
            self._stopped = True
            if self._process.pid is not None:
                self._process.terminate()
        self.may_begin.set()
        if self.ident is not None:
            self.join()
        if self._process.pid is not None:
            self._process.join()
        self._here.close()


def _leave_interrupts_to_the_parent() -> None:
    """Block interrupts in this thread: a process inherits that, so it never sees one, not even while it starts."""
    if not hasattr(signal, "pthread_sigmask"):
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # which multiprocessing would do later, and let interrupts through again
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])


def _help(there: Connection, work: Callable[[Any, Any], Any]) -> None:
    """Do what one is told until there is nothing left; an interrupt is the parent's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        given = there.recv()
        while (task := there.recv()) is not None:
            try:
                there.send((work(given, task), None))
            except Exception as error:
                there.send((None, error))
    except (EOFError, OSError):  # the parent is gone
        return
