"""Whether what a log has committed survives the faults of a model: which replicas may be out at the same time.

A record is committed when all replicas in sync have it, in their page caches. A process that dies, stands still or is
cut off takes nothing away: whoever is elected was in sync, and has it. So there are three ways to lose it:

    unclean elections      a replica that was not in sync leads, after those in sync went down
    power                  a replica that is alone in sync loses its page cache. It is alone when each of the others has
                           been hit so shortly before or after that it is not in sync (again); a replica may also fall
                           out of sync without a fault, if its link loses packets, or bandwidths are bounded, or it is
                           given no time to keep up
    the high watermark     with ``truncation: high_watermark`` followers forget what they have, after each election

A window of a fault is the time that it lasts and the time until its node is certainly in sync again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from mqlab.model import Fault, Model, Topic

__all__ = ["Hit", "deposes", "hits_of", "why_committed_is_lost"]

_DEPOSES: Final = ("crash", "power_loss", "pause", "split")
_KEEPS_UP_NS: Final = 200_000_000
_ROUND_TRIPS: Final = 20


class Hit(NamedTuple):
    """A node that is hit by a fault from ``begin_ns`` on, and surely in sync again at ``end_ns``."""

    node: str
    kind: str
    begin_ns: int
    end_ns: int


def hits_of(model: Model, topic: Topic) -> list[Hit]:
    """List what hits nodes with replicas of a topic; faults that come at random may come at any time, and again."""
    homes = {node for homes in topic.partitions for node in homes}
    cluster = model.cluster
    slack = _KEEPS_UP_NS + (0 if cluster is None else 2 * cluster.session_ns + cluster.failover_ns)
    found = []
    for fault in model.faults:
        end = model.end_ns if fault.for_ns < 0 else fault.at_ns + fault.for_ns
        found += [Hit(node, fault.kind, fault.at_ns, end + slack) for node in _hit(model, fault) if node in homes]
    for random in model.random_faults:
        hit = [node for node in _hit(model, random.fault) if node in homes]
        found += [Hit(node, random.fault.kind, random.start_ns, model.end_ns) for node in hit for _ in range(2)]
    return found


def _hit(model: Model, fault: Fault) -> Iterator[str]:
    """Name the nodes that a fault hits; of a split all, if they vote: either side may be without a controller."""
    voters = model.cluster is not None and bool(model.cluster.controllers)
    named = {target.removeprefix("nodes.") for target in fault.target.split(", ")}
    for node in model.nodes:
        if node.name in named or (fault.kind == "split" and voters):
            yield node.name


def deposes(hits: list[Hit]) -> list[Hit]:
    """List the hits after which somebody else may lead."""
    return [hit for hit in hits if hit.kind in _DEPOSES]


def why_committed_is_lost(model: Model, topic: Topic) -> str:
    """Say why a record that all in sync had may be cut off the log later; or nothing."""
    hits = hits_of(model, topic)
    power = [hit for hit in hits if hit.kind == "power_loss"]
    if len(topic.partitions[0]) == 1:
        return f"the only replica of `{topic.name}` may lose its page cache with its power" if power else ""
    several = len(deposes(hits)) > 1
    if topic.unclean_election and (several or (deposes(hits) and _may_lag(model))):
        return f"`{topic.name}` may be led by a replica that is not in sync (unclean_election), and several go down"
    if several and model.cluster is not None and model.cluster.truncation == "high_watermark":
        return "followers cut their logs at the high watermark (truncation), and leaders go down one after the other"
    if any(_alone(model, homes, hits, cut) for homes in topic.partitions for cut in power if cut.node in homes):
        return f"`{topic.name}` is in page caches only, and all replicas in sync may lose theirs"
    return ""


def _alone(model: Model, homes: tuple[str, ...], hits: list[Hit], cut: Hit) -> bool:
    """Say whether a power cut may hit a replica that is alone in sync."""
    if _may_lag(model):
        return True
    out = {hit.node for hit in hits if hit.begin_ns <= cut.end_ns and cut.begin_ns <= hit.end_ns}
    return out >= set(homes)


def _may_lag(model: Model) -> bool:
    """Say whether a follower that nothing hits may fall out of sync."""
    cluster = model.cluster
    far = max((node.network_ns for node in model.nodes), default=0)
    if cluster is not None and cluster.hardware is not None:
        return True
    tight = cluster is not None and cluster.lag_max_ns < _ROUND_TRIPS * far
    return tight or any(node.network_loss > 0 for node in model.nodes)
