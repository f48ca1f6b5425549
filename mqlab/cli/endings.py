"""How a command ends: one line on standard error and one exit code, whatever happened.

Errors that a person can mend are told without a traceback; errors that are ours say how to see it.
"""

from __future__ import annotations

__all__ = [
    "Terminated",
    "flushed",
    "internal",
    "interruptible",
    "one_line",
    "prepare_process",
    "reader_has_gone",
    "say",
    "tell",
    "usage",
]

import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from types import FrameType

from mqlab.errors import MqlabError, did_you_mean

REPEAT_S = 0.05


class Interrupted(KeyboardInterrupt):
    """Ctrl-C came.

    A kind of its own, because Python remembers a plain KeyboardInterrupt that passes through ``exec`` of a text
    (importing makes classes that way) and, although it was caught, dies of SIGINT in the end instead of giving
    the exit code.
    """


class Terminated(BaseException):
    """SIGTERM came. Not an Exception, so that nothing but clean-up code stands in its way."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM unwind the stack from wherever they find us, so that clean-up code runs.

    An exception raised inside a callback from C (the compiler has some) is reported and forgotten by Python. So
    where that happens to an interruption, it is made again a moment later.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def terminate(_signal: int, _frame: FrameType | None) -> None:
        raise Terminated

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise Interrupted

    def forgotten(lost: sys.UnraisableHookArgs) -> None:
        again = {Interrupted: signal.SIGINT, Terminated: signal.SIGTERM}.get(lost.exc_type)
        if again is None:
            hook_before(lost)
        else:
            timer = threading.Timer(REPEAT_S, os.kill, [os.getpid(), again])
            timer.daemon = True
            timer.start()

    before, hook_before = signal.signal(signal.SIGTERM, terminate), sys.unraisablehook
    keyboard_before = signal.getsignal(signal.SIGINT)
    if keyboard_before is signal.default_int_handler:  # a process started with Ctrl-C ignored goes on ignoring it
        signal.signal(signal.SIGINT, interrupt)
    sys.unraisablehook = forgotten
    try:
        yield
    except Exception as error:
        behind = error.__cause__  # Python makes a RuntimeError of what is raised while a class is being made
        if isinstance(behind, Interrupted | Terminated):
            raise behind from None
        raise
    finally:
        sys.unraisablehook = hook_before
        signal.signal(signal.SIGTERM, before)
        if keyboard_before is signal.default_int_handler:
            signal.signal(signal.SIGINT, keyboard_before)


def prepare_process() -> None:
    """Set up what holds for the whole command.

    Importing makes many objects and hardly any garbage, so the collector is told to look less often. A
    terminal that cannot show a character shows a question mark instead of an error.
    """
    gc.set_threshold(100_000, 20, 20)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace" if stream is sys.stderr else "replace")


def one_line(text: str) -> str:
    """Squeeze a message into one printable line: no line breaks, no terminal control characters."""
    squeezed = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in squeezed)


def say(text: str, code: int) -> int:
    """Print ``mqlab: text`` on standard error and hand back the exit code."""
    print(f"mqlab: {one_line(text)}", file=sys.stderr)  # noqa: T201
    return code


def tell(error: MqlabError) -> int:
    """End with an error that mqlab raised on purpose."""
    _show_traceback_if_wanted()
    return say(str(error), error.exit_code)


def usage(error: Exception) -> int:
    """End with a command line that cannot be understood (the parser's own words, ours in form)."""
    format_message = getattr(error, "format_message", None)
    text = str(format_message() if format_message else error).strip().rstrip(".")
    command = getattr(getattr(error, "ctx", None), "command_path", "mqlab")
    mend = f"see {command} --help"
    unknown = getattr(error, "option_name", None)
    if unknown and text.startswith("No such option"):
        text = f"there is no option {unknown}"
        near = getattr(error, "possibilities", None)
        mend = did_you_mean(unknown, near) if near else mend
    return say(f"{text[:1].lower()}{text[1:]}; {mend}", 2)


def internal(error: Exception) -> int:
    """End with something that should not have happened."""
    if isinstance(error, MemoryError):
        return say("not enough memory; a smaller duration, or --trace counts, needs less", 3)
    if isinstance(error, OSError):
        _show_traceback_if_wanted()
        return say(f"the system refused: {error}", 3)
    shown = _show_traceback_if_wanted()
    advice = "" if shown else " (set MQLAB_DEBUG=1 to see the traceback)"
    return say(f"internal error, a bug in mqlab: {type(error).__name__}: {error}{advice}", 3)


def _show_traceback_if_wanted() -> bool:
    wanted = os.environ.get("MQLAB_DEBUG", "") not in ("", "0")
    if wanted:
        import traceback

        traceback.print_exc()
    return wanted


def flushed(code: int) -> int:
    """Flush standard output here, so that a reader who has gone is not noticed at the very end."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return reader_has_gone(code)
    return code


def reader_has_gone(code: int = 0) -> int:
    """Whoever read our output (``| head``) has enough: no error; later writes go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return code
