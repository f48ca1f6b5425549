"""Consumer groups of a log, from the model to records: members, who reads what, and how partitions are shared out.

Sharing out is the one thing that kernels leave to Python: the program stops when the leader of a group has to do it,
:func:`share_out` asks the assignor, writes down for each partition who shall read it, and the program goes on. So the
functions of :mod:`mqlab.policies.assignors` are written once, in plain Python.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from mqlab.core.log import codes
from mqlab.model import ConsumerGroup, Model, Polling
from mqlab.policies.assignors import ASSIGNORS, Owned, Partition, Subscriptions
from mqlab.trace.schema import Entity

__all__ = ["LAGS_MAX", "ReaderRows", "coordinator_row", "home_of", "poller_rows", "share_out", "step_rows"]

LAGS_MAX = 64
"""Most readers (partitions, each for each group) whose lag is noted over time."""
_OFFSETS_PARTITIONS = 50
_ASSIGNORS = tuple(ASSIGNORS)


def home_of(group: str, nodes: int) -> int:
    """Tell the node that coordinates a group: that of its partition in the topic of offsets.

    Java's hash of the name, modulo 50 partitions (``offsets.topic.num.partitions``), which lie on one node after the
    other. Source: apache/kafka, GroupMetadataManager.partitionFor.

    Examples
    --------
    >>> home_of("stock", 3), home_of("stock", 1)
    (0, 0)
    """
    value = 0
    for letter in group:
        value = (31 * value + ord(letter)) & 0xFFFFFFFF
    return (value & 0x7FFFFFFF) % _OFFSETS_PARTITIONS % nodes


def step_rows(model: Model) -> list[dict[str, Any]]:
    """List when groups grow and shrink; their size at the start is no step."""
    return [
        {"at": step.at_ns, "count": step.count, "group": number, "kill": int(step.how == "kill")}
        for number, group in enumerate(model.consumers)
        for step in group.scale
        if step.at_ns > 0
    ]


def coordinator_row(
    group: ConsumerGroup, polling: Polling, *, nodes: int, delay_ns: int, **places: int
) -> dict[str, Any]:
    """Describe what the coordinator of a group knows at the start: its first members have joined."""
    there = _at_start(group)
    return {
        "node": home_of(group.name, nodes), "state": codes.G_STABLE if there else codes.G_EMPTY,
        "generation": int(there > 0), "members": there, "pollers": group.count,
        "cooperative": int(ASSIGNORS[polling.assignor].cooperative),
        "assignor": _ASSIGNORS.index(polling.assignor), "reset": codes.RESET[polling.reset],
        "static": int(polling.static), "delay": delay_ns, "heartbeat": polling.heartbeat_ns,
        "session": polling.session_ns, "limit": polling.poll_limit_ns, **places,
    }  # fmt: skip


def _at_start(group: ConsumerGroup) -> int:
    return group.scale[0].count if group.scale else group.count


def poller_rows(group: ConsumerGroup, polling: Polling, number: int, clients: Sequence[int]) -> list[dict[str, Any]]:
    """Describe the members of a group; who comes later has no life yet."""
    there = _at_start(group)
    return [
        {
            "client": client, "group": number, "alive": int(i < there), "gone": int(i >= there),
            "most": polling.max_records, "commit": codes.COMMIT[polling.commit], "interval": polling.interval_ns,
            "line_head": -1, "line_tail": -1, "maker": -1,
            "phase": codes.P_MEMBER if i < there else codes.P_OUT, "generation": 1 if i < there else -1,
            "known": int(i < there), "part": int(i < there), "incarnation": int(i < there),
        }
        for i, client in enumerate(clients)
    ]  # fmt: skip


class ReaderRows:
    """The readers of all groups: one for each partition and group, those of a group next to each other.

    A partition that nobody reads has one in name. Where several groups read a topic, each partition has an entity for
    each of them, such as ``orders[0].audit``, which its obligations are owed to.
    """

    def __init__(self, model: Model, partitions: list[dict[str, Any]], entities: list[Entity]) -> None:
        self.model, self.partitions, self.entities = model, partitions, entities
        self.rows: list[dict[str, Any]] = []
        self.last: dict[int, int] = {}
        self.groups_of = {
            topic.name: [group.name for group in model.consumers if topic.name in group.topics]
            for topic in model.topics
        }
        self.size = max((p.message.size_bytes for p in model.producers), default=1)

    def add(self, group: ConsumerGroup, polling: Polling, number: int, pollers: Sequence[int]) -> None:
        """Add the readers of a group; its first members have their shares."""
        topics = group.topics
        counts = {topic.name: len(topic.partitions) for topic in self.model.topics if topic.name in topics}
        there = pollers[: _at_start(group)]
        shares = ASSIGNORS[polling.assignor].assign(dict.fromkeys(there, topics), counts, {})
        owner = {partition: member for member, share in shares.items() for partition in share}
        for index, part in enumerate(self.partitions):
            topic = self.entities[part["entity"]].group
            if topic in topics:
                poller = owner.get((topic, part["number"]), -1)
                self._add(
                    index, group.name, number, poller=poller, target=poller, has=int(bool(there)),
                    committed_only=int(polling.isolation == "read_committed"),
                    most=max(1, polling.fetch_bytes // max(1, self.size)), wait=max(1, polling.fetch_wait_ns),
                    least=max(1, -(-polling.fetch_min_bytes // max(1, self.size))),
                )  # fmt: skip
                self.partitions[index]["kept"] += len(polling.seeks)

    def add_idle(self) -> None:
        """Add a reader in name for each partition that nobody reads."""
        for index in range(len(self.partitions)):
            if index not in self.last:
                self._add(index, "", -1, poller=-1, target=-1)

    def _add(self, index: int, name: str, group: int, **fields: int) -> None:
        part, row = self.partitions[index], len(self.rows)
        entity = self.entities[part["entity"]]
        view, place = 0, part["entity"]
        if index in self.last:
            self.rows[self.last[index]]["next"] = row
            view = self.rows[self.last[index]]["view"] + 1
        else:
            part["reader"] = row
        if len(self.groups_of[entity.group]) > 1:
            place = len(self.entities)
            self.entities.append(Entity(f"{entity.name}.{name}", "queue", entity.group))
        self.last[index] = row
        part["views"] = view + 1
        self.rows.append(
            {
                "partition": index, "group": group, "view": view, "next": -1, "entity": place, "at": -1, "after": -1,
                "seek": -1, **fields,
            }
        )


def share_out(arrays: Mapping[str, NDArray[Any]], entities: Sequence[Entity], group: int) -> None:
    """Let the assignor of a group decide, and write down who shall read each partition."""
    c = arrays["coordinators"][group]
    assignor = ASSIGNORS[_ASSIGNORS[int(c["assignor"])]]
    begin = int(c["first_reader"])
    own = range(begin, begin + int(c["readers"]))
    readers, partitions = arrays["readers"], arrays["partitions"]
    name: dict[int, Partition] = {}
    for row in own:
        part = partitions[int(readers[row]["partition"])]
        name[row] = entities[int(part["entity"])].group, int(part["number"])
    counts: dict[str, int] = {}
    for topic, _ in name.values():
        counts[topic] = counts.get(topic, 0) + 1
    first = int(c["first_poller"])
    members = [
        poller for poller in range(first, first + int(c["pollers"]))
        if arrays["pollers"][poller]["known"] and arrays["pollers"][poller]["part"] == c["generation"]
    ]  # fmt: skip
    field = "poller" if assignor.cooperative else "target"
    owned: Owned = {
        member: [name[row] for row in own if int(readers[row][field]) == member] for member in members
    }
    wants: Subscriptions = dict.fromkeys(members, sorted(counts))
    owner = {part: member for member, share in assignor.assign(wants, counts, owned).items() for part in share}
    for row in own:
        readers[row]["target"] = owner.get(name[row], -1)

