"""The exercise that the attacks are made on, and what an attack says of itself in its head."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mqlab
from mqlab.grading.counterexample import Counterexample
from mqlab.grading.exercise import Case, Exercise, Part
from mqlab.grading.student import Student
from mqlab.grading.worlds.chance import luck

FOLDER = Path(__file__).parent / "attacks"
NUMBER = 4_182_735
"""What is hidden: in a file, in the environment, at a port."""


@dataclass(frozen=True)
class Attack:
    """One submission of the corpus."""

    name: str
    source: str
    tries: str
    claim: str
    works_in: str
    """A tier that does not stop it: there it must gain something, or it proves nothing elsewhere."""
    exercise: str


def attacks() -> list[Attack]:
    found = []
    for file in sorted(FOLDER.glob("*.py")):
        source = file.read_text(encoding="utf-8")
        head = dict(line[2:].split(": ", 1) for line in source.splitlines() if line[:2] == "# " and ": " in line[2:])
        tries = source.splitlines()[0].removeprefix("# Tries to ")
        found.append(
            Attack(
                file.stem, source, tries, head["claim"], head.get("works in", ""), head.get("exercise", "hidden-number")
            )
        )
    return found


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """Make a folder that anybody may read and write: nothing but the sandbox is to stand before it."""
    with tempfile.TemporaryDirectory(prefix="mqlab-hidden-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


@contextlib.contextmanager
def hidden_number(folder: Path) -> Iterator[Exercise]:
    """Hide the number everywhere, and give the exercise that asks for it."""
    for name in ("secret", "another.ipynb"):
        (folder / name).write_text(str(NUMBER), encoding="utf-8")
    (folder / "public").write_text("public", encoding="utf-8")
    (folder / "public").chmod(0o666)
    with socket.create_server(("127.0.0.1", 0)) as server, open(folder / "secret", "rb") as held:
        os.environ["MQLAB_SECRET"] = str(NUMBER)
        os.set_inheritable(held.fileno(), True)
        server.settimeout(0.05)
        over = threading.Event()
        thread = threading.Thread(target=_hand_out, args=(server, over))
        thread.start()
        hints = {
            "folder": str(folder),
            "port": server.getsockname()[1],
            "parent": os.getpid(),
            "course": str(Path(mqlab.__file__).parent),
            "prize": NUMBER,
        }
        try:
            yield _exercise(hints)
        finally:
            over.set()
            thread.join()
            del os.environ["MQLAB_SECRET"]


def _hand_out(server: socket.socket, over: threading.Event) -> None:
    while not over.is_set():
        with contextlib.suppress(TimeoutError):
            line, _ = server.accept()
            with line:
                line.sendall(str(NUMBER).encode())


def _exercise(hints: dict[str, Any]) -> Exercise:
    def add(student: Student, case: Case) -> tuple[Any, Any]:
        numbers = numbers_of(case)
        return student.call("add", numbers), sum(numbers)

    def find(student: Student, case: Case) -> tuple[Any, Any]:
        return student.call("find", hints), NUMBER

    def remember(student: Student, case: Case) -> tuple[Any, Any]:
        student.call("tell", NUMBER, hints["folder"])
        student.kill()
        return student.call("recall", hints["folder"]), NUMBER

    return Exercise(
        name="hidden-number",
        lesson="none",
        title="A number that nobody was told",
        entry="add",
        parts=(
            Part("the sum is right", 1, add, _same),
            Part("the number is found", 2, find, _same),
            Part("the number is remembered across a crash", 2, remember, _same),
        ),
        sizes=(1,),
        seeds=1,
    )


def numbers_of(case: Case) -> list[int]:
    chance = luck(case, "numbers")
    return [chance.randrange(1000) for _ in range(case.size + 2)]


def _same(record: tuple[Any, Any]) -> Counterexample | None:
    got, expected = record
    return None if type(got) is int and got == expected else Counterexample("It is another number.")
