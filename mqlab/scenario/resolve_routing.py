"""Exchanges, bindings, virtual hosts and the life of queues: scenario → model, contradictions refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NoReturn

from mqlab.model import Binding, Exchange
from mqlab.routing import HOST
from mqlab.scenario.defaults import Book, Path, flag, word

if TYPE_CHECKING:
    from mqlab.scenario.spec import BindingSpec, QueueSpec, ScenarioSpec

__all__ = ["bindings", "check_host", "check_life", "check_words", "exchange", "host_of", "looks_at_headers"]


def check_words(spec: ScenarioSpec, book: Book) -> None:
    """Refuse what means nothing to a system without exchanges: virtual hosts, queues that come and go, mandatory."""
    if "exchanges" in book.system.mechanisms:
        return
    for section in ("queues", "producers", "consumers"):
        for name, entity in getattr(spec, section).items():
            for field in ("vhost", "exclusive", "auto_delete", "expires"):
                if getattr(entity, field, None) is not None:
                    _means_nothing(book, (section, name, field))
    for name, producer in spec.producers.items():
        if producer.to is not None and not isinstance(producer.to, str):
            for field in ("headers", "mandatory"):
                if getattr(producer.to, field) is not None:
                    _means_nothing(book, ("producers", name, "to", field))


def _means_nothing(book: Book, path: Path) -> NoReturn:
    what = f"`{path[-1]}` means nothing to system '{book.system.name}'"
    raise book.error(path, what, "remove it, or choose a system with exchanges such as rabbitmq", key=True)


def host_of(spec: ScenarioSpec, section: str, name: str) -> str:
    """Say in which virtual host something lives."""
    host: str | None = getattr(spec, section)[name].vhost
    return HOST if host is None else host


def check_host(book: Book, path: Path, spec: ScenarioSpec, section: str, name: str, host: str) -> None:
    """Refuse a reference to something that lives in another virtual host."""
    theirs = host_of(spec, section, name)
    if theirs != host:
        what = f"`{name}` lives in the virtual host `{theirs}`, and this in `{host}`: they do not see each other"
        raise book.error(path, what, f"write `vhost: {theirs}` here, or `vhost: {host}` there")


def exchange(book: Book, name: str, spec: ScenarioSpec) -> Exchange:
    """Resolve one exchange."""
    written, path = spec.exchanges[name], ("exchanges", name)
    alternate = written.alternate
    if alternate is not None:
        if alternate not in spec.exchanges:
            raise book.unknown((*path, "alternate"), "exchange", alternate, spec.exchanges)
        check_host(book, (*path, "alternate"), spec, "exchanges", alternate, host_of(spec, "exchanges", name))
    return Exchange(
        name,
        book.pick(written.type, (*path, "type"), word),
        book.pick(written.durable, (*path, "durable"), flag),
        alternate or "",
        host_of(spec, "exchanges", name),
    )


def bindings(book: Book, spec: ScenarioSpec, exchanges: Iterable[Exchange]) -> tuple[Binding, ...]:
    """Resolve all bindings; the same one twice counts once, as it does for the broker."""
    kinds: dict[str, str] = {each.name: each.kind for each in exchanges}
    found: dict[Binding, None] = {}
    for i, written in enumerate(spec.bindings):
        found[_binding(book, spec, kinds, ("bindings", i), written)] = None
    return tuple(found)


def _binding(book: Book, spec: ScenarioSpec, kinds: dict[str, str], path: Path, written: BindingSpec) -> Binding:
    if written.exchange not in spec.exchanges:
        raise book.unknown((*path, "exchange"), "exchange", written.exchange, spec.exchanges)
    host, kind = host_of(spec, "exchanges", written.exchange), kinds[written.exchange]
    for field, section, noun in (("queue", "queues", "queue"), ("to_exchange", "exchanges", "exchange")):
        target = getattr(written, field)
        if target is not None:
            if target not in getattr(spec, section):
                raise book.unknown((*path, field), noun, target, getattr(spec, section))
            check_host(book, (*path, field), spec, section, target, host)
    for field in ("headers", "match"):
        if getattr(written, field) is not None and kind != "headers":
            what = f"`{written.exchange}` is a {kind} exchange and does not look at headers"
            raise book.error((*path, field), what, "leave it out, or make it `type: headers`", key=True)
    if kind in ("direct", "topic") and written.key is None:
        example = written.queue or written.to_exchange
        mend = f"add `key: {example}`, or make `{written.exchange}` a fanout exchange"
        if kind == "topic":
            mend += "; a key that begins with `#` or `*` goes in quotes"
        raise book.error(path, f"a binding to a {kind} exchange needs a `key`", mend)
    if kind == "headers" and written.headers is None:
        raise book.error(path, "a binding to a headers exchange needs `headers`", "add `headers: {format: pdf}`")
    if kind != "headers":
        key = (written.key or "") if kind in ("direct", "topic") else ""
        return Binding(written.exchange, written.queue or "", key, written.to_exchange or "")
    return Binding(
        written.exchange,
        written.queue or "",
        "",
        written.to_exchange or "",
        tuple(sorted((written.headers or {}).items())),
        book.pick(written.match, (*path, "match"), word),
    )


def looks_at_headers(exchanges: Iterable[Exchange], bound: Iterable[Binding], start: str) -> bool:
    """Say whether a message that comes to ``start`` may come to a headers exchange."""
    known = {each.name: each for each in exchanges}
    seen, waiting = {start}, [start]
    behind: dict[str, list[str]] = {name: [each.alternate] for name, each in known.items()}
    for binding in bound:
        behind[binding.exchange].append(binding.to_exchange)
    while waiting:
        name = waiting.pop()
        if known[name].kind == "headers":
            return True
        for further in behind[name]:
            if further and further not in seen:
                seen.add(further)
                waiting.append(further)
    return False


def check_life(book: Book, spec: ScenarioSpec, name: str, written: QueueSpec) -> None:
    """Refuse an exclusive queue that several connections would share, or none; and replicas that expire."""
    if book.system.replicated and written.expires:
        what = "a quorum queue that expires is not simulated by this version"
        raise book.error(("queues", name, "expires"), what, "leave it out, or choose `system: rabbitmq`", key=True)
    if not written.exclusive:
        return
    path: Path = ("queues", name, "exclusive")
    users = [n for n, c in spec.consumers.items() if c.queue == name or (c.queue is None and len(spec.queues) == 1)]
    if len(users) == 1 and (spec.consumers[users[0]].count or 1) == 1:
        return
    who = "nobody consumes from it" if not users else "several consumers share it"
    what = f"an exclusive queue belongs to the one connection that declared it, and {who}"
    raise book.error(path, what, "give it exactly one consumer with `count: 1`, or write `auto_delete: true`")
