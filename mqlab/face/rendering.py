"""Rendering a run's report in a helper process, started early.

Importing the drawing library takes longer than simulating most scenarios. So a helper starts before the
simulation does and imports while the simulation runs on another core; then it gets what there is to draw on
its standard input and answers with the report on its standard output. Rows that stand in files are passed by
their paths. If it cannot start, or dies, the report is rendered in this process. It never outlives its owner:
it is killed on the way out, and ends by itself when its standard input does.
"""

from __future__ import annotations

__all__ = ["Helper", "Here", "Reporter", "render", "serve"]

import gc
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from types import TracebackType

    from mqlab.face.runs import Run


class Reporter(Protocol):
    """Whoever makes the report of a run: told to begin as early, asked for it as late as possible."""

    def begin(self, run: Run) -> None:
        """Take what there is to draw."""
        ...

    def finish(self) -> str | None:
        """Give the report as HTML, or None if there is to be none."""
        ...


def render(run: Run) -> str:
    """Render in this process."""
    from mqlab import report

    return report.render(run.trace, run.summary, run.findings, run.model, run.scenario.text)


class Here:
    """Renders in this process, when the report is asked for."""

    def begin(self, run: Run) -> None:
        """Remember the run."""
        self._run = run

    def finish(self) -> str | None:
        """Render it."""
        return render(self._run)


class Helper:
    """Renders next door. A context manager: entering starts the helper, leaving ends it whatever happened.

    Parameters
    ----------
    enabled
        False makes this a reporter that makes no report.
    meanwhile
        Something useful to do in this process while the helper draws.

    Examples
    --------
    >>> with Helper() as helper:  # doctest: +SKIP
    ...     run = perform(plan("flash-sale"), out="runs/flash-sale-1", reporter=helper)
    """

    def __init__(self, *, enabled: bool = True, meanwhile: Callable[[], object] | None = None) -> None:
        self.failure = ""
        """Why there is no report; empty if there is one, or none was wanted."""
        self._enabled, self._meanwhile = enabled, meanwhile
        self._process: subprocess.Popen[bytes] | None = None
        self._run: Run | None = None

    def __enter__(self) -> Helper:
        if self._enabled:
            try:
                self._process = _start()
            except OSError:
                self._process = None
        return self

    def begin(self, run: Run) -> None:
        """Hand the run over and return at once."""
        self._run = run
        if self._process is None or self._process.stdin is None:
            return
        try:
            packed = _packed(run)
            self._process.stdin.write(packed)
            self._process.stdin.close()
        except (OSError, pickle.PicklingError, TypeError, AttributeError):
            self._stop()  # it died, or there is something hand-made in the run that cannot be passed on

    def finish(self) -> str | None:
        """Wait for the report. A report that cannot be made is a :attr:`failure`, not an exception."""
        if not self._enabled or self._run is None:
            return None
        if self._meanwhile is not None:
            self._meanwhile()
        answer = self._answer()
        if answer is not None:
            return answer
        try:
            return render(self._run)
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"
            return None

    def _answer(self) -> str | None:
        if self._process is None or self._process.stdout is None:
            return None
        html = self._process.stdout.read()
        return html.decode("utf-8") if self._process.wait() == 0 and html else None

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # the helper may have died before it had read everything
                    pipe.close()
        process.wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()


def _start() -> subprocess.Popen[bytes]:
    shows_errors = os.environ.get("MQLAB_DEBUG", "") not in ("", "0")
    return subprocess.Popen(
        # -P: a file of the user's that is called like a module must not be taken for it
        [sys.executable, "-P", "-m", "mqlab.face.rendering"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if shows_errors else subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C goes to the owner, who then ends the helper
    )


def _packed(run: Run) -> bytes:
    """Pack what :func:`mqlab.report.render` takes, for a process that we have started ourselves."""
    import io

    from mqlab.trace.parquet import ParquetRows

    class Packer(pickle.Pickler):
        def reducer_override(self, value: Any) -> Any:
            return (
                (ParquetRows, (value.path, value.dtype)) if isinstance(value, ParquetRows) else NotImplemented
            )

    packed = io.BytesIO()
    Packer(packed, pickle.HIGHEST_PROTOCOL).dump(
        (run.trace, run.summary, run.findings, run.model, run.scenario.text)
    )
    return packed.getvalue()


def serve() -> None:
    """Be the helper: import what it takes, take a run, render it, answer."""
    gc.disable()  # a short life, most of it spent on imports
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not be taken for the answer
    received: list[bytes] = []
    # read beside the imports, so that the owner never waits for them when it hands the run over
    reader = threading.Thread(target=lambda: received.append(sys.stdin.buffer.read()))
    reader.start()
    import pyarrow.parquet  # noqa: F401

    from mqlab import report

    reader.join()
    if received[0]:
        answer.write(report.render(*pickle.loads(received[0])).encode("utf-8"))
        answer.close()


if __name__ == "__main__":
    serve()
    os._exit(0)  # the answer is out: spare the slow dismantling of the interpreter
