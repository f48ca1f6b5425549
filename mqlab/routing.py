"""Which queues a message goes to: exchanges and bindings, for the simulation and the real broker alike.

Rules of AMQP 0-9-1: the default exchange "" knows every queue by its name; a direct exchange compares the
routing key with the binding's key; a fanout exchange ignores both. However many bindings match, a queue
gets one copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mqlab.errors import BadInput, did_you_mean
from mqlab.model import Binding, Exchange

__all__ = ["route"]


def route(
    exchanges: Iterable[Exchange],
    bindings: Iterable[Binding],
    queue_names: Sequence[str],
    exchange: str,
    routing_key: str,
) -> tuple[str, ...]:
    """Find the queues that a message reaches.

    Parameters
    ----------
    exchanges
        Those declared; the default exchange "" is always there besides.
    bindings
        Of all exchanges.
    queue_names
        All queues, in the order of the model.
    exchange, routing_key
        What the message was published with.

    Returns
    -------
    tuple of str
        Each queue at most once, in the order of ``queue_names``; empty if the message is unroutable.

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
    if exchange == "":
        return tuple(name for name in queue_names if name == routing_key)
    kinds = {declared.name: declared.kind for declared in exchanges}
    if exchange not in kinds:
        raise BadInput(f"there is no exchange `{exchange}`", mend=did_you_mean(exchange, kinds, "exchanges"))
    fanout = kinds[exchange] == "fanout"
    matched = {b.queue for b in bindings if b.exchange == exchange and (fanout or b.key == routing_key)}
    return tuple(name for name in queue_names if name in matched)
