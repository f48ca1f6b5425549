"""The broker against a model of one page: whatever happens in whatever order, both agree on every message."""

from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mqlab.broker import Broker, DeadLetter, ManualClock, Properties, UnknownDelivery


@dataclass
class Copy:
    """A message in the model."""

    body: int
    position: int
    level: int
    expires_ns: float
    returns: int = 0


class OneQueue(RuleBasedStateMachine):
    """A queue with drawn rules and a queue for its dead letters; clients fetch, settle, and vanish."""

    @initialize(
        max_length=st.sampled_from([-1, -1, 0, 1, 3]),
        overflow=st.sampled_from(["drop-head", "reject-publish", "reject-publish-dlx", "drop-newest"]),
        ttl_ns=st.sampled_from([-1, -1, 0, 5]),
        max_priority=st.sampled_from([0, 0, 2]),
        delivery_limit=st.sampled_from([-1, -1, 0, 1]),
    )
    def declare(self, **rules):
        self.rules = rules
        self.clock = ManualClock()
        self.broker = Broker(clock=self.clock)
        self.publisher = self.broker.connect().channel()
        self.publisher.declare_queue("q", dead_letter=DeadLetter("", "dead"), **rules)
        self.publisher.declare_queue("dead")
        self.publisher.confirms()
        self.connection = self.broker.connect()
        self.channel = self.connection.channel()
        self.ready, self.held, self.dead = [], {}, []
        self.sent = 0

    def die(self, copy, reason):
        self.dead.append((copy.body, reason))

    def settle_model(self):
        """Let the model do what follows by itself: order, expiry at the head, the limit."""
        limit = self.rules["max_length"]
        while True:
            self.ready.sort(key=lambda copy: (-copy.level, copy.position))
            if self.ready and self.ready[0].expires_ns <= self.clock.now_ns():
                self.die(self.ready.pop(0), "expired")
            elif self.rules["overflow"] == "drop-head" and 0 <= limit < len(self.ready):
                self.die(self.ready.pop(0), "maxlen")
            else:
                return

    @rule(priority=st.integers(0, 3), ttl_ns=st.sampled_from([None, None, 0, 3, 10]))
    def publish(self, priority, ttl_ns):
        self.sent += 1
        body = self.sent
        properties = Properties(priority=priority, ttl_ns=ttl_ns) if priority or ttl_ns is not None else None
        number = self.publisher.publish(body, "q", properties=properties)
        refused = self.publisher.wait_for_confirms() == (number,)
        lives = [ttl for ttl in (ttl_ns, self.rules["ttl_ns"]) if ttl is not None and ttl >= 0]
        expires_ns = self.clock.now_ns() + min(lives) if lives else float("inf")
        copy = Copy(body, body, min(priority, self.rules["max_priority"]), expires_ns)
        full = 0 <= self.rules["max_length"] <= len(self.ready)
        overflow = self.rules["overflow"]
        assert refused == (full and overflow.startswith("reject"))
        if full and overflow != "drop-head":
            if overflow == "reject-publish-dlx":
                self.die(copy, "maxlen")
            return
        self.ready.append(copy)
        self.settle_model()

    @rule()
    def fetch(self):
        delivery = self.channel.get("q")
        if delivery is None:
            assert self.ready == []
            return
        copy = self.ready.pop(0)
        assert (delivery.body, delivery.returns) == (copy.body, copy.returns)
        self.held[delivery.tag] = (delivery, copy)
        self.settle_model()

    def go_back(self, copies):
        for copy in copies:
            copy.returns += 1
            if 0 <= self.rules["delivery_limit"] < copy.returns:
                self.die(copy, "delivery_limit")
            else:
                self.ready.append(copy)
        self.settle_model()

    def choose(self, data, multiple):
        tag = data.draw(st.sampled_from(sorted(self.held)))
        tags = [each for each in sorted(self.held) if each <= tag] if multiple else [tag]
        return self.held[tag][0], [self.held.pop(each)[1] for each in tags]

    @precondition(lambda self: self.held)
    @rule(data=st.data(), multiple=st.booleans())
    def acknowledge(self, data, multiple):
        delivery, _ = self.choose(data, multiple)
        delivery.ack(multiple)
        with pytest.raises(UnknownDelivery):
            delivery.ack()

    @precondition(lambda self: self.held)
    @rule(data=st.data(), multiple=st.booleans())
    def give_back(self, data, multiple):
        delivery, copies = self.choose(data, multiple)
        delivery.nack(multiple)
        self.go_back(copies)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def reject(self, data):
        delivery, (copy,) = self.choose(data, multiple=False)
        delivery.reject()
        self.die(copy, "rejected")

    @rule(how=st.sampled_from(["close", "drop"]))
    def vanish(self, how):
        getattr(self.connection, how)()
        self.connection = self.broker.connect()
        self.channel = self.connection.channel()
        copies = [copy for _, copy in self.held.values()]
        self.held = {}
        self.go_back(copies)

    @rule(ns=st.integers(1, 6))
    def wait(self, ns):
        self.clock.advance(ns)
        self.settle_model()

    @invariant()
    def both_agree(self):
        stats = self.publisher.stats("q")
        assert (stats.ready, stats.unacked) == (len(self.ready), len(self.held))
        assert stats.is_conserved
        assert self.publisher.stats("dead").ready == len(self.dead)

    def teardown(self):
        """At the end both say the same of all that is left, in order, and of all that died."""
        if not hasattr(self, "broker"):
            return
        while self.ready:
            self.fetch()
        assert self.channel.get("q") is None
        letters = []
        while (letter := self.publisher.get("dead", auto_ack=True)) is not None:
            letters.append((letter.body, letter.deaths[0].reason))
        assert sorted(letters) == sorted(self.dead)
        self.broker.close(drain=False)


TestOneQueue = OneQueue.TestCase
TestOneQueue.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
