"""``mqlab doctor`` (is everything there?) and ``mqlab bench`` (how fast is it here?)."""

from __future__ import annotations

__all__ = ["bench", "doctor"]

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mqlab.cli.options import Json

State = Literal["good", "missing", "broken"]

LIBRARIES = (
    "numba",
    "numpy",
    "simpy",
    "pyarrow",
    "pandas",
    "matplotlib",
    "pydantic",
    "ruamel.yaml",
    "typer",
    "rich",
    "tqdm",
)
SERVICES = {"RabbitMQ": 5672, "Redis": 6379, "MQTT": 1883, "NATS": 4222}
PROGRAMS = {"chromium": ("chromium", "chromium-browser", "google-chrome"), "bubblewrap": ("bwrap",)}
DISK_FREE_MIN = 1 << 30


@dataclass(frozen=True)
class Diagnosis:
    """One thing looked at: ``broken`` stops mqlab from working, ``missing`` only some part of it."""

    subject: str
    state: State
    text: str


def doctor(
    json: Json = False,
) -> int:
    """Look whether all that mqlab needs is there: Python, libraries, JIT, cache, cores, disk, services, sandbox."""
    from mqlab.cli.console import plain_table, print_json, screen

    findings = [_python(), *_libraries(), _jit(), _cache(), _cores(), _disk(), *_services(), *_programs(), _sandbox()]
    healthy = not any(finding.state == "broken" for finding in findings)
    if json:
        rows = [{"subject": f.subject, "state": f.state, "text": f.text} for f in findings]
        print_json({"healthy": healthy, "findings": rows})
        return 0 if healthy else 1
    table = plain_table("", "", "")
    marks = {"good": "[good]✓[/]", "missing": "[quiet]·[/]", "broken": "[bad]✗[/]"}
    for finding in findings:
        table.add_row(marks[finding.state], finding.subject, finding.text)
    out = screen()
    out.print(table)
    out.print("\n[good]all that mqlab needs is there[/]" if healthy else "\n[bad]something mqlab needs is broken[/]")
    return 0 if healthy else 1


def _python() -> Diagnosis:
    import platform
    import sys

    state: State = "good" if sys.version_info >= (3, 11) else "broken"
    return Diagnosis("Python", state, f"{platform.python_version()} ({sys.executable})")


def _libraries() -> list[Diagnosis]:
    from importlib.metadata import PackageNotFoundError, version

    from mqlab import __version__

    found = [Diagnosis("mqlab", "good", __version__)]
    for name in LIBRARIES:
        try:
            found.append(Diagnosis(name, "good", version(name)))
        except PackageNotFoundError:
            found.append(Diagnosis(name, "broken", "not installed"))
    return found


def _jit() -> Diagnosis:
    try:
        from mqlab import jit
    except Exception as error:
        return Diagnosis("JIT", "broken", f"{type(error).__name__}: {error}")
    if not jit.JIT:
        return Diagnosis("JIT", "good", "off (MQLAB_JIT=0): everything works, some hundred times slower")
    return Diagnosis("JIT", "good", "on; MQLAB_JIT=0 turns it off")


def _cache() -> Diagnosis:
    subject = "kernel cache"
    try:
        from mqlab import jit
        from mqlab.jit.object_code import cache_folder
    except Exception:
        return Diagnosis(subject, "missing", "there is none without the JIT")
    if not jit.JIT:
        return Diagnosis(subject, "good", "not used")
    from mqlab.cli.words import size

    folder = cache_folder()
    if not _writable(folder):
        text = f"{folder} cannot be written: every command compiles anew; set MQLAB_CACHE_DIR"
        return Diagnosis(subject, "missing", text)
    filled = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return Diagnosis(subject, "good", f"{folder}, writable, {size(filled) if filled else 'still empty'}")


def _writable(folder: Path) -> bool:
    import os

    existing = next(place for place in (folder, *folder.parents) if place.exists())
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


def _cores() -> Diagnosis:
    import os

    from mqlab.cli.words import counted

    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Diagnosis("cores", "good", counted(usable, "usable core"))


def _disk() -> Diagnosis:
    import shutil

    from mqlab.cli.words import size

    here = Path.cwd()
    free = shutil.disk_usage(here).free
    state: State = "good" if free >= DISK_FREE_MIN else "missing"
    return Diagnosis("disk", state, f"{size(free)} free in {here}")


def _services() -> list[Diagnosis]:
    import socket

    found = []
    for name, port in SERVICES.items():
        try:
            socket.create_connection(("127.0.0.1", port), timeout=0.3).close()
        except OSError:
            found.append(Diagnosis(name, "missing", f"does not answer on localhost:{port} (only live engines need it)"))
        else:
            found.append(Diagnosis(name, "good", f"answers on localhost:{port}"))
    return found


def _programs() -> list[Diagnosis]:
    import shutil

    found = []
    for name, spellings in PROGRAMS.items():
        path = next(filter(None, map(shutil.which, spellings)), None)
        found.append(Diagnosis(name, "good" if path else "missing", path or "not found (only its own tests need it)"))
    return found


def _sandbox() -> Diagnosis:
    """Look which sandbox shuts in the answers that are graded, by trying each."""
    from mqlab.grading.sandbox import TIERS
    from mqlab.grading.sandbox.probing import probe

    reasons = {name: probe(tier) for name, tier in TIERS.items()}
    found = [name for name, reason in reasons.items() if not reason]
    broken = "".join(f"; not {name}: {reason}" for name, reason in reasons.items() if reason)
    if not found:
        return Diagnosis("sandbox", "missing", f"none holds, so nothing can be graded{broken}")
    also = f", and so {'does' if len(found) == 2 else 'do'} {' and '.join(found[1:])}" if len(found) > 1 else ""
    state: State = "missing" if found == ["limits"] else "good"
    return Diagnosis("sandbox", state, f"{found[0]} holds{also}{broken}")


def bench(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to measure, such as: core.")] = "core",
    json: Json = False,
    quick: Annotated[bool, typer.Option("--quick", help="Smaller and fewer runs, for a first impression.")] = False,
) -> int:
    """Measure how fast mqlab is on this machine, beside its peers, interleaved in one run."""
    from mqlab.bench import run_bench
    from mqlab.cli.console import Progress, print_json

    with Progress(f"bench {name}") as progress:
        result = run_bench(name, progress, quick=quick)
    if json:
        print_json(result)
    else:
        _print_bench(result)
    return 1 if any(row["holds"] is False for row in result["rows"]) else 0


def _print_bench(result: dict[str, Any]) -> None:
    from mqlab.cli.console import plain_table, screen
    from mqlab.cli.words import value

    out = screen()
    out.print(f"[bold]{result['bench']}[/] on {_machine(result['machine'])}", soft_wrap=True)
    table = plain_table("", "measured", "unit", "ours", "peer's", "ratio", "target", "peer", right=(3, 4, 5, 6))
    marks = {True: "[good]✓[/]", False: "[bad]✗[/]", None: ""}
    for row in result["rows"]:
        table.add_row(
            marks[row["holds"]],
            row["name"],
            row["unit"],
            value(row["ours"]),
            value(row["peer"]),
            value(row["ratio"]),
            value(row["target"]),
            row["peer_name"] or "",
        )
    out.print(table)


def _machine(machine: dict[str, Any]) -> str:
    versions = machine.get("versions") or {}
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"{machine.get('cpu', 'this machine')}, {machine.get('cores', '?')} cores" + (f" ({told})" if told else "")
