"""What is said to the student when the code fails: one sentence each, from words that the code itself has sent."""

from __future__ import annotations

__all__ = ["died", "failed", "missing", "syntax"]

import signal
from typing import Any

from mqlab.grading.protocol import printable
from mqlab.grading.student import Died, Failed, Missing


def missing(name: str) -> Missing:
    """Say that a name was asked for that is not there.

    Examples
    --------
    >>> str(missing(".confirmed"))
    'The object that your code made has no method `confirmed`.'
    """
    if name.startswith("."):
        return Missing(f"The object that your code made has no method `{name[1:]}`.")
    return Missing(f"The answer cell does not define `{name}`.")


def syntax(frame: dict[str, Any], source: str) -> Missing:
    """Say that the answer cell is not Python."""
    return Missing(f"The answer cell is not Python{_where(frame, source, ' in ')}: {printable(frame.get('text'))}.")


def failed(frame: dict[str, Any], source: str) -> Failed:
    r"""Say what the code has raised, and where.

    Examples
    --------
    >>> str(failed({"type": "KeyError", "text": "7", "line": 2}, "def f(x):\n    return {}[x]"))
    'Your code raised KeyError: 7 (line 2: `return {}[x]`).'
    """
    kind, text = printable(frame.get("type"), 60) or "an exception", printable(frame.get("text"))
    told = f"{kind}: {text}" if text else kind
    where = _where(frame, source, "")
    return Failed(f"Your code raised {told} ({where})." if where else f"Your code raised {told}.")


def died(status: int) -> Died:
    """Say how the process ended: an exit code, or minus a signal.

    Examples
    --------
    >>> str(died(3))
    'Your code ended its own process (exit code 3).'
    """
    if status >= 0:
        return Died(f"Your code ended its own process (exit code {status}).")
    name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
    if name == "SIGSYS":
        return Died("Your code tried something that the sandbox forbids, and was stopped.")
    if name == "SIGKILL":
        return Died("The process of your code was killed, or has hung up.")
    return Died(f"The process of your code crashed ({name}).")


def _where(frame: dict[str, Any], source: str, before: str) -> str:
    """Tell the line of the answer cell, if there is such a line."""
    lines, number = source.splitlines(), frame.get("line")
    if type(number) is not int or not 1 <= number <= len(lines):
        return ""
    told = printable(lines[number - 1].strip(), 80)
    return f"{before}line {number}: `{told}`" if told else f"{before}line {number}"
