"""From a model's hardware to records: machines with their cards, cores and disks; connections; files."""

from __future__ import annotations

from typing import Any

from mqlab.core.codes import NEVER
from mqlab.model import Hardware, Machine

__all__ = ["Plant"]

_NOBODY = -1


class Plant:
    """Gathers rows; without hardware it stays empty, and every array has one record that nobody looks at."""

    def __init__(self, hardware: Hardware | None, nodes: int, writeback_ns: int) -> None:
        self.hardware = hardware
        self.writeback_ns = writeback_ns
        self.nodes = nodes
        self.machines: list[dict[str, Any]] = []
        self.ports: list[dict[str, Any]] = []
        self.cores = 0
        self.disks: list[dict[str, Any]] = []
        self.flows: list[dict[str, Any]] = []
        self.files: list[dict[str, Any]] = []
        self.named: dict[str, int] = {}
        if hardware is not None:
            for _ in range(nodes):
                self._machine(hardware.broker)

    def _machine(self, machine: Machine) -> int:
        processor, disks = machine.processor, machine.disks
        index = len(self.machines)
        self.machines.append(
            {
                "first_core": self.cores, "cores": processor.cores, "request": processor.request_ns,
                "record": processor.record_ns, "follower": processor.follower_ns,
                "byte_rate": processor.bytes_per_s, "power": 1,
                "first_disk": len(self.disks), "disks": disks.count if disks else 0, "first_file": 0, "files": 0,
                "dirty_max": machine.dirty_bytes, "background": machine.background_bytes, "cache": machine.cache_bytes,
                "writeback": self.writeback_ns if disks else 0, "wait_head": _NOBODY, "wait_tail": _NOBODY,
            }
        )  # fmt: skip
        self.cores += processor.cores
        self.ports.extend({"rate": machine.network_bytes_per_s} for _ in range(2))
        if disks:
            self.disks.extend(
                {
                    "machine": index, "serving": _NOBODY, "last": _NOBODY, "depth": disks.queue,
                    "bandwidth": disks.bandwidth_bytes_per_s, "seek": disks.seek_ns, "fsync": disks.fsync_ns,
                    **{f"{line}_{end}": _NOBODY for line in ("line", "run", "quick", "read") for end in
                       ("head", "tail")},
                }
                for _ in range(disks.count)
            )  # fmt: skip
        return index

    def client(self, name: str) -> int:
        """Give the machine called ``name`` to a client; others may have it too. Return its number."""
        if self.hardware is None:
            return _NOBODY
        if name not in self.named:
            self.named[name] = self._machine(self.hardware.client)
        return self.named[name]

    def flow(self, source: int, target: int) -> int:
        """Connect two machines, one way."""
        self.flows.append(
            {"source": source, "target": target, "head": _NOBODY, "tail": _NOBODY, "line_head": _NOBODY,
             "line_tail": _NOBODY, "serving": _NOBODY}
        )  # fmt: skip
        return len(self.flows) - 1

    def file(self, node: int, owner: int = _NOBODY, every_ns: int = 0, disk: int | None = None) -> int:
        """Make a file on a node, on the next of its disks; a node's files must be made one after the other."""
        machine = self.machines[node]
        if machine["files"] == 0:
            machine["first_file"] = len(self.files)
        turn = machine["files"] % machine["disks"] if disk is None else disk
        machine["files"] += 1
        self.files.append(
            {
                "machine": node, "disk": machine["first_disk"] + turn, "next": _NOBODY, "behind": _NOBODY,
                "every": every_ns, "owner": owner,
                **{f"{line}_{end}": _NOBODY for line in ("wait", "sync", "later") for end in ("head", "tail")},
            }
        )  # fmt: skip
        return len(self.files) - 1

    def disk_of(self, file: int) -> int:
        """Say on which disk of its machine a file lies, so that another can be put beside it."""
        lies: int = self.files[file]["disk"]
        first: int = self.machines[self.files[file]["machine"]]["first_disk"]
        return lies - first

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Give the rows of all arrays."""
        hard = {"on": int(self.hardware is not None), "job_free": _NOBODY, "due": NEVER}
        return {
            "hards": [hard], "machines": self.machines, "ports": self.ports, "flows": self.flows,
            "slots": [{"flow": _NOBODY} for _ in self.flows], "cores": [{"free": 0}] * self.cores,
            "disks": self.disks, "files": self.files,
        }  # fmt: skip
