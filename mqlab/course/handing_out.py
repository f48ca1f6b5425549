"""Writing the student version of notebooks into a folder: all of them or none."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from mqlab.course.catalogue import handed_out
from mqlab.errors import BadInput

__all__ = ["hand_out"]


def hand_out(notebooks: Sequence[str | Path], out: str | Path, *, force: bool = False) -> list[Path]:
    """Write the student version of notebooks into a folder.

    Parameters
    ----------
    notebooks
        Files with solutions.
    out
        Made if it is not there.
    force
        Replace what is there; otherwise that is refused. The notebooks given are never replaced.

    Returns
    -------
    list of Path
        What was written, in the order given.

    Raises
    ------
    BadInput
        A notebook cannot be released, a file is there already, or the folder cannot be written: then nothing was.
    """
    folder = Path(out)
    made: dict[Path, str] = {}
    for each in map(Path, notebooks):
        target = folder / each.name
        if target in made:
            raise BadInput(f"two notebooks are called {each.name}", mend="release one of them into another folder")
        text = handed_out(each)
        if target.exists() and target.samefile(each):
            raise BadInput(f"{each} would be replaced by its own student version", mend="choose another folder")
        if os.path.lexists(target) and not force:
            raise BadInput(f"{target} is there already", mend="choose another folder, or add --force to replace it")
        made[target] = text
    _write(made, folder)
    return list(made)


def _write(texts: dict[Path, str], folder: Path) -> None:
    """Write all of them under other names first, and give them their own when nothing can go wrong any more."""
    partial = {target: target.with_name(f".{target.name}.{os.getpid()}") for target in texts}
    new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for target, text in texts.items():
            if target.is_dir():
                raise IsADirectoryError(21, "is a folder", str(target))
            partial[target].write_text(text, encoding="utf-8", errors="replace")
        for target in texts:
            partial[target].replace(target)
    except OSError as error:
        what = f"{error.filename or folder} cannot be written: {error.strerror or error}"
        raise BadInput(what, mend="choose another folder") from error
    finally:
        for path in partial.values():
            with contextlib.suppress(OSError):
                path.unlink()
        if new:
            with contextlib.suppress(OSError):
                folder.rmdir()  # only if nothing came into it
