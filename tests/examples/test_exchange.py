"""The exchange: what the book matches, what everybody sees, and what the slow archive loses."""

import threading

from mqlab.examples import exchange
from mqlab.examples.exchange import Bar, MatchingEngine, Order, Trade, main, orders, trade_day

PATIENCE_S = 60


def matched(*given):
    engine = MatchingEngine()
    return [trade for order in given for trade in engine.take(order)]


def test_better_prices_go_first_then_earlier_orders():
    trades = matched(
        Order(1, 1, False, 103, 2),
        Order(2, 2, False, 101, 2),
        Order(3, 3, False, 101, 2),
        Order(4, 4, True, 102, 10),
        Order(5, 5, True, 90, 1),
        Order(6, 6, False, 90, 8),
    )
    assert trades == [
        Trade(4, 101, 2, 4, 2),
        Trade(4, 101, 2, 4, 3),
        Trade(6, 102, 6, 4, 6),
        Trade(6, 90, 1, 5, 6),
    ]


def test_an_order_that_meets_nobody_waits():
    assert matched(Order(1, 1, True, 100, 1), Order(2, 2, False, 101, 1)) == []


def expected(count):
    engine = MatchingEngine()
    return [trade for order in orders(count) for trade in engine.take(order)]


def test_ticker_and_bars_see_every_trade():
    trades = expected(3000)
    session = trade_day(3000, ring_size=64, interval_ns=500_000_000, rest=lambda: None)
    assert (session.trades, session.last) == (len(trades), trades[-1].price)
    assert session.volume == sum(trade.quantity for trade in trades)
    by_start = {}
    for trade in trades:
        by_start.setdefault(trade.time_ns // 500_000_000 * 500_000_000, []).append(trade)
    assert session.bars == [
        Bar(
            start,
            some[0].price,
            max(trade.price for trade in some),
            min(trade.price for trade in some),
            some[-1].price,
            sum(trade.quantity for trade in some),
        )
        for start, some in by_start.items()
    ]
    assert len(session.bars) > 3


def test_the_archive_keeps_what_is_right_and_knows_what_it_lost():
    trades = expected(3000)
    session = trade_day(3000, feed_size=64, rest=lambda: None)
    archive = session.archive
    assert all(trades[sequence] == trade for sequence, trade in archive.kept.items())
    gone = {sequence for first, last in archive.gaps for sequence in range(first, last + 1)}
    assert gone | set(archive.kept) == set(range(len(trades)))
    assert len(gone) + len(archive.kept) == len(trades)


def test_an_archive_that_comes_too_late_is_lapped_and_the_exchange_does_not_wait_for_it(monkeypatch):
    trades = expected(3000)
    all_sent = threading.Event()

    def then_tell(count, *, seed):
        yield from orders(count, seed=seed)
        all_sent.set()

    monkeypatch.setattr(exchange, "orders", then_tell)
    session = trade_day(3000, feed_size=64, rest=lambda: all_sent.wait(PATIENCE_S))
    assert session.trades == len(trades)
    assert session.archive.lost >= len(trades) - 3 * 64
    assert max(session.archive.kept) == len(trades) - 1


def test_the_program_tells_about_it():
    told = main()
    assert "second    open    high     low   close  volume" in told
    assert "the archive kept" in told
