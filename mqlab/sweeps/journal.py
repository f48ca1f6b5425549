"""The journal of a sweep: what has been done, run by run, so that an interrupted sweep goes on where it was."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from mqlab.errors import BadInput, RunFolderError
from mqlab.sweeps.working import Outcome
from mqlab.trace.parquet import NO_ROOM, saying

__all__ = ["JOURNAL_FILE", "PLAN_FILE", "Journal"]

PLAN_FILE: Final = "sweep.json"
JOURNAL_FILE: Final = "runs.jsonl"
_FORMAT: Final = "mqlab-sweep"


class Journal:
    """A sweep's folder: its plan, and a line for each run that is done.

    Parameters
    ----------
    folder
        Made if it is not there. One that holds another sweep, or anything else, is refused.
    plan
        All that results depend on, as JSON has it.

    Raises
    ------
    BadInput
        The folder holds another sweep, or is no sweep's.
    RunFolderError
        It cannot be read or written.
    """

    def __init__(self, folder: str | Path, plan: Mapping[str, Any]) -> None:
        self.folder = Path(folder).resolve()
        self._plan = {"format": _FORMAT, **plan}
        self.outcomes: dict[tuple[int, int], Outcome] = {}
        if self.folder.exists():
            self._check()
        with saying(self.folder, "cannot be made", NO_ROOM):
            self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / PLAN_FILE
        with saying(path, "cannot be written", NO_ROOM):
            partial = path.with_name(f".{PLAN_FILE}.{os.getpid()}")
            partial.write_text(json.dumps(self._plan, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            partial.replace(path)
        self._read()
        with saying(self.folder / JOURNAL_FILE, "cannot be written", NO_ROOM):
            self._file = (self.folder / JOURNAL_FILE).open("a", encoding="utf-8")

    def _check(self) -> None:
        if not self.folder.is_dir():
            raise RunFolderError(f"{self.folder} is not a folder", mend="choose another one")
        if not any(self.folder.iterdir()):
            return
        try:
            found = json.loads((self.folder / PLAN_FILE).read_bytes())
        except (OSError, ValueError, RecursionError):
            found = {}
        if not isinstance(found, dict) or found.get("format") != _FORMAT:
            what = f"{self.folder} exists and is no sweep, so nothing is written there"
            raise BadInput(what, mend="choose another folder")
        different = [name for name in self._plan if found.get(name) != json.loads(json.dumps(self._plan[name]))]
        if different:
            raise BadInput(
                f"{self.folder} holds another sweep ({', '.join(different)} differ)",
                mend="choose another folder, or remove that one",
            )

    def _read(self) -> None:
        """Take what is done; a line that an interrupt cut short is dropped."""
        path = self.folder / JOURNAL_FILE
        if not path.is_file():
            return
        with saying(path, "cannot be read"):
            content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        for line in whole.splitlines():
            try:
                outcome = json.loads(line)
                self.outcomes[outcome["point"], outcome["rep"]] = outcome
            except (ValueError, KeyError, TypeError) as error:
                raise RunFolderError(f"{path} is damaged: {error}", mend="remove the folder and sweep again") from error
        if len(whole) < len(content):
            with saying(path, "cannot be written", NO_ROOM):
                os.truncate(path, len(whole))

    def write(self, outcome: Outcome) -> None:
        """Write down one run."""
        self.outcomes[outcome["point"], outcome["rep"]] = outcome
        with saying(self.folder / JOURNAL_FILE, "cannot be written", NO_ROOM):
            self._file.write(json.dumps(outcome, allow_nan=False) + "\n")
            self._file.flush()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._file.close()
