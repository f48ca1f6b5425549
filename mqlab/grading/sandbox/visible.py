"""What of this machine a worker has to see: the interpreter, its library, and the shared objects of both. No more.

Installed packages are not among it: one of them may be this very course, with the solutions.
"""

from __future__ import annotations

__all__ = ["Visible", "visible"]

import os
import sys
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mqlab.grading.interpreter import python

PACKAGES = ("site-packages", "dist-packages")


@dataclass(frozen=True, slots=True)
class Visible:
    """Folders and files, all with their real names."""

    files: tuple[Path, ...]
    folders: tuple[Path, ...]
    hidden: tuple[Path, ...]
    """Folders within the others that must not be seen."""

    def pieces(self) -> list[Path]:
        """Return the same without what is hidden, for who can only allow whole folders.

        Folders that hold something hidden stand for their entries then.
        """
        found = list(self.files)
        for folder in self.folders:
            within = {hidden.relative_to(folder).parts[0] for hidden in self.hidden if hidden.is_relative_to(folder)}
            if within:
                found += [entry for entry in folder.iterdir() if entry.name not in within]
            else:
                found.append(folder)
        return found


@cache
def visible() -> Visible:
    """Return what the interpreter of the workers needs on this machine."""
    bases = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix, "installed_base": sys.base_prefix}
    library = {Path(os.__file__).resolve().parent}
    for name in ("stdlib", "platstdlib"):
        folder = Path(sysconfig.get_path(name, vars=bases)).resolve()
        if folder.is_dir():
            library.add(folder)
    hidden = tuple(entry for folder in library for entry in folder.iterdir() if entry.name in PACKAGES)
    files, folders = {Path(python()[0])}, set(library)
    for shared in _shared_objects():
        if any(shared.is_relative_to(folder) for folder in library):
            continue
        if any(inner.is_relative_to(shared.parent) for inner in library):  # such as lib/, over lib/python3.11/
            files |= {file for file in shared.parent.glob("*.so*") if file.is_file()}
        else:
            folders.add(shared.parent)
    files |= {loader for place in ("/lib", "/lib64") for loader in Path(place).glob("ld-*.so*")}
    return Visible(tuple(sorted(files)), tuple(sorted(folders)), hidden)


def _shared_objects() -> set[Path]:
    """Return the shared objects that this process has loaded, but for those of installed packages."""
    import ctypes  # has its library loaded, which the worker needs as well

    assert ctypes.sizeof(ctypes.c_int) == 4
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
        paths = {line.split(maxsplit=5)[5].rstrip("\n") for line in file if ".so" in line}
    return {
        path
        for path in map(Path, paths)
        if path.is_file() and not any(part in PACKAGES for part in path.parts) and path.suffix != ".nbi"
    }
