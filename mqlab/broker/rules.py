"""What a queue with rules of its own does: limits, overflow, times to live, priorities, the delivery limit.

Each function is called with the queue's lock held, and only for queues that are ``special``; some of those have a plain
line and only special turns.

Ready messages count for limits, and in a limit of bytes their bodies. Messages expire at the head only
(https://www.rabbitmq.com/docs/ttl#message-ttl-caveats), so an alarm is set for the head and for nobody else.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mqlab.broker import turns
from mqlab.broker.lines import Place
from mqlab.broker.messages import Delivery, Envelope, Message, size_of

if TYPE_CHECKING:
    from mqlab.broker.consumers import Consumer
    from mqlab.broker.queues import Queue

__all__ = [
    "bury", "come_back", "forget", "forget_all", "has_room_for", "hold_to_limits", "place_of", "put", "put_all",
    "serve", "take",
]  # fmt: skip


def place_of(queue: Queue, message: Message, position: int, returns: int) -> Place:
    """Find out what the queue has to remember of a message that comes now."""
    options, properties = queue.options, message[1].properties
    ttl_ns = options.ttl_ns if options.ttl_ns >= 0 else None
    if properties.ttl_ns is not None:
        ttl_ns = properties.ttl_ns if ttl_ns is None else min(ttl_ns, properties.ttl_ns)
    expires_ns = None if ttl_ns is None else queue.host.broker.clock.now_ns() + ttl_ns
    weighed = options.max_bytes >= 0 or queue.host.broker.memory is not None
    size_bytes = size_of(message) if weighed else 0
    place = Place(message, position, min(properties.priority, options.max_priority), size_bytes, expires_ns)
    place.returns = returns
    return place


def put(queue: Queue, message: Message) -> bool:
    """Take a message, or refuse it."""
    taken = _put(queue, message)
    if queue.log is not None:
        queue.log.flush()
    return taken


def put_all(queue: Queue, bodies: Iterable[Any], envelope: Envelope) -> list[bool]:
    """Take messages that were published the same way, or refuse them; say of each whether it was taken."""
    line = queue.line
    if line is not None and queue.log is not None and _is_simple(queue, envelope):
        first = queue.out
        places = [Place((body, envelope), position, 0, 0, None) for position, body in enumerate(bodies, first)]
        queue.out = first + len(places)
        for place in places:
            queue.log.put(place)
        line.join_behind(places)
        serve(queue)
        taken = [True] * len(places)
    else:
        taken = [_put(queue, (body, envelope)) for body in bodies]
    if queue.log is not None:
        queue.log.flush()
    return taken


def _is_simple(queue: Queue, envelope: Envelope) -> bool:
    """Whether a message joins the end of the line and that is all there is to it: no limit, no expiry, no level."""
    plain = queue.options.is_plain and not queue.deleted and queue.host.broker.memory is None
    return plain and envelope.properties.ttl_ns is None


def _put(queue: Queue, message: Message) -> bool:
    if queue.deleted:
        return True
    line, options = queue.line, queue.options
    if line is None:
        queue.fifo.append(message[0])
        queue.envelopes.append(message[1])
        serve(queue)
        return True
    place = place_of(queue, message, queue.out, 0)
    consumer = turns.choose(queue) if not len(line) else None
    if consumer is None and options.overflow != "drop-head" and _is_over(queue, 1, place.size_bytes):
        if options.overflow == "drop-newest":
            queue.out += 1
            queue.dropped += 1
            return True
        queue.refused += 1
        if options.overflow == "reject-publish-dlx" and options.dead_letter is not None:
            queue.letters.append((message, "maxlen", None))
        return False
    queue.out += 1
    memory = queue.host.broker.memory
    if memory is not None:
        memory.hold(place.size_bytes)
    if queue.log is not None:
        queue.log.put(place)
    if consumer is not None:
        _hand(queue, consumer, message, place, 0)
        return True
    line.join(place)
    serve(queue)
    hold_to_limits(queue)
    return True


def take(queue: Queue) -> Place | None:
    """Take the first copy that has not expired; None if there is none."""
    line = queue.line
    assert line is not None
    _bury_expired(queue)
    place = line.take() if len(line) else None
    hold_to_limits(queue)
    return place


def serve(queue: Queue) -> None:
    """Hand out what is ready to whoever's turn it is."""
    line = queue.line
    while True:
        if line is not None:
            _bury_expired(queue)
        if not queue.ready:
            return
        consumer = turns.choose(queue)
        if consumer is None:
            _set_alarm(queue)
            return
        if line is not None:
            place = line.take()
            _hand(queue, consumer, place.message, place, place.returns)
        else:
            first = queue.take()
            assert first is not None
            message, at, returns = first
            _hand(queue, consumer, message, at, returns)


def _hand(queue: Queue, consumer: Consumer, message: Message, place: int | Place, returns: int) -> None:
    """Hand a message to a consumer, for as long as the queue lets it."""
    if queue.log is not None and not consumer.auto and isinstance(place, Place):
        queue.log.handed(place)
    delivery = queue.hand(consumer, *message, place, returns)
    timeout_ns = queue.options.visibility_timeout_ns
    if timeout_ns >= 0 and not consumer.auto:
        queue.leases.lend(delivery, timeout_ns)


def has_room_for(queue: Queue, messages: Sequence[Message]) -> bool:
    """Say whether :func:`put` would take all of these, one after the other."""
    line, options = queue.line, queue.options
    if line is None or queue.deleted or options.overflow in ("drop-head", "drop-newest"):
        return True
    stay = messages[turns.room(queue) :] if not len(line) else messages
    return not stay or not _is_over(queue, len(stay), sum(map(size_of, stay)) if options.max_bytes >= 0 else 0)


def come_back(queue: Queue, delivery: Delivery, message: Message) -> None:
    """Put a copy back in its place, unless it came back too often."""
    if queue.deleted:
        queue.deleted_messages += 1
        forget(queue, delivery.place)
        return
    if queue.line is None:
        at: Any = delivery.place
        heapq.heappush(queue.back, (at, delivery.returns + 1, message))
        return
    place = delivery.place
    if isinstance(place, int):  # it left while the queue was plain
        place = place_of(queue, message, place, delivery.returns)
    place.returns += 1
    limit = queue.options.delivery_limit
    if 0 <= limit < place.returns:
        queue.too_often += 1
        bury(queue, place, "delivery_limit")
    else:
        if queue.log is not None:
            queue.log.returned(place)
        queue.line.join(place)


def forget(queue: Queue, place: int | Place) -> None:
    """Free what a copy took that has left the broker."""
    forget_all(queue, (place,))


def forget_all(queue: Queue, places: Iterable[int | Place]) -> None:
    """Free what copies took that have left the broker together."""
    known = [place for place in places if isinstance(place, Place)]
    memory = queue.host.broker.memory
    if memory is not None:
        for place in known:
            memory.free(place.size_bytes)
    if queue.log is not None:
        queue.log.gone(known)


def hold_to_limits(queue: Queue) -> None:
    """Drop from the head what has expired or is too much; a queue that refuses drops nothing that it has taken."""
    line = queue.line
    if line is None:
        return
    _bury_expired(queue)
    while queue.options.overflow == "drop-head" and len(line) and _is_over(queue, 0, 0):
        queue.dropped += 1
        bury(queue, line.take(), "maxlen")
        _bury_expired(queue)
    _set_alarm(queue)


def _is_over(queue: Queue, more: int, more_bytes: int) -> bool:
    line, options = queue.line, queue.options
    assert line is not None
    too_many = 0 <= options.max_length < len(line) + more
    return too_many or 0 <= options.max_bytes < line.size_bytes + more_bytes


def _bury_expired(queue: Queue) -> None:
    line = queue.line
    assert line is not None
    first = line.first()
    if first is None or first.expires_ns is None:
        return
    now_ns = queue.host.broker.clock.now_ns()
    while first is not None and first.expires_ns is not None and first.expires_ns <= now_ns:
        queue.expired += 1
        bury(queue, line.take(), "expired")
        first = line.first()


def bury(queue: Queue, place: Place, reason: str) -> None:
    """Let a copy leave unprocessed; if there is an exchange for letters, it is posted when the lock is free.

    It stays in the journal until its letter stands where it goes (:meth:`VirtualHost.post`).
    """
    memory = queue.host.broker.memory
    if queue.options.dead_letter is None or queue.deleted:
        forget(queue, place)
        return
    if memory is not None:
        memory.free(place.size_bytes)
    queue.letters.append((place.message, reason, place))


def _set_alarm(queue: Queue) -> None:
    """See to it that somebody looks when the head expires."""
    first = queue.line.first() if queue.line is not None else None
    if first is None or first.expires_ns is None or 0 <= queue.alarm_ns <= first.expires_ns:
        return
    at_ns = queue.alarm_ns = first.expires_ns

    def look() -> None:
        with queue.lock:
            if queue.alarm_ns == at_ns:
                queue.alarm_ns = -1
            serve(queue)
        if queue.letters:
            queue.host.post(queue)

    queue.host.broker.clock.call_at(at_ns, look)
