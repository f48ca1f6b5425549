"""How a consumer works that is not plain: on several deliveries at once, after a look-up, or only until it leaves.

What it works on stands in its lanes, as many as its group says (``concurrency``). One process has one connection and
one prefetch, whatever the number of its lanes; when it dies, everything in them is dropped.
"""

from __future__ import annotations

from mqlab.core.asking import ask
from mqlab.core.codes import (
    CONSUMER_EXPECTS,
    CONSUMER_LEAVING,
    CONSUMER_PULL,
    E_SERVICE_DONE,
    K_STARTED,
    MARK_SEEN,
    RANK_EVENT,
)
from mqlab.core.distributions import sample
from mqlab.core.heap import push
from mqlab.core.leaving import leave_if_done
from mqlab.core.memory import look
from mqlab.core.recorder import emit
from mqlab.core.records import clients, consumers, copies, deliveries, groups, lanes, queues, runs
from mqlab.core.tasks import look_up
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import SERVICE

__all__ = ["begin_anew", "clear_lane", "start_specially", "touch_group"]


@kernel
def touch_group(s: State, group: int) -> None:
    """Bring the group's busy time up to now; call before ``busy`` changes."""
    g = groups(s, group)
    now = runs(s, 0)["now"]
    g["busy_time"] = g["busy_time"] + float(g["busy"]) * float(now - g["since"])
    g["since"] = now


@kernel
def _free_lane(s: State, consumer: int) -> int:
    """Find a lane where nothing is in work; -1 if there is none."""
    k = consumers(s, consumer)
    first = k["lane"]
    for i in range(groups(s, k["group"])["lanes"]):
        if lanes(s, first + i)["delivery"] < 0:
            return first + i
    return -1


@seldom
def clear_lane(s: State, consumer: int, delivery: int) -> None:
    """A consumer no longer works on a delivery."""
    k = consumers(s, consumer)
    for i in range(groups(s, k["group"])["lanes"]):
        lane = lanes(s, k["lane"] + i)
        if lane["delivery"] == delivery:
            lane["delivery"] = -1
            return


@kernel
def _begin(s: State, consumer: int, delivery: int, lane: int) -> None:
    """Begin to work on a delivery, after what is looked up before the work."""
    k = consumers(s, consumer)
    d = deliveries(s, delivery)
    touch_group(s, k["group"])
    g = groups(s, k["group"])
    others = g["busy"]
    g["busy"] = others + 1
    service = sample(s, g["service"], SERVICE, g["ident"], copies(s, d["copy"])["ident"], d["number"], 0)
    if g["alpha"] > 0.0 or g["beta"] > 0.0:
        factor = 1.0 + g["alpha"] * float(others) + g["beta"] * float(others) * float(others + 1)
        service = int(min(float(service) * factor + 0.5, 4.0e18))
    slow = clients(s, k["client"])["slow"]
    if slow > 0.0:
        service = int(min(float(service) * slow + 0.5, 4.0e18))
    if g["memory"] != 0:
        if (look(s, delivery, k["group"]) & MARK_SEEN) != 0:
            service = 0  # it has been done: there is no work
        service = service + g["lookup"]
    if (k["special"] & CONSUMER_EXPECTS) != 0:
        service = look_up(s, delivery, lane, service)
    now = runs(s, 0)["now"]
    work = lanes(s, lane)
    work["delivery"] = delivery
    work["started"] = now
    work["ends"] = now + service
    entity = clients(s, k["client"])["entity"]
    emit(s, K_STARTED, d["copy"], entity, queues(s, k["queue"])["entity"], d["number"], service, 0)
    push(s, now + service, RANK_EVENT, E_SERVICE_DONE, consumer, delivery, k["life"])


@seldom
def start_specially(s: State, consumer: int) -> None:
    """Begin to work on what is in hand while a lane is free; then ask for more, or leave, if that is its way."""
    k = consumers(s, consumer)
    lane = _free_lane(s, consumer)
    leaving = (k["special"] & CONSUMER_LEAVING) != 0
    while lane >= 0 and k["hand_head"] >= 0 and (not leaving or k["auto"] == 1):
        delivery = int(k["hand_head"])
        d = deliveries(s, delivery)
        k["hand_head"] = d["hand"]
        if d["hand"] < 0:
            k["hand_tail"] = -1
        d["hand"] = -1
        _begin(s, consumer, delivery, lane)
        lane = _free_lane(s, consumer)
    if leaving:
        leave_if_done(s, consumer)
    elif lane >= 0 and (k["special"] & CONSUMER_PULL) != 0 and k["asking"] == 0:
        ask(s, consumer)


@seldom
def begin_anew(s: State, consumer: int) -> None:
    """A consumer has a new connection: nothing of the last one is waited for."""
    k = consumers(s, consumer)
    k["collected"] = 0
    k["asking"] = 0
    start_specially(s, consumer)
