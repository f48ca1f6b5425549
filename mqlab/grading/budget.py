"""What a student's code may use up, for one question."""

from __future__ import annotations

__all__ = ["SOURCE_CHARS_MAX", "Limits"]

from dataclasses import dataclass
from typing import Final

SOURCE_CHARS_MAX: Final = 200_000
"""Of an answer. Nothing of a longer one is looked at."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Times count while the parent waits for the student's code, not while the world around it moves.

    Examples
    --------
    >>> Limits(call_s=0.5).question_s
    20.0
    """

    call_s: float = 2.0
    """Wall clock for one call."""
    question_s: float = 20.0
    """Wall clock for all calls of a question."""
    cpu_s: float = 10.0
    """Processor time of all processes of a question, one after the other."""
    memory_bytes: int = 256 << 20
    """Address space of a process."""
    file_bytes: int = 0
    """Length of any file it writes."""
    open_files: int = 32
    threads: int = 32
    """Threads and processes at a time; where the worker has a user id of its own."""
    output_bytes: int = 16 << 10
    """What it prints is kept up to here, and thrown away beyond."""
    uses: int = 10_000
    """Uses of tools in one call."""
