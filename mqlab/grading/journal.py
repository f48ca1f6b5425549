"""The journal of a gradebook folder: what has been judged, so that an interrupted grading goes on where it was.

A judgement is filed under a digest of everything it depends on: exercise, answer, hidden seeds, sandbox, and the code
of this package. So an answer that was judged is not judged again, whoever hands it in, until one of these changes.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from mqlab.errors import BadInput
from mqlab.grading.graders import Question
from mqlab.grading.judging import Judgement
from mqlab.grading.records import judgement_from, judgement_json

__all__ = ["JOURNAL_FILE", "Journal", "check_folder", "unwritable"]

JOURNAL_FILE: Final = "judged.jsonl"
_OURS: Final = {"format": "mqlab-grades", "version": 1}


def check_folder(folder: Path, *, known: Iterable[str]) -> None:
    """Refuse a folder that is somebody's and no gradebook's.

    Raises
    ------
    BadInput
        It is a file, or it has something in it and none of the files ``known`` to make a gradebook's folder.
    """
    try:
        if not folder.exists():
            return
        if not folder.is_dir():
            raise BadInput(f"{folder} is not a folder", mend="choose another one with --out")
        names = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise BadInput(f"{folder} cannot be read: {error.strerror or error}", mend="choose another folder") from error
    if names and not names & {JOURNAL_FILE, *known}:
        what = f"{folder} exists and holds no gradebook, so nothing is written there"
        raise BadInput(what, mend="choose another folder with --out")


def unwritable(path: Path, error: OSError) -> BadInput:
    """Say that something in the folder cannot be written."""
    return BadInput(f"{path} cannot be written: {error.strerror or error}", mend="choose another folder with --out")


class Journal:
    """What has been judged, in a file with a line for each.

    Parameters
    ----------
    folder
        The gradebook's.
    secret
        The teacher's: what keys are made with.
    sandbox
        The name of the sandbox.

    Raises
    ------
    BadInput
        It cannot be written, is damaged, or somebody else is grading into it.
    """

    def __init__(self, folder: Path, secret: bytes, sandbox: str) -> None:
        self._path, self._secret, self._sandbox = folder / JOURNAL_FILE, secret, sandbox
        self._known: dict[str, Judgement] = {}
        try:
            self._file = self._path.open("a+b")
            _lock(self._file, folder)
            self._read()
        except OSError as error:
            raise unwritable(self._path, error) from error

    def find(self, question: Question) -> Judgement | None:
        """Give what is known of a question."""
        return self._known.get(self.key(question))

    def write(self, question: Question, judgement: Judgement) -> None:
        """Write a judgement down."""
        key = self.key(question)
        self._known[key] = judgement
        self._append({"key": key, "judgement": judgement_json(judgement)})

    def key(self, question: Question) -> str:
        """Tell a question under these seeds in this sandbox from any other."""
        parts = [_code_digest(), self._sandbox, question.exercise, question.source]
        return hmac.digest(self._secret, json.dumps(parts).encode(), "sha256").hex()

    def _append(self, content: dict[str, Any]) -> None:
        try:
            self._file.write(json.dumps(content).encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise unwritable(self._path, error) from error

    def _read(self) -> None:
        """Take what is there; a line that an interrupt cut short is dropped."""
        self._file.seek(0)
        content = self._file.read()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(self._path, len(whole))
        if not whole:
            self._append(_OURS)
            return
        head, *lines = whole.splitlines()
        try:
            if json.loads(head) != _OURS:
                raise ValueError("it is of another version")
            for line in lines:
                found = json.loads(line)
                self._known[found["key"]] = judgement_from(found["judgement"])
        except (ValueError, KeyError, TypeError) as error:
            mend = "remove the file; everything is judged anew then"
            raise BadInput(f"{self._path} is damaged: {error}", mend=mend) from error

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._file.close()


def _lock(file: Any, folder: Path) -> None:
    """Keep others out; the lock goes with the process."""
    try:
        import fcntl
    except ImportError:  # no Unix: two gradings at a time are up to the teacher there
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BadInput(f"somebody is grading into {folder} already", mend="wait until that is done") from None


@cache
def _code_digest() -> str:
    """Digest the code that judges: with a new version everything is judged anew."""
    digest = sha256()
    package = Path(__file__).parent
    for path in sorted(package.rglob("*.py")):
        digest.update(f"{path.relative_to(package).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()
