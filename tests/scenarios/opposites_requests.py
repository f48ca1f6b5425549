"""Requests, replies and tasks with states: changes that break what their scenarios expect."""

from __future__ import annotations

from tests.scenarios.shipped import Row

ALL_ANSWERED = "gauges.requests.answered * 2 == messages.created"
EACH_ITS_ANSWER = "gauges.requests.answered == messages.created - gauges.replies.sent"
ALL_DONE = "fates.processed == messages.owed"

ROWS = [
    # working mode 6
    Row("modes-6-rpc", ("consumers.servers.exceptions={probability: 1 %, then: reject}",), (ALL_ANSWERED, ALL_DONE)),
    Row("modes-6-rpc", ("producers.clients.request={correlate: false, timeout: 10 ms}",),
        (ALL_DONE, "reply_mismatch == 0"), ("reply_mismatch",)),
    Row("modes-6-rpc", ("consumers.servers.service=20 ms",), ("stages.request_reply.p50 < 10 ms",)),
    # lost replies
    Row("rpc-lost-reply", ("producers.clients.retry.attempts=1",), ("duplicate_effect > 5", EACH_ITS_ANSWER)),
    Row("rpc-lost-reply", ("faults=[]",), ("fates.unroutable > 5", "duplicate_effect > 5"), (),
        ("redelivered", "enqueued_twice", "duplicate_effect")),
    # the retry storm
    Row("rpc-retry-storm", ("producers.clients.request.timeout=5 s",),
        ("gauges.replies.dropped > 1000", "duplicate_effect > 1000", "fates.discarded > 0.25 * messages.owed")),
    Row("rpc-retry-storm", ("producers.clients.retry.attempts=1",), ("duplicate_effect > 1000",), (),
        ("enqueued_twice",)),
    Row("rpc-retry-storm", ("queues.rpc.max_length=10",),
        ("gauges.replies.dropped > 1000", "duplicate_effect > 1000", "fates.discarded > 0.25 * messages.owed")),
    # the wrong answer
    Row("rpc-mismatch", ("producers.client.request.correlate=true",), ("reply_mismatch > 50",), (),
        ("reply_mismatch",)),
    Row("rpc-mismatch", ("producers.client.request.timeout=0 s",),
        ("reply_mismatch > 50", "gauges.requests.timed_out > 50"), (), ("reply_mismatch",)),
    Row("rpc-mismatch", ("producers.client.arrivals={closed: {think: 500 ms}}",), ("messages.created > 2000",)),
    Row("rpc-mismatch-cured", ("producers.client.request.correlate=false",), ("reply_mismatch == 0",),
        ("reply_mismatch",)),
    Row("rpc-mismatch-cured",
        ("producers.client.request.reply_to=replies", "producers.client.count=2"),
        ("gauges.requests.answered > 0.85 * gauges.replies.sent",)),
    Row("rpc-mismatch-cured", ("faults=[{at: [5 s, 15 s, 25 s, 35 s, 45 s], silence: client, for: 100 ms}]",),
        ("gauges.replies.dropped == gauges.requests.timed_out",)),
    # direct reply-to
    Row("rpc-direct-reply-to", ("producers.client.request.reply_to=replies",), ("fates.no_subscriber > 5",)),
    Row("rpc-direct-reply-to", ("producers.client.retry.attempts=1",), ("duplicate_effect > 5", "fates.gave_up == 0"),
        (), ("enqueued_twice", "duplicate_effect")),
    Row("rpc-direct-reply-to", ("producers.client.link={latency: 2 ms}",), ("stages.created_enqueued.p50 < 1 ms",)),
    # asked twice, done twice
    Row("rpc-retry-does-the-work-twice", ("consumers.bank.deduplicate=true",), ("duplicate_effect > 20",), (),
        ("duplicate_effect",)),
    Row("rpc-retry-does-the-work-twice", ("producers.shop.request.timeout=10 s", "faults=[]"),
        ("duplicate_effect > 20",), (), ("enqueued_twice", "duplicate_effect")),
    Row("rpc-retry-does-the-work-twice", ("consumers.bank.count=1",),
        ("gauges.requests.answered > 900",)),
    Row("rpc-retry-does-the-work-twice", ("faults=[{at: 5 s, silence: shop, for: 2 s}]",
                                         "producers.shop.connection={reconnect: 5 s, heartbeat: 1 s}"),
        ("fates.gave_up == 0",)),
    # the submitted race
    Row("submitted-race", ("producers.web.record.order=write-first",),
        ("gauges.tasks.abandoned > 500",)),
    Row("submitted-race", ("consumers.workers.expects_record=requeue",),
        ("fates.discarded == gauges.tasks.abandoned",), ("redelivered",)),
    Row("submitted-race", ("consumers.workers.expects_record=wait",), ("gauges.tasks.abandoned > 500",)),
    Row("submitted-race", ("faults=[{at: [2 s, 4 s, 6 s, 8 s], crash: web, for: 100 ms}]",),
        ("messages.confirmed == messages.created", "gauges.tasks.recorded == messages.created")),
    Row("submitted-race-cured", ("producers.web.record.order=enqueue-first",),
        ("gauges.tasks.abandoned == 0", ALL_DONE)),
    Row("submitted-race-cured", ("faults=[{at: [2 s, 4 s, 6 s, 8 s], crash: web, for: 100 ms}]",), (ALL_DONE,)),
    Row("submitted-race-cured", ("producers.web.arrivals={poisson: 20/s}",), ("messages.created > 1500",)),
]  # fmt: skip
