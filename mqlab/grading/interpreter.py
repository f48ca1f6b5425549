"""The interpreter that runs in the sandbox, and the program that is handed to it."""

from __future__ import annotations

__all__ = ["BOOT", "program", "python", "warm"]

import marshal
import re
import sys
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

BOOT = (
    "import marshal, sys\n"
    "config, parts = marshal.load(sys.stdin.buffer)\n"
    "for name, code in parts:\n"
    "    module = sys.modules[name] = type(sys)(name)\n"
    "    exec(code, module.__dict__)\n"
    "answering = sys.modules['answering']\n"
    "sys.modules['zygote'].main(config, answering.answer, answering.warm_up)\n"
)

WARM = (
    "abc", "array", "ast", "asyncio", "atexit", "base64", "binascii", "bisect", "bz2", "calendar", "cmath", "codecs",
    "collections", "collections.abc", "concurrent.futures", "configparser", "contextlib", "contextvars", "copy", "csv",
    "ctypes", "dataclasses", "datetime", "decimal", "difflib", "dis", "email.message", "enum", "errno", "fcntl",
    "fnmatch", "fractions", "functools", "gc", "getpass", "glob", "graphlib", "gzip", "hashlib", "heapq", "hmac",
    "html", "http.client", "inspect", "io", "ipaddress", "itertools", "json", "keyword", "linecache", "locale",
    "logging", "lzma", "math", "mmap", "multiprocessing", "numbers", "operator", "os", "os.path", "pathlib", "pickle",
    "platform", "pprint", "queue", "random", "re", "reprlib", "resource", "sched", "secrets", "select", "selectors",
    "shutil", "signal", "socket", "sqlite3", "ssl", "stat", "statistics", "string", "struct", "subprocess", "sys",
    "tarfile", "tempfile", "textwrap", "threading", "time", "timeit", "tokenize", "traceback", "types", "typing",
    "unicodedata", "unittest", "urllib.parse", "urllib.request", "uuid", "warnings", "weakref", "zipfile", "zlib",
)  # fmt: skip
"""Imported by the zygote if the answer names them, once for all its processes. It also matters where the worker's user
cannot read the interpreter's folders, which may be the private ones of who grades."""
_NAMED = re.compile(r"\b(?:import|from)\s+([\w., ]+)")


@cache
def python() -> tuple[str, ...]:
    """Return the command that starts the interpreter: the one behind the virtual environment, alone."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return (str(Path(base).resolve()), "-I", "-S", "-B", "-X", "utf8", "-c", BOOT)


def warm(source: str) -> tuple[str, ...]:
    """Return the modules of the standard library that the zygote imports for this answer.

    Examples
    --------
    >>> warm("import json, hashlib as h")
    ('hashlib', 'json')
    """
    named = set(re.findall(r"\w+", " ".join(_NAMED.findall(source))))
    return tuple(name for name in WARM if name.split(".")[0] in named)


def program(config: dict[str, Any]) -> bytes:
    """Return what the interpreter reads from stdin: settings, and the compiled files of the worker."""
    return marshal.dumps((config, _parts()))


@cache
def _parts() -> tuple[tuple[str, CodeType], ...]:
    folder = Path(__file__).parent / "worker"
    found = []
    for name in ("answering", "zygote"):
        text = (folder / f"{name}.py").read_bytes()
        found.append((name, compile(text, f"<worker {name}>", "exec", dont_inherit=True)))
    return tuple(found)
