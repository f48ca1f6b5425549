"""Random models: one to three queues, producer groups and consumer groups, every policy, up to four faults.

Each ``draw_*.py`` beside this file has a function ``enrich(draw, model)`` that adds its mechanisms to a model, now
and then. Nothing in them takes no time at all where that could go on for ever (a requeued poison message on an
instant link).
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from mqlab.model import (
    Arrivals,
    Backoff,
    Binding,
    Confirm,
    Connection,
    ConsumerGroup,
    Contention,
    Destination,
    Disk,
    Distribution,
    Exceptions,
    Exchange,
    Fault,
    Keys,
    Link,
    LinkSide,
    Message,
    Model,
    Node,
    ProducerGroup,
    Queue,
    Retry,
)
from tests.support.gather import gathered

US, MS = 1_000, 1_000_000
QUEUES = ("a", "b", "c")


def durations(low_ns: int, high_ns: int) -> st.SearchStrategy[Distribution]:
    """A distribution of every kind, with a mean of about low … high."""
    mean = st.integers(low_ns, high_ns).map(float)
    simple: list[st.SearchStrategy[Distribution]] = [
        mean.map(lambda m: Distribution("constant", (m,))),
        mean.map(lambda m: Distribution("uniform", (m / 2, m * 1.5))),
        mean.map(lambda m: Distribution("exponential", (m,))),
        mean.map(lambda m: Distribution("erlang", (3.0, m))),
        mean.map(lambda m: Distribution("lognormal", (m, 1.5))),
        mean.map(lambda m: Distribution("hyperexponential", (0.9, m / 2, m * 5))),
    ]
    one = st.one_of(simple)
    both = st.tuples(st.sampled_from(["serial", "parallel"]), st.lists(one, min_size=2, max_size=3))
    return st.one_of(one, both.map(lambda b: Distribution(b[0], (), tuple(b[1]))))


def seldom(strategy: st.SearchStrategy[float]) -> st.SearchStrategy[float]:
    """Mostly nothing."""
    return st.one_of(st.just(0.0), st.just(0.0), strategy)


@st.composite
def links(draw: st.DrawFn) -> Link:
    def side() -> LinkSide:
        latency = draw(st.one_of(st.just(Distribution("constant", (0.0,))), durations(50 * US, 5 * MS)))
        return LinkSide(latency, draw(seldom(st.floats(0.01, 0.4))), draw(seldom(st.floats(0.01, 0.4))))

    return Link(side(), side(), draw(st.booleans()))


def connections() -> st.SearchStrategy[Connection]:
    return st.builds(Connection, st.sampled_from([0, 5 * MS, 20 * MS, 60 * MS]), st.sampled_from([MS, 7 * MS, 30 * MS]))


@st.composite
def arrivals(draw: st.DrawFn, messages: int, duration_ns: int) -> Arrivals:
    rate = messages / (duration_ns / 1e9)
    start = draw(st.sampled_from([0, 0, duration_ns // 5]))
    match draw(st.sampled_from(["poisson", "constant", "ramp", "closed"])):
        case "ramp":
            over = draw(st.integers(duration_ns // 4, duration_ns * 2))
            return Arrivals("ramp", rate * draw(st.sampled_from([0.0, 0.5])), rate * 1.5, over, start_ns=start)
        case "closed":
            return Arrivals("closed", think=draw(durations(MS, 8 * MS)), messages_max=draw(st.sampled_from([-1, 50])))
        case kind:
            return Arrivals(kind, rate, start_ns=start, messages_max=draw(st.sampled_from([-1, -1, messages // 3])))


@st.composite
def producer_groups(draw: st.DrawFn, name: str, duration_ns: int, messages: int, places: list[tuple[str, str]],
                    nodes: list[str]) -> ProducerGroup:  # fmt: skip
    exchange = draw(st.sampled_from(sorted({exchange for exchange, _ in places})))
    keys = [key for where, key in places if where == exchange]
    chosen = draw(st.lists(st.sampled_from(keys), min_size=1, max_size=3, unique=True))
    confirm = draw(st.one_of(st.none(), st.builds(
        Confirm, st.sampled_from([0, 1, 4, 50]), st.sampled_from([0, 5 * MS, 30 * MS]),
        st.sampled_from(["stored", "stored", "stored", "processed"]))))  # fmt: skip
    backoff = Backoff(draw(st.sampled_from([0, MS, 10 * MS])), draw(st.sampled_from([1.0, 2.0])), 40 * MS,
                      draw(st.sampled_from(["none", "full", "equal"])))  # fmt: skip
    return ProducerGroup(
        name=name,
        count=draw(st.sampled_from([1, 1, 2, 5])),
        arrivals=draw(arrivals(messages, duration_ns)),
        message=Message(draw(st.sampled_from([1, 100, 5000])), draw(st.sampled_from(
            [Keys(), Keys("sequence", 7), Keys("uniform", 5), Keys("zipf", 20, 1.1)])), draw(st.booleans())),
        destination=Destination(exchange, tuple((key, 1 / len(chosen)) for key in chosen)),
        confirm=confirm,
        retry=Retry(draw(st.sampled_from([1, 2, 5])), backoff),
        link=draw(links()),
        connection=draw(connections()),
        node=draw(st.sampled_from(nodes)),
        prepare=draw(st.one_of(st.none(), st.none(), durations(50 * US, MS))),
    )  # fmt: skip


@st.composite
def consumer_groups(draw: st.DrawFn, name: str, queues: list[str]) -> ConsumerGroup:
    exceptions = draw(st.one_of(st.none(), st.none(), st.builds(
        Exceptions, st.floats(0.02, 0.5), st.sampled_from(["delivery", "message"]),
        st.sampled_from(["crash", "requeue", "reject", "hold"]))))  # fmt: skip
    return ConsumerGroup(
        name=name,
        queue=draw(st.sampled_from(queues)),
        count=draw(st.sampled_from([1, 1, 2, 4])),
        prefetch=draw(st.sampled_from([0, 1, 1, 3, 20])),
        ack=draw(st.sampled_from(["auto", "manual", "manual"])),
        service=draw(durations(300 * US, 5 * MS)),
        link=draw(links()),
        connection=draw(connections()),
        restart_ns=draw(st.sampled_from([0, 5 * MS, 50 * MS])),
        exceptions=exceptions,
        deduplicate=draw(st.booleans()),
        contention=draw(st.sampled_from([Contention(), Contention(), Contention(0.1, 0.02)])),
    )


@st.composite
def fault_lists(draw: st.DrawFn, nodes: list[str], clients: list[str], end_ns: int) -> tuple[Fault, ...]:
    def one() -> Fault:
        kind = draw(st.sampled_from(["crash", "crash", "power_loss", "reset", "silence"]))
        at = draw(st.integers(0, end_ns - 1))
        lasts = draw(st.sampled_from([-1, MS, 10 * MS, 40 * MS]))
        target = draw(st.sampled_from(nodes if kind == "power_loss" else clients))
        if kind == "crash" and draw(st.booleans()):
            target = draw(st.sampled_from(nodes))
        return Fault(at, kind, target, 0 if kind == "reset" else lasts)

    return tuple(one() for _ in range(draw(st.integers(0, 4))))


@st.composite
def models(draw: st.DrawFn, *, messages_max: int = 500, several_nodes: bool = False) -> Model:
    """A random model of at most about three times ``messages_max`` messages."""
    duration_ns = draw(st.sampled_from([50 * MS, 100 * MS, 200 * MS]))
    drain_ns = draw(st.sampled_from([0, 50 * MS, 1000 * MS]))
    nodes = ["broker", "other"][: 2 if several_nodes else 1]
    disks = [Disk(draw(durations(100 * US, 3 * MS)), draw(st.sampled_from([0.0, 1e6])),
                  draw(st.sampled_from([0, 2 * MS]))) for _ in nodes]  # fmt: skip
    names = list(QUEUES[: draw(st.integers(1, 3))])
    queues = [
        Queue(
            name,
            draw(st.sampled_from(nodes)),
            draw(st.booleans()),
            draw(st.sampled_from([-1, -1, 0, 1, 5, 40])),
            draw(st.sampled_from(["drop-head", "reject-publish", "drop-newest"])),
        )
        for name in names
    ]
    exchanges = [Exchange("x", "direct"), Exchange("f", "fanout")]
    bindings = [Binding(draw(st.sampled_from(["x", "f"])), name, draw(st.sampled_from(["k", "l"]))) for name in names]
    places = [("", name) for name in names] + [("", "nowhere"), ("x", "k"), ("x", "l"), ("f", "any")]
    producers = [
        draw(producer_groups(f"p{i}", duration_ns, draw(st.integers(10, messages_max)), places, nodes))
        for i in range(draw(st.integers(1, 3)))
    ]
    consumers = [draw(consumer_groups(f"c{i}", names)) for i in range(draw(st.integers(1, 3)))]
    clients = [
        member
        for group in (*producers, *consumers)
        for member in (group.name, group.name if group.count == 1 else f"{group.name}[{group.count - 1}]")
    ]
    settings: dict[str, Any] = {
        "nodes": tuple(Node(name, draw(st.sampled_from([0, 20 * US])), draw(st.sampled_from([0, 30 * US])), disk)
                       for name, disk in zip(nodes, disks, strict=True)),
        "faults": draw(fault_lists(nodes, clients, duration_ns + drain_ns)),
    }  # fmt: skip
    model = Model(
        name="random", system="rabbitmq", seed=draw(st.integers(0, 2**31)), duration_ns=duration_ns, drain_ns=drain_ns,
        warmup_ns=draw(st.sampled_from([0, 0, duration_ns // 3])), exchanges=tuple(exchanges), queues=tuple(queues),
        bindings=tuple(bindings), producers=tuple(producers), consumers=tuple(consumers), **settings,
    )  # fmt: skip
    for enrich in gathered("properties", "draw_", "enrich"):
        if draw(st.sampled_from([False, False, True])):
            model = enrich(draw, model)
    return model
