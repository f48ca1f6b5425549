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
# # 7 · Flash sale: why does the shop die at noon, and how can a queue save it?
#
# At noon a shop sells phones at half price: a **flash sale** (秒杀). 1,500 buyers a second press the button. The database
# can write about 1,000 orders a second, if not too many come at the same time.
#
# **The question.** 1,500 come and 1,000 can be served. What becomes of the other 500? You may think: they are refused, and
# 1,000 are served. Look at what really happens when the shop writes straight into its database:

# %%
import mqlab

direct = mqlab.run("flash-sale-direct")
direct.plot("timeline")

# %% [markdown]
# ## What you will be able to do
#
# - Say why a database serves *fewer* orders when more people ask.
# - Use a queue for **peak shaving** (削峰), and calculate how long it takes until it is empty.
# - Choose how long the queue may be, and say what a full queue costs and what a long one costs.
# - Choose how many workers ("desks") take orders out of it. More are not always better.
# - Say what a queue does *not* do: it does not keep count of the stock.
#
# ## The sale without a queue
#
# The scenario is short. `contention` is the heart of it: orders for the same goods wait for each other's
# **row locks** (行锁).

# %% tags=["nbval-check-output"]
from mqlab.scenario import load

text = load("flash-sale-direct").text
print(text[text.index("producers:") : text.index("expect:")])

# %% [markdown]
# - The rate climbs from 200 to 1,500 orders a second in 10 s and stays there until 30 s.
# - The database allows 100 connections. Who finds none free is refused: *too many connections* (连接数过多).
# - Who is refused tries again, up to three times. The crowd grows by its own failures.
#
# ## Predict
#
# The picture helps: look at the green line.

# %%
guess = mqlab.predict(
    "About 38,000 orders are sent in 30 s. How many are refused for good?", unit="orders", low=0, high=40_000
)
guess

# %% tags=["nbval-check-output"]
fates = direct.summary["fates"]
print({name: fates[name] for name in ("processed", "rejected")})
guess.beside(fates["rejected"])

# %% [markdown]
# ## Read the number
#
# Nearly two thirds are refused. 14,174 orders in 30 s are fewer than 500 a second, not 1,000. Where did the database's
# strength go? Calculate it from the two numbers of `contention`. With `n` orders at work, each one takes
# `1 + alpha (n − 1) + beta n (n − 1)` times as long. (This is Gunther's *universal scalability law*.)

# %% tags=["nbval-check-output"]
def orders_per_second(n, alone_s=0.004, alpha=0.1, beta=0.0052):
    """How many orders a second the database manages with n at work."""
    return n / (alone_s * (1 + alpha * (n - 1) + beta * n * (n - 1)))


for n in (1, 4, 8, 12, 16, 24, 50, 100):
    print(f"{n:3} at work: {orders_per_second(n):5.0f} orders a second")

# %% [markdown]
# One at a time is too slow. A dozen is best. A hundred at once manage no more than two. **The crowd does not only wait. It
# makes the database slower.** No crash is needed for this, and no mistake in the program.
#
# ## Explain one message
#
# One of the refused, as its buyer sees it:

# %% tags=["nbval-check-output"]
refused = direct.which("rejected")
unlucky = refused[len(refused) // 2]
direct.explain(unlucky)

# %%
direct.plot("space_time", message=unlucky)

# %% [markdown]
# Three tries, three times an error page. Each try came to a database that was busy with too many others.
#
# ## Change one thing: a queue in between
#
# The buyers now send their orders to a queue. Twelve **desks** (consumers) take orders out, one at a time each
# (`prefetch: 1`). The database is the same, with the same contention. Nothing crashes, for the moment.

# %%
DESKS = "consumers.stock={queue: orders, count: 12, prefetch: 1, ack: manual, service: {lognormal: {mean: 4 ms, cv: 1}}}"
CONTENTION = "consumers.stock.contention={alpha: 0.1, beta: 0.0052}"
CALM = "faults=[]"
SHOP = [DESKS, CONTENTION, CALM]
queue_guess = mqlab.predict(
    "The same crowd, the same database, a queue of at most 10,000 orders, 12 desks. How many are refused for good?",
    unit="orders",
    low=0,
    high=40_000,
)
queue_guess

# %% tags=["nbval-check-output"]
queued = mqlab.run("flash-sale", overrides=SHOP)
queue_guess.beside(queued.summary["fates"]["rejected"])

# %%
queued.plot("timeline")

# %% [markdown]
# Follow the blue area. The queue takes up what the database cannot do yet: this **backlog** (积压) grows as long as more
# come than go, and shrinks afterwards. The peak is cut off and put behind. And the database? It always sees twelve at a
# time. What did it cost?

# %% tags=["nbval-check-output"]
mqlab.compare({"direct": direct, "queue": queued}, sections=["fates", "latency_ns", "throughput_per_s"])

# %% [markdown]
# The median order now takes seconds instead of a quarter of a second. **The queue saves the orders, not the time.** (And do not
# trust the quick figures of `direct`: two thirds of its orders have no latency at all. They were refused.)
#
# ## How long until the backlog is gone?
#
# This is the **drain time** (排空时间). Think of a bath tub: `backlog / (what goes out − what comes in)`. First the run
# above. At 30 s the buyers stop, so nothing comes in any more:

# %% tags=["nbval-check-output"]
import numpy as np
from mqlab.measure.backlog import backlog


def drained(run, since_s):
    """Give the backlog at a moment, and the seconds from then until (nearly) nothing is left."""
    times_ns, waiting = backlog(run.trace)
    begin = int(np.searchsorted(times_ns, since_s * 1e9))
    empty = begin + int(np.flatnonzero(waiting[begin:] < 30)[0])
    return int(waiting[begin]), (times_ns[empty] - times_ns[begin]) / 1e9


capacity = orders_per_second(12)
waiting, measured = drained(queued, since_s=30)
print(f"{waiting:,} wait, {capacity:,.0f}/s go out, none come in: {waiting / capacity:.1f} s. Measured: {measured:.1f} s")

# %% [markdown]
# Now buyers who do *not* stop. 1,500 a second come for 10 s. Then 500, 800, 950 or 1,050 a second go on coming:

# %% tags=["nbval-check-output"]
for after in (500, 800, 950, 1050):
    CROWD = f"producers.buyers.arrivals={{piecewise: [{{from: 0 s, rate: 1500/s}}, {{from: 10 s, rate: {after}/s}}]}}"
    run = mqlab.run("flash-sale", overrides=[*SHOP, CROWD, "duration=60 s"])
    waiting, measured = drained(run, since_s=10)
    print(f"then {after:5}/s: {waiting:,} wait; formula {waiting / (capacity - after):6.1f} s, measured {measured:5.1f} s")

# %% [markdown]
# The formula is good while the difference is large. Near the capacity it is not: the difference of two nearly equal numbers
# is small and uncertain, and the run ends before the formula's time (the buyers stop at 60 s). Remember the shape: **a system
# that is 95 % busy in peace needs very long to get over a war.**
#
# ## The queue is full
#
# No queue is endless. This one has a **maximum length** (最大长度). When it is full, the broker refuses new orders
# (`overflow: reject-publish`), the shop hears a *nack* and shows an error page: "sold out, try again later". Make the queue
# shorter:

# %% tags=["nbval-check-output"]
for length in (300, 1_000, 3_000, 10_000):
    run = mqlab.run("flash-sale", overrides=[*SHOP, f"queues.orders.max_length={length}"])
    wait = run.summary["stages"]["enqueued_delivered"]["p99"] / 1e9
    print(f"at most {length:6,}: {run.summary['fates']['rejected']:5,} refused; 99 % wait less than {wait:4.1f} s in the queue")

# %% [markdown]
# A short queue says *no* quickly. A long queue says *yes*, and lets people wait. Both are answers; a page that hangs is
# none. The refused push back on those who send: **back-pressure** (背压).
#
# One warning: RabbitMQ's default overflow is another one, `drop-head`. It accepts the new order and throws the *oldest* away:

# %% tags=["nbval-check-output"]
SHORT = "queues.orders.max_length=1000"
dropping = mqlab.run("flash-sale", overrides=[*SHOP, SHORT, "queues.orders.overflow=drop-head"])
print("orders that had been confirmed and were thrown away:", dropping.summary["anomalies"]["lost"])

# %% [markdown]
# ## How many desks?
#
# Sweep the number of desks, with a queue of 2,000 orders and the first 15 s of the sale. Each point is run three times with
# other luck; the bands show where the true value is, with 95 % confidence.

# %%
SMALLER = ["duration=15 s", "queues.orders.max_length=2000"]
COUNTS = {"consumers.stock.count": [2, 4, 6, 8, 12, 16, 24, 32, 48]}
desks = mqlab.sweep("flash-sale", COUNTS, reps=3, jobs=1, overrides=[*SHOP, *SMALLER])
desks.plot("load")

# %%
desks.plot("figure", figure="fates.rejected")

# %% [markdown]
# Too few desks cannot keep up. Too many get in each other's way, in the database. The best number is where the two meet.
#
# ## Do more consumers drain a backlog?
#
# The ordinary advice for a long queue is: *start more consumers*. Here is a backlog of 4,000 orders, and a database with
# its own limits (10 ms an order alone, `alpha: 0.03`, `beta: 0.004`).

# %%
drain_guess = mqlab.predict(
    "16 consumers drain the 4,000 orders in 6 s. How long do 64 consumers take?",
    choices=["1.5 s", "3 s", "6 s", "12 s"],
)
drain_guess

# %% tags=["nbval-check-output"]
MANY = {"consumers.stock.count": [1, 2, 4, 8, 16, 32, 64]}
database = mqlab.sweep("consumers-database-limit", MANY, reps=5, jobs=1, overrides=["drain=60 s"])
seconds = {int(n): ns / 1e9 for n, ns in database.table("backlog.drain")[["consumers.stock.count", "value"]].to_numpy()}
for n, measured in seconds.items():
    formula = 4000 / orders_per_second(n, alone_s=0.010, alpha=0.03, beta=0.004)
    print(f"{n:2} consumers: formula {formula:4.1f} s, measured {measured:4.1f} s")
drain_guess.beside(f"{seconds[64]:.0f} s")

# %%
database.plot("figure", figure="backlog.drain")

# %% [markdown]
# More consumers help *until the thing behind them is full*. Then each one more makes it worse. Look at the database before
# you start consumers.
#
# ## Two settings at once
#
# The number of desks and the length of the queue together. Bright is much, dark is little. First: how many are
# refused?

# %%
BOTH = {"consumers.stock.count": [4, 8, 12, 24, 48], "queues.orders.max_length": [300, 1000, 3000, 10_000]}
grid = mqlab.sweep("flash-sale", BOTH, reps=1, jobs=1, overrides=[*SHOP, "duration=15 s"])
grid.plot("map", figure="fates.rejected")

# %%
grid.plot("map", figure="latency.p99")

# %% [markdown]
# The second map shows the p99: 99 % take less than that. With 4 or 48 desks no length is dark in both maps. With 12
# desks some are. Move the sliders yourself:

# %%
knobs = mqlab.explore(
    "flash-sale",
    {"consumers.stock.count": (1, 48), "queues.orders.max_length": (100, 12_000)},
    names={"consumers.stock.count": "desks", "queues.orders.max_length": "longest queue"},
    overrides=[*SHOP, "duration=15 s"],
)
knobs

# %% [markdown]
# ## The broker dies in the middle of the sale
#
# Back to the shipped scenario, with four quick desks. At 20 s the broker's process crashes, for 3 s. Buyers wait for a
# confirm, and send again what was not confirmed.

# %% tags=["nbval-check-output"]
FORGETFUL = "queues.orders.durable=false"
CARELESS = "producers.buyers.confirm=none"
ways = {"as shipped": [], "queue not durable": [FORGETFUL], "no confirms": [CARELESS]}
sales = {name: mqlab.run("flash-sale", overrides=changes) for name, changes in ways.items()}
mqlab.compare(sales, sections=["fates", "anomalies"])

# %%
sales["as shipped"].player(start="19.98 s", stop="20.02 s")

# %% [markdown]
# Durable, persistent, confirmed: nothing that was confirmed is lost. (`duplicate_effect`: nine orders were carried out
# twice. Lesson 05 has the cure.) Without confirms nobody hears a *no*: the full queue threw orders away in silence
# (`evicted`), and what the shop tried to send while the broker was down never left it (`gave_up`).
#
# ## Does decoupling oversell?
#
# Shop and stock do not call each other any more; they know the queue only. This is **decoupling** (解耦). Now the stock
# service is down for 10 s. There are 1,000 items. Count the promises:

# %% tags=["nbval-check-output"]
ITEMS = "consumers.stock.inventory={items: 1000, how: atomic}"
for name in ("stock-down-direct", "stock-down-queued"):
    run = mqlab.run(name, overrides=[ITEMS])
    sold, promised = int(run.summary["gauges"]["stock.sold"]), run.summary["messages"]["confirmed"]
    if name == "stock-down-direct":  # here the answer comes from the stock: yes, or sold out
        promised = sold
    refused = run.summary["fates"]["rejected"]
    print(f"{name}: {refused:3} errors, {promised:,} promises, {sold:,} items: {promised - sold:,} too many")

# %% [markdown]
# With the queue nobody saw an error. But 2,952 buyers heard "thank you", and 1,000 get a phone. The stock sold no item twice.
# The *shop* promised too much: a confirm says *I have your order*, not *you have the phone*. Show "received, we will tell
# you", and say "sold" when the stock has said so.
#
# There is a second way to **oversell** (超卖): eight desks look at the shelf at the same moment, and all see the last item.
# Cure: look and take in *one* step (`UPDATE … SET items = items - 1 WHERE items > 0`).

# %% tags=["nbval-check-output"]
for how in ("check-then-act", "atomic"):
    for count in (1, 8, 32):
        sale = [f"consumers.stock.inventory.how={how}", f"consumers.stock.count={count}", "drain=80 s"]
        gauges = mqlab.run("flash-sale-oversell", overrides=sale).summary["gauges"]
        print(f"{how:15} {count:2} desks: {gauges['stock.sold']:,.0f} of 1,000 items sold")

# %% [markdown]
# One desk alone cannot oversell, but it is slow. Counting down in one step never oversells, however many work.
#
# ## Exercises
#
# ### A. How long until the backlog is gone?
#
# Write `drain_seconds(rate, burst_s, desks, work_s, after)`. During a burst of `burst_s` seconds `rate` orders a second come.
# After it `after` orders a second go on coming. There are `desks` desks; each needs `work_s` seconds an order (no contention
# here). Return the seconds **from the end of the burst** until nothing waits any more; `0` if nothing ever waits, and `None` if
# the backlog never goes away. You are compared with simulated runs; 15 % more or less are right.

# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": false, "grade_id": "drain-time", "locked": false, "solution": true, "task": false}
def drain_seconds(rate, burst_s, desks, work_s, after):
    ### BEGIN SOLUTION
    capacity = desks / work_s  # orders that the desks do in a second
    backlog = (rate - capacity) * burst_s
    if backlog <= 0:
        return 0
    if after >= capacity:
        return None
    return backlog / (capacity - after)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": true, "grade_id": "drain-time-check", "locked": true, "points": 6, "solution": false, "task": false} tags=["nbval-check-output"]
mqlab.check_exercise("drain-time", drain_seconds)

# %% [markdown]
# ### B. The door and the desks
#
# You are asked to save the next sale. It is the sale of this lesson, somewhat smaller: up to 800 orders a second for 12 s; an
# order takes 8 ms alone, with the same contention (`orders_per_second(n, alone_s=0.008)`). At an unknown moment the broker
# crashes for half a second. A refused buyer tries three times. Write `configure()`. It returns a dictionary of settings:
#
# | setting | values | without your answer |
# |---|---|---|
# | `queues.orders.durable` | `True`, `False` | `False` |
# | `queues.orders.max_length` | 1 … 1,000,000 | 100,000 |
# | `queues.orders.overflow` | `"drop-head"`, `"reject-publish"` | `"drop-head"` |
# | `consumers.stock.count` | 1 … 200 | 2 |
# | `consumers.stock.prefetch` | 1 … 1,000 | 100 |
# | `consumers.stock.ack` | `"auto"`, `"manual"` | `"auto"` |
#
# Four wishes must hold at once: no confirmed order is lost; at most 22 % are refused; 99 % of the orders are done within
# 3.3 s; the database has at most 24 connections (a desk has one).

# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": false, "grade_id": "door-and-desks", "locked": false, "solution": true, "task": false}
def configure():
    ### BEGIN SOLUTION
    return {
        "queues.orders.durable": True,
        "queues.orders.overflow": "reject-publish",
        "queues.orders.max_length": 850,  # about 1.6 s of work, and 0.5 s of the crash, and the tries
        "consumers.stock.count": 12,
        "consumers.stock.prefetch": 2,
        "consumers.stock.ack": "manual",
    }
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": true, "grade_id": "door-and-desks-check", "locked": true, "points": 6, "solution": false, "task": false} tags=["nbval-check-output"]
mqlab.check_exercise("door-and-desks", configure)

# %% [markdown]
# ## Key points
#
# - A crowd makes a database slower. It is not enough to refuse some: you must limit how many work on it *at once*.
# - A queue cuts the peak off and puts it behind. It saves orders, not time.
# - Drain time = backlog / (capacity − arrivals). Near full load it is very long.
# - A short queue refuses, a long queue lets people wait. Choose the length by the wait that you can bear.
# - More consumers help until the thing behind them is full.
# - A confirm means "received", not "sold". Count the stock down in one step.
#
# ## Do you recall?
#
# 1. 2,000 orders wait, 12 desks do 500 a second, and 400 a second come. When is the queue empty? And at 490 a second?
# 2. A colleague doubles the consumers, and the queue grows faster. What do you look at first?
# 3. The queue holds at most 1,000 orders and 20 desks have a prefetch of 100. How many orders can stand before you?
#
# ## In the real system
#
# RabbitMQ with pika 1.3: a queue with a door, a shop that hears "no", and a desk that takes one order at a time:
#
# ```python
# import pika
# from pika.exceptions import NackError
#
# channel = pika.BlockingConnection(pika.ConnectionParameters("localhost")).channel()
# door = {"x-max-length": 10_000, "x-overflow": "reject-publish"}  # the default would be drop-head
# channel.queue_declare("orders", durable=True, arguments=door)
# channel.confirm_delivery()  # from now on basic_publish waits for the broker's answer
#
#
# def buy(order):
#     try:
#         kept = pika.BasicProperties(delivery_mode=2)
#         channel.basic_publish(exchange="", routing_key="orders", body=order, properties=kept)
#         return "received, we will tell you"
#     except NackError:
#         return "too many buyers, try again later"
#
#
# def desk(handle):  # as many of these processes as the database can bear
#     channel.basic_qos(prefetch_count=1)
#     channel.basic_consume("orders", on_message_callback=handle)  # handle ends with basic_ack
#     channel.start_consuming()
# ```
#
# And in the database (SQL): `UPDATE stock SET items = items - 1 WHERE id = 7 AND items > 0`, then look whether one row was
# changed.
#
# Where it is written: <https://www.rabbitmq.com/docs/maxlength> · <https://www.rabbitmq.com/docs/confirms> ·
# <https://pika.readthedocs.io/en/stable/modules/adapters/blocking.html> · N. J. Gunther, *Guerrilla Capacity Planning*
# (2007), on the universal scalability law.
#
# ## Where to go next
#
# - `mqlab run flash-crowd-excites-itself`: a crowd that comes in waves, because buyers tell their friends.
# - `mqlab run consumers-scale-out`: six more desks come when the rush begins, and go afterwards.
# - Put a queue in front of the database, and give it 100 desks: add `"consumers.stock.count=100"` to the run of this lesson.
# - Lesson 08: why does everything become slow *before* it is full?
