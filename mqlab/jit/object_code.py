"""Object code of an entry: where it is kept, how it is loaded, and who makes it when it is missing.

The object file holds the whole of a compiled simulation. Only its entry is visible, with numba's calling convention
for machine code: ``int32 entry(int64 *result, void **error, int64 …)``, 0 for success.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mqlab.errors import EngineError
from mqlab.jit.settings import BOUNDS_CHECK

__all__ = ["Entry", "cache_folder", "folder_for", "kernel_digest", "kernel_sources", "write_object"]

_SOURCES = ("jit", "sampling.py", "policies", "core", "trace/kinds.py", "trace/fates.py", "trace/schema.py")


def kernel_sources() -> list[Path]:
    """List the files that kernels are made of, those in sub-folders too."""
    here = Path(__file__).parent.parent
    paths = [here / name for name in _SOURCES]
    return [file for path in paths for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]


def kernel_digest() -> str:
    """Digest of all kernel sources: 16 hexadecimal digits."""
    here = Path(__file__).parent.parent
    digest = hashlib.blake2b(digest_size=8)
    for file in kernel_sources():
        digest.update(file.relative_to(here).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _base_folder() -> Path:
    chosen = os.environ.get("MQLAB_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "mqlab"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / "mqlab" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))) / "mqlab"


def cache_folder() -> Path:
    """Where object code lives: a folder of its own for each digest of sources, versions and processor."""
    return folder_for(kernel_digest())


def folder_for(sources: str) -> Path:
    """Where what was compiled from these sources lives; versions and processor are part of the folder's name."""
    import llvmlite.binding as llvm

    made_for = (
        version("numba"),
        version("llvmlite"),
        version("numpy"),
        sys.version_info[:2],
        llvm.get_process_triple(),
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
    )
    where = hashlib.blake2b(repr(made_for).encode(), digest_size=4).hexdigest()
    return _base_folder() / f"{sources}-{where}{'-checked' if BOUNDS_CHECK else ''}"


def write_object(folder: Path, name: str, symbol: str, code: bytes) -> None:
    """Put an entry's object code into its place, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / f"{name}.o", code)
    _replace(folder / f"{name}.json", json.dumps({"symbol": symbol}).encode())


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


class Entry:
    """A kernel that Python calls. The first call loads its object code, and has it made if need be."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name
        self._native: Any = None
        self._keep: tuple[Any, ...] = ()

    def __call__(self, *arguments: int) -> int:
        """Run the compiled kernel; other threads of Python go on meanwhile.

        Raises
        ------
        EngineError
            A kernel raised (with ``MQLAB_BOUNDS_CHECK=1``: an index was out of bounds), or could not be compiled.
        """
        if self._native is None:
            self._load(len(arguments))
        result, error = ctypes.c_int64(), ctypes.c_void_p()  # of this call alone: other threads may call meanwhile
        status = self._native(ctypes.byref(result), ctypes.byref(error), *arguments)
        if status:
            raise EngineError(f"kernel {self._name} ended with status {status}: an index out of bounds")
        return result.value

    def _load(self, arity: int) -> None:
        folder = cache_folder()
        described = folder / f"{self._name}.json"
        if not described.exists():
            folder = self._have_it_made(folder)
            described = folder / f"{self._name}.json"
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        engine.add_object_file(llvm.ObjectFileRef.from_data((folder / f"{self._name}.o").read_bytes()))
        engine.finalize_object()
        address = engine.get_function_address(json.loads(described.read_text())["symbol"])
        shape = ctypes.CFUNCTYPE(
            ctypes.c_int32, ctypes.POINTER(ctypes.c_int64), ctypes.POINTER(ctypes.c_void_p), *[ctypes.c_int64] * arity
        )
        self._native = shape(address)
        self._keep = (engine, machine)

    def _have_it_made(self, folder: Path) -> Path:
        """Let a helper process compile; return the folder in which it left the object code."""
        started = time.monotonic()
        sys.stderr.write("mqlab: compiling the simulation's kernels, once for this version (about half a minute) …\n")
        sys.stderr.flush()
        if not _is_writable(folder):
            folder = Path(tempfile.mkdtemp(prefix="mqlab-kernels-"))
        environment = {
            **os.environ,
            "MQLAB_COMPILING": "1",
            "NUMBA_OPT": os.environ.get("MQLAB_NUMBA_OPT", "0"),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        command = [sys.executable, "-P", "-m", "mqlab.jit.compiling", self._module, self._name, str(folder)]
        helper = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        try:
            _, complaint = helper.communicate()
        finally:
            if helper.poll() is None:
                helper.kill()
                helper.wait()
        if helper.returncode:
            told = complaint.decode(errors="replace").strip()
            if os.environ.get("MQLAB_DEBUG", "") in ("", "0"):
                told = f"{told.splitlines()[-1] if told else 'no reason given'} (MQLAB_DEBUG=1 shows all of it)"
            raise EngineError(f"the kernels could not be compiled: {told}")
        sys.stderr.write(f"mqlab: compiled in {time.monotonic() - started:.0f} s\n")
        return folder


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True
