"""The command line called as a function: arguments in; exit code, standard output and standard error out."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mqlab.cli import main

TINY = """\
# A small shop with one expectation that holds
name: tiny
system: rabbitmq
duration: 2 s
drain: 2 s
producers:
  buyers:
    count: 2
    arrivals: {poisson: 100/s}
    message: {size: 100 B, persistent: true}
    to: orders
    confirm: {max_in_flight: 10, timeout: 1 s}
queues:
  orders: {durable: true}
consumers:
  stock: {queue: orders, count: 2, prefetch: 5, ack: manual, service: {constant: 2 ms}}
faults:
  - {at: 1 s, crash: broker, for: 200 ms}
expect:
  - fates.processed > 0
"""


@dataclass(frozen=True)
class Ending:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def object(self) -> dict[str, Any]:
        """The one JSON object on standard output."""
        assert self.out.count("\n") == 1, "exactly one line"
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line on standard error."""
        assert self.err.startswith("mqlab: ")
        assert self.err.endswith("\n")
        assert self.err.count("\n") == 1, self.err
        return self.err.removeprefix("mqlab: ").rstrip("\n")


@pytest.fixture
def call(capsys, empty_folder, monkeypatch):
    """Call mqlab in an empty folder, without colours."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("MQLAB_DEBUG", raising=False)

    def ending(*arguments: object) -> Ending:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Ending(code, *capsys.readouterr())

    return ending


@pytest.fixture
def tiny(empty_folder) -> Path:
    """A small scenario in the current folder."""
    path = empty_folder / "tiny.yaml"
    path.write_text(TINY, encoding="utf-8")
    return Path("tiny.yaml")
