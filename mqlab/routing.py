"""Which queues a message goes to: exchanges and bindings, for the simulation and the real broker alike.

Rules of AMQP 0-9-1 as RabbitMQ applies them (https://www.rabbitmq.com/docs/exchanges):

* The default exchange "" knows every queue of its virtual host by its name.
* A *direct* exchange compares the routing key with the binding's key; a *fanout* exchange ignores both.
* A *topic* exchange compares words, which dots separate: ``*`` in a binding stands for exactly one word,
  ``#`` for any number of words, also none. A word may be empty; an empty key has no words.
* A *headers* exchange ignores the key. Match ``all`` (the default): the message has each header of the binding;
  ``any``: at least one of them. A binding header without a value asks for its presence only. Names that
  begin with ``x-`` do not take part, unless the match is ``all-with-x`` or ``any-with-x``.
* A binding may lead to another exchange, which matches the same key and headers again. Rings of exchanges end:
  each exchange has its turn once.
* Where no binding of an exchange matches, its *alternate* exchange, if any, has its turn
  (https://www.rabbitmq.com/docs/ae). It decides by itself, and may have an alternate of its own.
* However many bindings and exchanges lead to a queue, it gets one copy.

A :class:`Router` is compiled once: a direct exchange is a dictionary, a topic exchange a tree of words, so what a
message costs does not grow with the number of bindings that have nothing to do with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from mqlab.errors import BadInput, did_you_mean
from mqlab.model import Binding, Exchange, Model, Queue

__all__ = ["HOST", "Headers", "Router", "TopicTree", "Way", "dead_letter_way", "headers_match", "route",
           "router_of", "ways_of", "words_of"]  # fmt: skip

HOST = "/"
"""The virtual host of everything that does not name one."""

Headers = Mapping[str, str] | Iterable[tuple[str, str]]
"""A message's headers, or the same as pairs."""

_Target = tuple[str, str]
"""("queue", name) or ("exchange", name)."""


def words_of(key: str) -> list[str]:
    """Split a routing key into its words; an empty key has none.

    Examples
    --------
    >>> words_of("stock.eu.low"), words_of("a..b"), words_of("")
    (['stock', 'eu', 'low'], ['a', '', 'b'], [])
    """
    return key.split(".") if key else []


def headers_match(wanted: Iterable[tuple[str, str | None]], match: str, headers: Mapping[str, str]) -> bool:
    """Hold a message's headers to those of a binding; a wanted value of None asks for presence only.

    Examples
    --------
    >>> wanted = (("format", "pdf"), ("pages", None))
    >>> headers_match(wanted, "all", {"format": "pdf", "pages": "3", "colour": "red"})
    True
    >>> headers_match(wanted, "all", {"format": "pdf"}), headers_match(wanted, "any", {"format": "pdf"})
    (False, True)
    """
    hits = (
        name in headers and (value is None or headers[name] == value)
        for name, value in wanted
        if match.endswith("-with-x") or not name.startswith("x-")
    )
    return any(hits) if match.startswith("any") else all(hits)


class _Node:
    """A place in a tree of words."""

    __slots__ = ("found", "hash", "is_hash", "star", "words")

    def __init__(self, is_hash: bool = False) -> None:
        self.words: dict[str, _Node] = {}
        self.star: _Node | None = None
        self.hash: _Node | None = None
        self.is_hash = is_hash
        self.found: list[_Target] = []

    def down(self, word: str) -> _Node:
        """Go to the place one word further, which is made if need be."""
        if word == "*":
            self.star = self.star or _Node()
            return self.star
        if word == "#":
            self.hash = self.hash or _Node(is_hash=True)
            return self.hash
        return self.words.setdefault(word, _Node())


class TopicTree:
    """The bindings of a topic exchange, one level a word.

    A key walks down all branches at once, so ``#`` costs a set of places and never a search: at most
    words × places, whatever the patterns.

    Examples
    --------
    >>> tree = TopicTree()
    >>> tree.add("*.orange.*", ("queue", "q1"))
    >>> tree.add("lazy.#", ("queue", "q2"))
    >>> tree.match("quick.orange.rabbit"), tree.match("lazy"), tree.match("orange")
    ([('queue', 'q1')], [('queue', 'q2')], [])
    """

    def __init__(self) -> None:
        self._root = _Node()

    def add(self, pattern: str, target: tuple[str, str]) -> None:
        """Bind a target by a pattern."""
        node = self._root
        for word in words_of(pattern):
            node = node.down(word)
        node.found.append(target)

    def match(self, key: str) -> list[tuple[str, str]]:
        """List the targets whose pattern matches a key, each as often as its patterns do."""
        places = _with_hashes([self._root])
        for word in words_of(key):
            following: list[_Node] = []
            for node in places:
                if node.is_hash:
                    following.append(node)
                if node.star is not None:
                    following.append(node.star)
                child = node.words.get(word)
                if child is not None:
                    following.append(child)
            places = _with_hashes(following)
        return [target for node in places for target in node.found]


def _with_hashes(nodes: Iterable[_Node]) -> list[_Node]:
    """Add the places behind a ``#``, which may stand for no word at all; each place once."""
    places = dict.fromkeys(nodes)
    waiting = list(places)
    while waiting:
        behind = waiting.pop().hash
        if behind is not None and behind not in places:
            places[behind] = None
            waiting.append(behind)
    return list(places)


class _Matcher(Protocol):
    """The bindings of one exchange."""

    def add(self, binding: Binding, target: _Target) -> None: ...

    def match(self, key: str, headers: Mapping[str, str]) -> Iterable[_Target]: ...


class _Direct:
    def __init__(self) -> None:
        self._by_key: dict[str, list[_Target]] = {}

    def add(self, binding: Binding, target: _Target) -> None:
        self._by_key.setdefault(binding.key, []).append(target)

    def match(self, key: str, headers: Mapping[str, str]) -> Iterable[_Target]:
        return self._by_key.get(key, ())


class _Fanout:
    def __init__(self) -> None:
        self._all: list[_Target] = []

    def add(self, binding: Binding, target: _Target) -> None:
        self._all.append(target)

    def match(self, key: str, headers: Mapping[str, str]) -> Iterable[_Target]:
        return self._all


class _Topic:
    def __init__(self) -> None:
        self._tree = TopicTree()

    def add(self, binding: Binding, target: _Target) -> None:
        self._tree.add(binding.key, target)

    def match(self, key: str, headers: Mapping[str, str]) -> Iterable[_Target]:
        return self._tree.match(key)


class _Headers:
    def __init__(self) -> None:
        self._bindings: list[tuple[Binding, _Target]] = []

    def add(self, binding: Binding, target: _Target) -> None:
        self._bindings.append((binding, target))

    def match(self, key: str, headers: Mapping[str, str]) -> Iterable[_Target]:
        return [to for bound, to in self._bindings if headers_match(bound.headers, bound.match, headers)]


_MATCHERS: dict[str, type[_Direct | _Fanout | _Topic | _Headers]] = {
    "direct": _Direct,
    "fanout": _Fanout,
    "topic": _Topic,
    "headers": _Headers,
}


class Router:
    """Exchanges and bindings, compiled; ask it where a message goes.

    Parameters
    ----------
    exchanges
        Those declared; the default exchange "" is always there besides.
    bindings
        Of all exchanges, to queues and to other exchanges.
    queues
        Names of all queues and the virtual host of each; plain names live in "/". Answers keep this order.

    Examples
    --------
    >>> logs = [Exchange("logs", "topic", alternate="rest"), Exchange("rest", "fanout")]
    >>> bound = [Binding("logs", "errors", "*.error"), Binding("logs", "kernel", "kern.#"), Binding("rest", "rest", "")]
    >>> router = Router(logs, bound, ["errors", "kernel", "rest"])
    >>> router.route("logs", "kern.error"), router.route("logs", "mail.info")
    (('errors', 'kernel'), ('rest',))
    >>> Router([Exchange("x", "headers")], [Binding("x", "q", "", headers=(("format", "pdf"),))], ["q"]).route(
    ...     "x", "", {"format": "pdf"})
    ('q',)
    """

    def __init__(
        self, exchanges: Iterable[Exchange], bindings: Iterable[Binding], queues: Mapping[str, str] | Iterable[str]
    ) -> None:
        hosts = queues if isinstance(queues, Mapping) else dict.fromkeys(queues, HOST)
        self._hosts: dict[str, str] = dict(hosts)
        self._place = {name: i for i, name in enumerate(self._hosts)}
        declared = list(exchanges)
        self._alternates = {exchange.name: exchange.alternate for exchange in declared if exchange.alternate}
        self._matchers: dict[str, _Matcher] = {each.name: _MATCHERS[each.kind]() for each in declared}
        for binding in bindings:
            to: _Target = ("exchange", binding.to_exchange) if binding.to_exchange else ("queue", binding.queue)
            if binding.exchange in self._matchers:
                self._matchers[binding.exchange].add(binding, to)

    def route(
        self, exchange: str, key: str, headers: Headers = (), *, vhost: str = HOST, absent: Collection[str] = ()
    ) -> tuple[str, ...]:
        """Find the queues that a message reaches.

        Parameters
        ----------
        exchange, key, headers
            What the message was published with; "" is the default exchange.
        vhost
            The virtual host that it was published in: the default exchange knows the queues there.
        absent
            Queues that do not exist at present: they have no bindings, so an alternate exchange may step in.

        Returns
        -------
        tuple of str
            Each queue at most once, in the order in which the router knows them; empty: unroutable.

        Raises
        ------
        BadInput
            If there is no such exchange.
        """
        if exchange == "":
            return (key,) if self._hosts.get(key) == vhost and key not in absent else ()
        if exchange not in self._matchers:
            raise BadInput(
                f"there is no exchange `{exchange}`", mend=did_you_mean(exchange, self._matchers, "exchanges")
            )
        with_them = dict(headers)
        reached: set[str] = set()
        seen, waiting = {exchange}, [exchange]
        while waiting:
            name = waiting.pop()
            found = [to for to in self._matchers[name].match(key, with_them) if to[1] not in absent or to[0] != "queue"]
            if not found and name in self._alternates:
                found = [("exchange", self._alternates[name])]
            for kind, target in found:
                if kind == "queue":
                    reached.add(target)
                elif target not in seen and target in self._matchers:
                    seen.add(target)
                    waiting.append(target)
        return tuple(sorted((name for name in reached if name in self._place), key=self._place.__getitem__))

    def reach(
        self, exchange: str, key: str, headers: Headers = (), *, vhost: str = HOST,
        unsure: Collection[str] | None = None,
    ) -> tuple[str, ...]:  # fmt: skip
        """Find the queues that a message may reach, whichever of the ``unsure`` ones (None: of all) are missing.

        Examples
        --------
        >>> exchanges = [Exchange("x", "fanout", alternate="rest"), Exchange("rest", "fanout")]
        >>> router = Router(exchanges, [Binding("x", "q", ""), Binding("rest", "r", "")], ["q", "r"])
        >>> router.route("x", ""), router.reach("x", ""), router.reach("x", "", unsure=["r"])
        (('q',), ('q', 'r'), ('q',))
        """
        found: dict[str, None] = {}
        absent: set[str] = set()
        while True:
            reached = self.route(exchange, key, headers, vhost=vhost, absent=absent)
            found.update(dict.fromkeys(reached))
            more = set(reached) if unsure is None else set(reached) & set(unsure)
            if not more:
                return tuple(sorted(found, key=self._place.__getitem__))
            absent |= more


def route(
    exchanges: Iterable[Exchange],
    bindings: Iterable[Binding],
    queue_names: Sequence[str],
    exchange: str,
    routing_key: str,
    headers: Headers = (),
) -> tuple[str, ...]:
    """Find the queues that one message reaches; for more than one, compile a :class:`Router`.

    Raises
    ------
    BadInput
        If there is no such exchange.

    Examples
    --------
    >>> events = Exchange("events", "fanout")
    >>> bound = [Binding("events", "mail", ""), Binding("events", "log", "")]
    >>> route([events], bound, ("log", "mail", "other"), "events", "any")
    ('log', 'mail')
    >>> route([], [], ("log", "mail"), "", "mail")
    ('mail',)
    """
    return Router(exchanges, bindings, queue_names).route(exchange, routing_key, headers)


class _Parts:
    """What a model's router is made of; the same only if it is the very same, so looking it up costs nothing."""

    __slots__ = ("parts",)

    def __init__(self, *parts: tuple[Exchange, ...] | tuple[Binding, ...] | tuple[Queue, ...]) -> None:
        self.parts = parts

    def same(self, other: _Parts) -> bool:
        return all(mine is theirs for mine, theirs in zip(self.parts, other.parts, strict=True))


_latest: list[tuple[_Parts, Router]] = []


def router_of(model: Model) -> Router:
    """Compile the router of a model; asked again about the same model, it is the one that is there.

    Examples
    --------
    >>> from mqlab.scenario import load
    >>> router_of(load("first-run").model).route("", "orders")
    ('orders',)
    """
    wanted = _Parts(model.exchanges, model.bindings, model.queues)
    for parts, router in tuple(_latest):
        if parts.same(wanted):
            return router
    router = Router(model.exchanges, model.bindings, {queue.name: queue.vhost for queue in model.queues})
    _latest[:] = [(wanted, router), *_latest[:3]]
    return router


Way = tuple[str, tuple[tuple[str, str], ...]]
"""What a message is routed by: a routing key, and headers."""


def ways_of(model: Model) -> tuple[Way, ...]:
    """List the ways that messages and replies are published under, and those that dead-letter exchanges make of them.

    Examples
    --------
    >>> from mqlab.scenario import load
    >>> ways_of(load("first-run").model)
    (('orders', ()),)
    """
    ways = dict.fromkeys((key, tuple(headers)) for p in model.producers for key, headers, _ in p.destination.ways)
    ways |= dict.fromkeys((p.request.queue, ()) for p in model.producers if p.request and p.request.queue)
    given = [queue.dead_letter.routing_key for queue in model.queues if queue.dead_letter]
    ways |= dict.fromkeys((key, headers) for _, headers in list(ways) for key in given if key is not None)
    return tuple(ways)


def dead_letter_way(model: Model, queue: Queue, way: Way) -> tuple[Way, tuple[str, ...]]:
    """Say what a dead letter of a queue is routed by, and which queues it reaches; none without an exchange for it.

    It keeps its routing key unless the queue names another.
    """
    letter = queue.dead_letter
    if letter is None:
        return way, ()
    key = way[0] if letter.routing_key is None else letter.routing_key
    return (key, way[1]), router_of(model).route(letter.exchange, key, way[1], vhost=queue.vhost)
