# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,nbgrader,-all
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 5 · Duplication: why do things happen twice, and what makes twice harmless?
#
# Lesson 4 ended well: no order was lost. But some orders were sent, stored and served two times (重复消费).
# Here is one of them:

# %%
import mqlab

twice = mqlab.run("duplicate-confirm-lost")
one = twice.which("enqueued_twice")[0]
twice.plot("space_time", message=one)

# %% [markdown]
# Read it from top to bottom. The order arrives, the stock serves it, all is well. Then the receipt is lost (the cross).
# The shop sends the order again, and the stock serves it again: two parcels for one order.
#
# **The question.** Who could have known? And what makes a second time harmless?
#
# ## What you will be able to do
#
# - name the two places where duplicates are made, and tell from a run which one it was;
# - say which *number* recognises a duplicate, and which one cannot (question 3 of the ten);
# - explain why *look first, then act* is not enough (question 2);
# - choose how long to remember, and say what it costs;
# - say honestly what "exactly once" means.
#
# ## Predict
#
# The shop sends 500 orders a second for 5 s and asks for receipts. Nine times its connection breaks.
# One way takes 10 ms, and before the broker sends a receipt, it waits for its disk (some 4 ms).

# %%
twice_guess = mqlab.predict("Of about 2,400 orders: how many are served twice?", unit="orders", low=0, high=2500)
twice_guess

# %% tags=["nbval-check-output"]
print(twice.summary["messages"])
twice_guess.beside(twice.summary["anomalies"]["duplicate_effect"])

# %% [markdown]
# ## Read the number
#
# An order is doubled if the connection breaks *after* the broker took it and *before* its receipt is back. That is
# some 4 ms for the disk and 10 ms for the way: 14 ms. At 500 a second these are 7 orders, and nine breaks make 63.
#
# So duplicates are no accident of bad luck. They are *rate × time of uncertainty*, at each break.
#
# ## Explain one message

# %% tags=["nbval-check-output"]
twice.explain(one)

# %% [markdown]
# "The outcome was unknown": that is the whole problem. The shop cannot tell a lost order from a lost receipt.
#
# ## Change one thing: do not send again
#
# If sending again makes duplicates, then let us not do it. The same run with one try for each order:

# %% tags=["nbval-check-output"]
once = mqlab.run("duplicate-confirm-lost", overrides=["producers.shop.retry.attempts=1"])
mqlab.compare({"send again": twice, "send once": once}, sections=["messages", "fates", "anomalies"])

# %% [markdown]
# No duplicates, but 40 orders are gone for good (`gave_up`). This is **at most once** (至多一次). The other way is
# **at least once** (至少一次). A producer has this choice and no third one: to lose some, or to double some.
#
# ## Which number recognises a duplicate? (question 3)
#
# So copies will come twice. The stock has to recognise the second one, by some number. Two proposals:
#
# - **the broker's number**: the broker numbers each message that it takes. (A well-known course proposes this.)
# - **the shop's number**: the shop numbers each order once, before the first try (**business id**, 业务标识).

# %%
number_guess = mqlab.predict(
    "Which number recognises an order that was sent again?",
    choices=["the broker's number", "the shop's number", "both", "neither"],
)
number_guess

# %% tags=["nbval-check-output"]
copies = twice.fates.sort_values("enqueued_ns")
copies["broker_number"] = range(1, len(copies) + 1)  # as a broker would: one more for each that comes in
copies["shop_number"] = copies["message"]  # made once for each order
copies.loc[copies["message"] == one, ["message", "broker_number", "shop_number", "attempts"]]


# %% tags=["nbval-check-output"]
def recognised(number):
    """Serve all copies in their order; count those whose number is known already."""
    known, count = set(), 0
    for each in copies.sort_values("processed_ns")[number]:
        count += each in known
        known.add(each)
    return count


print("copies in the queue:              ", len(copies))
print("recognised by the broker's number:", recognised("broker_number"))
print("recognised by the shop's number:  ", recognised("shop_number"))
number_guess.beside("the shop's number")

# %% [markdown]
# The broker's number recognises nothing. It cannot: for the broker, the second try is a new message, and gets a new
# number. What is made anew at each try cannot recognise anything. A number must be made **once**, before the first
# try, by whoever knows that both tries are the *same* order.
#
# A consumer that looks this number up before it acts is an **idempotent consumer** (幂等消费者):

# %% tags=["nbval-check-output"]
cured = mqlab.run("duplicate-confirm-lost-cured")
mqlab.compare({"does not look": twice, "looks it up": cured}, sections=["anomalies"])

# %% [markdown]
# Copies still come twice (`enqueued_twice`). They no longer *act* twice. That is the cure in one sentence.
#
# ## The other place: the consumer
#
# Now the network between shop and broker is perfect. A bank books payments, and acknowledges each one afterwards.
# The acknowledgement travels 10 ms. Nine times the *bank's* connection breaks. It may hold 30 payments (prefetch).

# %%
booked_guess = mqlab.predict("Of about 1,440 payments: how many are booked twice?", unit="payments", low=0, high=1440)
booked_guess

# %% tags=["nbval-check-output"]
bank = mqlab.run("duplicate-ack-lost")
came_again = bank.fates[bank.fates["deliveries"] > 1]
booked = came_again["effects"].value_counts()
print(f"delivered again: {len(came_again)}; of these booked once: {booked[1]}, booked twice: {booked[2]}")
booked_guess.beside(int(booked[2]))

# %% [markdown]
# Two numbers, and they are not the same. What is delivered again carries a flag, `redelivered`. The flag means
# *perhaps*: most of the flagged payments had only waited in the bank's hands. Who throws away everything that is
# flagged, loses most of it. Who ignores the question, books twice.

# %% tags=["nbval-check-output"]
payment = bank.which("duplicate_effect")[0]
bank.explain(payment)

# %%
bank.plot("space_time", message=payment)

# %% [markdown]
# One message, one copy in the queue, two deliveries. Compare the first picture: there were *two copies* in the queue.
#
# Three ways out. Acknowledge *before* the work (auto-ack). Or after it, and do not look. Or after it, and look:

# %% tags=["nbval-check-output"]
ways = {
    "ack first": mqlab.run("duplicate-ack-lost", overrides=["consumers.bank.ack=auto"]),
    "ack last": bank,
    "ack last, look up": mqlab.run("duplicate-ack-lost-cured"),
}
mqlab.compare(ways, sections=["fates", "anomalies"])

# %% [markdown]
# It is the shop's choice once more: ack first loses, ack last doubles. Only the look-up gets out of it.
#
# ## Look first, then act? (question 2)
#
# "Before you act, look whether the number is known. When you are done, write it down." Four consumers do that.
# The shop's receipts get lost often, so more than 800 orders are in the queue twice.
# (This is called *check-then-act*, 先检查后执行.)

# %%
race_guess = mqlab.predict(
    "How many of the doubled orders act twice all the same?", choices=["none", "a few", "one in seven", "all"]
)
race_guess

# %% tags=["nbval-check-output"]
HOW = {
    "does not look": ["consumers.stock.deduplicate=false"],
    "looks, then acts": [],
    "in one step": ["consumers.stock.deduplicate.how=atomic"],
    "looks, then acts, alone": ["consumers.stock.count=1"],
}
print(f"{'':26}{'in the queue twice':>20}{'acted twice':>14}")
for name, overrides in HOW.items():
    found = mqlab.run("duplicate-check-then-act", overrides=overrides).summary["anomalies"]
    print(f"{name:26}{found['enqueued_twice']:20}{found['duplicate_effect']:14}")
race_guess.beside("one in seven")

# %% [markdown]
# Looking helps, but it is not safe. Watch one order that slipped through:

# %% tags=["nbval-check-output"]
race = mqlab.run("duplicate-check-then-act")
slipped = race.which("duplicate_effect")[0]
print(race.explain(slipped).partition("Fate of")[0])

# %%
race.plot("space_time", message=slipped)

# %% [markdown]
# Two consumers hold the two copies **at the same time** (竞态). Both look. Neither has written anything down yet. So
# both find the order new. Between the look and the note there is a gap, and the work stands in this gap.
#
# The cure is one step that nobody can get into: look, act and note in **one atomic operation** (原子操作), for
# instance a transaction with a unique key. A single consumer has nobody to race with, so it is safe without. Until you need
# a second one. How much worse is it with more consumers?

# %%
crowd = mqlab.sweep(
    "duplicate-check-then-act", {"consumers.stock.count": [1, 2, 3, 4, 6, 8, 12, 16]}, reps=5, jobs=1, trace="fates"
)
crowd.plot("figure", figure="duplicate_effect")

# %% [markdown]
# From one to two consumers the trouble begins. It grows until there are enough consumers that no copy waits any more.
# A test with one consumer finds nothing: this bug shows itself on the day when you scale out.
#
# Turn the dials and watch *done twice* below the picture: what closes the gap, what makes it wider?

# %%
knobs = mqlab.explore(
    "duplicate-check-then-act",
    {
        "consumers.stock.count": (1, 16),
        "consumers.stock.service.exponential": ("1 ms", "40 ms"),
        "consumers.stock.deduplicate.how": ["check-then-act", "atomic"],
    },
    names={
        "consumers.stock.count": "consumers",
        "consumers.stock.service.exponential": "work takes",
        "consumers.stock.deduplicate.how": "looks up and notes",
    },
)
knobs

# %% [markdown]
# ## How long must it remember?
#
# A consumer cannot remember all numbers for ever. It keeps a **window** (去重窗口), say the last 5 s. In this run a
# connection breaks at 10 s and comes back 8 s later. What was done but not acknowledged is delivered again then.

# %% tags=["nbval-check-output"]
print("remembers      acted twice")
for window in ("5", "50", "1000", "1 s", "5 s", "9 s", "1 min"):
    settings = [f"consumers.stock.deduplicate.window={window}"]
    found = mqlab.run("duplicate-window-too-short", overrides=settings).summary["anomalies"]
    print(f"{window + (' ids' if window.isdigit() else ''):12}{found['duplicate_effect']:14}")

# %% [markdown]
# The window must be longer than *every* way in which a message can come again: re-sends, restarts, a full queue, an
# operator who replays yesterday. Here 5 s were too short and 9 s enough, because the break took 8 s.
# Memory has its price, too:

# %% tags=["nbval-check-output"]
RATE_PER_S, BYTES_PER_ID = 100, 100  # an id of 36 letters, and what a table needs around it
for name, seconds in {"5 s": 5, "1 hour": 3_600, "1 day": 86_400, "30 days": 30 * 86_400}.items():
    ids = RATE_PER_S * seconds
    print(f"{name:>8}: {ids:13,} ids, {ids * BYTES_PER_ID / 1e6:10,.2f} MB")

# %% [markdown]
# A day at this rate fits into any memory, a month wants a database. Brokers that deduplicate for you have a window as
# well: 5 minutes in Amazon SQS FIFO. (Added by us: the sources do not speak of windows.)
#
# ## A message that comes back for ever
#
# Not every repetition is an accident of the network. Order 500 is broken. Each time the consumer fails, puts it back,
# and gets it again: a **poison message** (毒消息).

# %%
poison_guess = mqlab.predict("How often is order 500 delivered within some 23 seconds?", unit="times", low=0)
poison_guess

# %% tags=["nbval-check-output"]
poison = mqlab.run("poison-message")
poison_guess.beside(int(poison.fates["deliveries"].max()))

# %% [markdown]
# No network broke, and no process died. The order stands at the head of the queue, so the next free consumer takes
# it at once. What can one do about it?

# %% tags=["nbval-check-output"]
CURES = {
    "put it back, again and again": [],
    "hold it, say nothing": ["consumers.stock.exceptions.then=hold"],
    "die of it": ["consumers.stock.exceptions.then=crash"],
    "refuse it for good": ["consumers.stock.exceptions.then=reject"],
    "the queue counts to 5": ["queues.orders.delivery_limit=5"],
}
print(f"{'':30}{'deliveries':>10}{'others done':>13}{'mean latency':>14}")
for name, overrides in CURES.items():
    run = mqlab.run("poison-message", overrides=overrides)
    most, done = int(run.fates["deliveries"].max()), run.summary["fates"]["processed"]
    print(f"{name:30}{most:10}{done:13}{run.summary['latency_ns']['mean'] / 1e6:11.0f} ms")

# %% [markdown]
# Put back, it occupies one of the two consumers all the time: everybody else waits about four times as long. The same
# happens if it is held. If the consumers die of it, only a third of the work is done at all (case 2 of lesson 4). Refuse it,
# or let the queue count. In the lab any queue can; in RabbitMQ a classic queue cannot, and a quorum queue gives up
# after 20 returns since version 4.0.
#
# ## Nobody can know
#
# The last duplicate needs no error at all. At 5.11 s one of the bank's two processes falls asleep for 12 s
# (假死, it looks dead). Play the moment when the broker gives it up:

# %%
asleep = mqlab.run("paused-consumer")
asleep.player(start="11 s", stop="11.4 s")

# %% tags=["nbval-check-output"]
print(asleep.explain(asleep.which("duplicate_effect")[0]).partition("Fate of")[0])

# %% [markdown]
# The sleeper woke up and finished its work, because it did not know. No time-out can prevent this: a slow process and
# a dead one look the same. Only the look-up *at the moment of the effect* helps.
#
# ## What "exactly once" honestly means
#
# Connections break, on both sides, and there are three promises. What is left of each?

# %% tags=["nbval-check-output"]
FAULTS = "faults=[{at: [1 s, 2 s, 3 s, 4 s], reset: shop}, {at: [1500 ms, 3500 ms], reset: stock}]"
PROMISES = {
    "at most once": ["producers.shop.retry.attempts=1", "consumers.stock.ack=auto"],
    "at least once": [],
    "effect once": ["consumers.stock.deduplicate=true"],
}
print(f"{'':16}{'sent':>7}{'acted':>7}{'not at all':>12}{'twice':>7}{'delivered':>11}")
for name, overrides in PROMISES.items():
    run = mqlab.run("duplicate-confirm-lost", overrides=[FAULTS, *overrides])
    effects = run.fates.groupby("message")["effects"].sum()
    counts = [run.summary["messages"]["created"], (effects > 0).sum(), (effects == 0).sum(), (effects > 1).sum()]
    print(f"{name:16}{counts[0]:7}{counts[1]:7}{counts[2]:12}{counts[3]:7}{run.fates['deliveries'].sum():11}")

# %% [markdown]
# Look at the last column. Nobody *delivers* exactly once; there are more deliveries than orders in the last row, too.
# What can be had is: delivered **at least once, with an effect exactly once** (恰好一次). It always has these parts:
#
# 1. whoever sends, sends again until there is a receipt;
# 2. a number that is made once, by the sender;
# 3. look-up, effect and note in one step, where the effect happens;
# 4. a memory that is longer than the longest way back.
#
# If a product promises "exactly once", ask: *from where to where?* An email that was sent cannot be taken back by any
# transaction.

# %% [markdown]
# ## Exercises
#
# Write your answer where it says so, run the cell, and run the cell below it: it plays your answer in many small worlds
# and shows the shortest one that breaks it. Try as often as you like. The marks come from other worlds of the same kind.
#
# ### Charge once (8 points)
#
# Write the desk that charges customers. The broker calls `deliver`: the number of the `order`, how many `cents`, and
# whether the broker has delivered it before (`again`). When you are done, tell the broker with `line.ack()`.
# The desk may crash **at any moment**: before the charge, after it, before the acknowledgement. What it remembers in
# itself is gone then. Acknowledgements get lost. And a second desk may get the same order at the same time.
# What stands at the bank stays:
#
# | | |
# |---|---|
# | `bank.begin()`, `bank.commit()` | all between the two happens together, or not at all |
# | `bank.known(order)` | whether the bank has noted this order |
# | `bank.note(order)` | notes it: `True` if it is new, `False` if it was noted before |
# | `bank.charge(order, cents)` | takes the money |

# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": false, "grade_id": "charge-once", "locked": false, "solution": true, "task": false}
class Desk:
    def __init__(self, bank):
        self.bank = bank

    def deliver(self, order, cents, again, line):
        ### BEGIN SOLUTION
        self.bank.begin()
        if self.bank.note(order):
            self.bank.charge(order, cents)
        self.bank.commit()
        line.ack()
        ### END SOLUTION


# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": true, "grade_id": "charge-once-check", "locked": true, "points": 8, "solution": false, "task": false} tags=["nbval-check-output"]
mqlab.check_exercise("charge-once", Desk)

# %% [markdown]
# ### A checker that finds double effects (6 points)
#
# Turn round: now you are the auditor. A shop has two services, `stock` packs each order and `mail` mails it. You get
# the list of everything that happened, in the order of time. Return the numbers of the orders that some service
# **did** more than once. Accuse nobody else: in many runs the services remember what they did. An event is such as
# `{"at_ms": 12.3, "what": "done", "order": 7, "service": "stock", "worker": "stock[1]"}`, and `what` is one of
#
# | | |
# |---|---|
# | `delivered` | a worker got a copy of the order |
# | `done` | the work was done: the parcel is packed, the mail is sent |
# | `skipped` | the worker knew the order already, and did nothing |
# | `acknowledged` | the broker heard that a copy is dealt with |
# | `returned` | a copy went back to its queue |
# | `crashed` | a worker died (no order, no service) |

# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": false, "grade_id": "double-effects", "locked": false, "solution": true, "task": false}
def done_twice(events):
    ### BEGIN SOLUTION
    from collections import Counter

    done = Counter((event["order"], event["service"]) for event in events if event["what"] == "done")
    return sorted({order for (order, _), times in done.items() if times > 1})
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": true, "grade_id": "double-effects-check", "locked": true, "points": 6, "solution": false, "task": false} tags=["nbval-check-output"]
mqlab.check_exercise("double-effects", done_twice)

# %% [markdown]
# ## Key points
#
# - Duplicates are made in two places: a lost receipt makes a second *copy*, a lost acknowledgement a second *delivery*.
# - No receipt means *unknown*. Send again and double some, or do not and lose some.
# - Only a number that is made once, before the first try, recognises a duplicate. The broker's number cannot.
# - `redelivered` means *perhaps done*.
# - Look-up, effect and note belong into one step. Look first, then act, and two consumers get through.
# - The memory must outlast every way in which a message can come again.
# - A message that always fails needs an end: refuse it, or count.
# - Nobody delivers exactly once. Delivered at least once, with an effect exactly once: that can be had.
#
# ## Do you recall?
#
# 1. Why does the broker's own message number not help against re-sends, and whose number does?
# 2. Your consumer looks the order up, acts, and writes it down, and all tests are green. When will it fail?
# 3. Somebody sells you "exactly once". Which four parts do you look for?
#
# ## In the real system
#
# An idempotent consumer with pika 1.3 and PostgreSQL (psycopg 3.1). The primary key of `done` does the look-up:
#
# ```python
# import pika
# import psycopg
#
# database = psycopg.connect("dbname=bank", autocommit=True)
# # once: CREATE TABLE done (id text PRIMARY KEY)
#
#
# def handle(channel, method, properties, body):
#     with database.transaction():  # look-up, note and effect in one step
#         noted = database.execute("INSERT INTO done VALUES (%s) ON CONFLICT DO NOTHING", [properties.message_id])
#         if noted.rowcount == 1:  # it is new
#             database.execute("INSERT INTO charges VALUES (%s)", [body.decode()])
#     channel.basic_ack(method.delivery_tag)  # after the commit
#
#
# channel = pika.BlockingConnection(pika.ConnectionParameters("localhost")).channel()
# channel.basic_qos(prefetch_count=20)
# channel.basic_consume("payments", handle)
# channel.start_consuming()
# ```
#
# - The shop makes the number once, and keeps it for every try: `pika.BasicProperties(message_id=order_number)`.
# - Kafka 3 and Pulsar can drop a producer's re-sends themselves: by the producer's *own* sequence number
#   (`enable.idempotence=true`). It covers the client's retries. It does not cover a shop that asks a second time.
# - Celery 5 on Redis gives a task again that was not acknowledged within an hour (`visibility_timeout`).
#
# Where it is written: <https://www.rabbitmq.com/docs/reliability> ·
# <https://www.postgresql.org/docs/current/sql-insert.html> ·
# <https://kafka.apache.org/documentation/#semantics> ·
# <https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html>
#
# ## Where to go next
#
# - `mqlab run duplicate-window-too-short --set consumers.stock.deduplicate.window="9 s"`: find the shortest window.
# - `mqlab run poison-message-with-delivery-limit`: where does the message go after twenty returns?
# - `mqlab run paused-consumer --set faults.0.for=3s`: how long may a consumer sleep unnoticed?
# - Lesson 06: what comes in the wrong order.
