"""Places for run folders: which may be used, and how a folder takes its place in one step."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path, PurePosixPath

from mqlab.errors import RunFolderError
from mqlab.trace.parquet import saying

__all__ = ["FORMAT", "RUN_FILE", "check_target", "make_parents", "make_partial", "take_place"]

FORMAT = "mqlab-run"
RUN_FILE = "run.json"
ELSEWHERE = "choose another folder"


def check_target(folder: Path) -> None:
    """Refuse a place where a run must not go: a file, or a folder with anything mqlab did not write.

    Free, and safe, are: nothing, an empty folder, a run folder (of any version) that holds nothing foreign.

    Raises
    ------
    RunFolderError
        Says what stands there.
    """
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir():
        raise RunFolderError(f"{folder} is not a folder", mend=ELSEWHERE)
    with saying(folder, "cannot be read", ELSEWHERE):
        if not any(folder.iterdir()):
            return
    ours = _written_by_us(folder)
    if ours is None:
        raise RunFolderError(f"{folder} exists and is no run folder, so it is not replaced", mend=ELSEWHERE)
    with saying(folder, "cannot be read", ELSEWHERE):
        present = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    folders = {str(parent) for name in ours for parent in PurePosixPath(name).parents}
    foreign = sorted(present - ours - folders)
    if foreign:
        raise RunFolderError(
            f"{folder} also holds {foreign[0]}, which mqlab did not write, so it is not replaced",
            mend=f"move that away, or {ELSEWHERE}",
        )


def _written_by_us(folder: Path) -> set[str] | None:
    """Names of the files that a run folder says are its own; None if it is no run folder."""
    try:
        info = json.loads((folder / RUN_FILE).read_bytes())
        return {str(name) for name in info["files"]} if info["format"] == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def make_parents(folder: Path) -> list[Path]:
    """Make missing parents and list those made, outermost first."""
    missing = []
    parent = folder.parent
    while not parent.exists():
        missing.append(parent)
        parent = parent.parent
    with saying(folder.parent, "cannot be made", ELSEWHERE):
        folder.parent.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def make_partial(folder: Path) -> Path:
    """Make the hidden sibling in which a run grows."""
    for number in range(1000):
        tail = f"-{number}" if number else ""
        partial = folder.with_name(f".{folder.name}.partial-{os.getpid()}{tail}")
        with saying(partial, "cannot be made", ELSEWHERE):
            try:
                partial.mkdir()
            except FileExistsError:
                continue
        return partial
    raise RunFolderError(
        f"{folder.parent} is full of unfinished runs", mend="remove its .*.partial-* folders"
    )


def take_place(partial: Path, folder: Path) -> None:
    """Let ``partial`` stand at ``folder``; what stood there is removed once it has been swapped out."""
    try:
        os.rename(partial, folder)  # nothing there, or an empty folder: one step on every POSIX system
        return
    except OSError:
        if not folder.is_dir():
            raise
    if not _exchange(partial, folder):
        aside = partial.with_name(partial.name + "-old")
        os.rename(folder, aside)
        try:
            os.rename(partial, folder)
        except BaseException:
            os.rename(aside, folder)
            raise
        partial = aside
    shutil.rmtree(partial, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step where Linux can; False where it cannot."""
    import ctypes

    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    try:
        renameat2 = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError):
        return False
    return bool(renameat2(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0)
