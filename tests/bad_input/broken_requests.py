"""Broken words about requests, replies, and tasks whose state is written down."""

from __future__ import annotations

from tests.bad_input.corpus import Broken

_QUEUES = "to: orders}\nqueues:\n  orders: {durable: true}\n  audit: {}"
_TO, _WORK = "to: orders}", "service: 4 ms}"


def _asks(text: str) -> str:
    return f"to: orders, {text}}}"


def _works(text: str) -> str:
    return f"service: 4 ms, {text}}}"


TABLE = [
    Broken("a reply queue that is not there", _TO, _asks("request: {reply_to: audti}"), 5, 70,
           "no queue `audti`", "`audit`"),
    Broken("a request and confirms", _TO, _asks("confirm: true, request: true"), 5, 59,
           "`request` and `confirm` exclude", "leave `confirm` out"),
    Broken("a request in a word", _TO, _asks("request: own"), 5, 59, "`own` is not understood", "a mapping"),
    Broken("a request with a typo", _TO, _asks("request: {replyto: own}"), 5, 60, "unknown field `replyto`",
           "`reply_to`"),
    Broken("a request that waits without a unit", _TO, _asks("request: {timeout: 100}"), 5, 69, "has no unit",
           "`100 ms`"),
    Broken("a correlation id by name", _TO, _asks("request: {correlate: id}"), 5, 71, "`id`", "true"),
    Broken("a reply queue that may be deleted", _QUEUES,
           "to: orders, request: {reply_to: audit}}\nqueues:\n  orders: {durable: true}\n  audit: {expires: 1 s}",
           5, 70, "queue `audit` may be deleted", "reply_to: own"),
    Broken("a consumer that steals replies", _TO, _asks("request: {reply_to: orders}"), 10, 18,
           "holds the replies to `shop`", "another queue"),
    Broken("a reply with a typo", _WORK, _works("reply: {sizes: 1 KiB}"), 10, 49, "unknown field `sizes`", "`size`"),
    Broken("a reply of no size", _WORK, _works("reply: {size: big}"), 10, 55, "`big`", "1 KiB"),
    Broken("a record without an order", _TO, _asks("record: {takes: 2 ms}"), 5, 58, "`order` is missing",
           "write-first"),
    Broken("a record in another order", _TO, _asks("record: {takes: 2 ms, order: first}"), 5, 79, "`first`",
           "`write-first`"),
    Broken("a record and preparation", _TO, _asks("prepare: 1 ms, record: {takes: 2 ms, order: write-first}"), 5, 59,
           "`record` and `prepare` exclude", "write-first"),
    Broken("a worker that expects otherwise", _WORK, _works("expects_record: ignore"), 10, 57, "`ignore`", "discard"),
    Broken("a worker that looks again and does not wait", _WORK,
           _works("expects_record: {otherwise: discard, every: 1 ms}"), 10, 78, "`every` means nothing",
           "otherwise: wait"),
]  # fmt: skip
