"""An exchange: a matching engine, a ring, a ticker, bars, and an archive that is too slow.

    orders ─► matching engine ─► ring ─┬─► ticker     last price, volume
                                       ├─► bars       open, high, low, close of each interval
                                       └─► feed ─► lapping ring ─► archive, which may be too slow, by design

The engine waits for ticker and bars when the ring is full, so they see every trade. It waits for no archive: the feed
overwrites what the archive has not read, and the archive knows to the trade what it lost.

    python -m mqlab.examples.exchange
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from mqlab.ring import LappingReader, LappingRing, RingBuffer

__all__ = ["Archive", "Bar", "MatchingEngine", "Order", "Session", "Trade", "orders", "trade_day"]

TRADE = [("time_ns", "i8"), ("price", "i8"), ("quantity", "i8"), ("buyer", "i8"), ("seller", "i8")]
"""A record of the ring: prices in ticks, buyer and seller are numbers of orders."""


class Order(NamedTuple):
    """A limit order."""

    number: int
    time_ns: int
    is_buy: bool
    price: int
    quantity: int


class Trade(NamedTuple):
    """Two orders that met; the price is that of the one which was there first."""

    time_ns: int
    price: int
    quantity: int
    buyer: int
    seller: int


class Bar(NamedTuple):
    """What happened in one interval."""

    start_ns: int
    open: int
    high: int
    low: int
    close: int
    volume: int


class MatchingEngine:
    """An order book by price, then by time.

    Examples
    --------
    >>> engine = MatchingEngine()
    >>> engine.take(Order(1, 0, is_buy=False, price=101, quantity=5))
    []
    >>> engine.take(Order(2, 10, is_buy=True, price=102, quantity=3))
    [Trade(time_ns=10, price=101, quantity=3, buyer=2, seller=1)]
    """

    def __init__(self) -> None:
        self._bids: list[list[int]] = []
        self._asks: list[list[int]] = []

    def take(self, order: Order) -> list[Trade]:
        """Match an order against the book, let the rest of it stand there, and give the trades."""
        mine, others = (self._bids, self._asks) if order.is_buy else (self._asks, self._bids)
        sign = -1 if order.is_buy else 1  # heaps: the best bid is the highest, so it stands there negated
        left, trades = order.quantity, []
        while left and others and self._meets(order, -sign * others[0][0]):
            best = others[0]
            price, quantity = -sign * best[0], min(left, best[2])
            buyer, seller = (order.number, best[1]) if order.is_buy else (best[1], order.number)
            trades.append(Trade(order.time_ns, price, quantity, buyer, seller))
            left -= quantity
            best[2] -= quantity
            if not best[2]:
                heapq.heappop(others)
        if left:
            heapq.heappush(mine, [sign * order.price, order.number, left])
        return trades

    @staticmethod
    def _meets(order: Order, price: int) -> bool:
        return order.price >= price if order.is_buy else order.price <= price


def orders(count: int, *, seed: int = 1, gap_ns: int = 1_000_000) -> Iterator[Order]:
    """Draw orders around a price that wanders; one every ``gap_ns`` on average."""
    luck = Random(seed)
    now_ns, middle = 0, 10_000
    for number in range(1, count + 1):
        now_ns += 1 + round(luck.expovariate(1 / gap_ns))
        middle += luck.choice((-1, 0, 0, 1))
        is_buy = luck.random() < 0.5
        away = luck.randint(-3, 8)
        yield Order(number, now_ns, is_buy, middle - away if is_buy else middle + away, luck.randint(1, 10))


class Ticker:
    """Keeps what a ticker shows."""

    def __init__(self) -> None:
        self.last = self.volume = self.trades = 0

    def see(self, record: Any, sequence: int, end: bool) -> None:
        """Take a trade from the ring."""
        self.last = int(record["price"])
        self.volume += int(record["quantity"])
        self.trades += 1


class Bars:
    """Makes bars; an interval without trades has none."""

    def __init__(self, interval_ns: int) -> None:
        self._interval_ns = interval_ns
        self.bars: list[Bar] = []

    def see(self, record: Any, sequence: int, end: bool) -> None:
        """Take a trade from the ring."""
        time_ns, price, quantity = int(record["time_ns"]), int(record["price"]), int(record["quantity"])
        start_ns = time_ns - time_ns % self._interval_ns
        last = self.bars[-1] if self.bars else None
        if last is None or last.start_ns != start_ns:
            self.bars.append(Bar(start_ns, price, price, price, price, quantity))
        else:
            self.bars[-1] = last._replace(
                high=max(last.high, price), low=min(last.low, price), close=price, volume=last.volume + quantity
            )


@dataclass
class Archive:
    """What a slow reader has kept, and which trades it lost: (first, last) sequences."""

    kept: dict[int, Trade] = field(default_factory=dict)
    gaps: list[tuple[int, int]] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """How many trades it lost."""
        return sum(last - first + 1 for first, last in self.gaps)

    def read(self, reader: LappingReader) -> int:
        """Take what is there, and say how much."""
        read = reader.read()
        if read.lost:
            self.gaps.append((read.first - read.lost, read.first - 1))
        for place, record in enumerate(read.records.tolist()):
            self.kept[read.first + place] = Trade(*record)
        return len(read)


@dataclass(frozen=True)
class Session:
    """What a day of trading has brought."""

    trades: int
    last: int
    volume: int
    bars: list[Bar]
    archive: Archive
    wall_s: float


def trade_day(
    count: int = 20_000, *, seed: int = 1, interval_ns: int = 1_000_000_000, ring_size: int = 1024,
    feed_size: int = 512, rest: Callable[[], object] = lambda: time.sleep(0.02),
) -> Session:  # fmt: skip
    """Trade, for real: each of engine, ticker, bars, feed and archive in a thread of its own.

    Parameters
    ----------
    count
        Orders.
    interval_ns
        Length of a bar, in time of the exchange.
    ring_size, feed_size
        Slots of the ring, for which the engine waits, and of the feed, for which nobody waits.
    rest
        What makes the archive slow: called between two reads.

    Examples
    --------
    >>> session = trade_day(2_000, rest=lambda: None)
    >>> session.trades == len(session.archive.kept) + session.archive.lost
    True
    >>> session.volume == sum(bar.volume for bar in session.bars)
    True
    """
    ticker, bars, archive = Ticker(), Bars(interval_ns), Archive()
    feed = LappingRing(TRADE, feed_size)
    reader = feed.reader(from_start=True)
    over = threading.Event()
    ring = RingBuffer(TRADE, ring_size)
    ring.handle(ticker.see, name="ticker")
    ring.handle(bars.see, name="bars")
    ring.handle(lambda batch, first: feed.write_many(batch), batches=True, name="feed")

    def keep() -> None:
        while not over.is_set():
            archive.read(reader)
            rest()
        while archive.read(reader):
            pass

    archiving = threading.Thread(target=keep, name="archive")
    engine = MatchingEngine()
    began = time.perf_counter()
    archiving.start()
    try:
        with ring:
            for order in orders(count, seed=seed):
                for trade in engine.take(order):
                    ring.publish(**trade._asdict())
    finally:
        over.set()
        archiving.join()
    return Session(ticker.trades, ticker.last, ticker.volume, bars.bars, archive, time.perf_counter() - began)


def main() -> str:
    """Trade a day and tell about it."""
    session = trade_day()
    lines = [f"{'second':>6} {'open':>7} {'high':>7} {'low':>7} {'close':>7} {'volume':>7}"]
    lines += [
        " ".join([f"{bar.start_ns // 1_000_000_000:>6}", *(f"{figure:>7,}" for figure in bar[1:])])
        for bar in session.bars
    ]
    archive = session.archive
    lines.append(f"{session.trades:,} trades in {session.wall_s:.2f} s; the last at {session.last:,}")
    lines.append(
        f"the archive kept {len(archive.kept):,} and lost {archive.lost:,}, in {len(archive.gaps)} gaps; the first of "
        f"them: {'trades {:,} to {:,}'.format(*archive.gaps[0]) if archive.gaps else 'none'}"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    print(main())  # noqa: T201
