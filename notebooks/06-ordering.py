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
# # 6 · Ordering: why was the row deleted before it was written?
#
# A program changes the rows of a table: it **inserts** a row, **updates** it, **deletes** it. Each change goes to a
# message queue as one message, in this order. At the other end programs called *appliers* take the messages and do the
# same to a copy of the table.
#
# **The question.** The queue is first in, first out. Why does the copy get the delete first?
#
# Look at three changes of one row, on a bad day. Message 0 inserts, message 1 updates, message 2 deletes:

# %%
import mqlab

SMALL = [
    "duration=15 ms",
    "drain=1 s",
    "producers.table.arrivals={constant: 200/s}",
    "producers.table.message.key={uniform: 1}",
]
bad_day = mqlab.run("order-lost-several-consumers", overrides=SMALL, seed=45)
bad_day.plot("space_time", window=(0, 21_000_000))

# %% [markdown]
# Time runs to the right. `table` is the program that writes, `changes` is the queue, and three of four appliers got a message
# each. The thick bars are their work.
#
# ## What you will be able to do
#
# - Say what **ordering** (顺序性) means here: order *per key*, not of everything.
# - Measure disorder with three numbers, and know that loss is not disorder.
# - Name six causes, and show each of them alone.
# - Answer a favourite question: does *one* consumer guarantee order?
# - Choose a cure, and say what it costs.
#
# ## Three changes of one row
#
# The insert came first and was given out first. When was each of them done?

# %% tags=["nbval-check-output"]
CHANGES = ["insert", "update", "delete"]
done = bad_day.fates.sort_values("processed_order")
for number, applier, time_ns in zip(done["message"], done["consumer"], done["processed_ns"], strict=True):
    print(f"{time_ns / 1e6:5.1f} ms  {applier} has done the {CHANGES[number]}")

# %% [markdown]
# The insert took 19 ms, the delete less than a millisecond. At the end the row is *in* the copy, although it was deleted.
# Nothing was lost. Nothing came twice. And the copy is wrong.
#
# We chose a bad day for this picture. How bad are the others? Here are 100 days, each with its own luck:

# %% tags=["nbval-check-output"]
from collections import Counter

days = Counter()
for seed in range(1, 101):
    day = mqlab.run("order-lost-several-consumers", overrides=SMALL, seed=seed)
    order = day.fates.sort_values("processed_order")["message"]
    days[" → ".join(CHANGES[number] for number in order)] += 1
for order, count in sorted(days.items(), key=lambda item: -item[1]):
    print(f"{count:3d} days: {order}")

# %% [markdown]
# Your test on Monday may well see the right order. That is what makes this mistake so dear.
#
# ## Predict
#
# Now the whole scenario. One program changes 10 rows, 300 changes a second, for 10 s. The **business key** (业务键) of a
# message is the number of its row. Four appliers need 10 ms a change *on average*; some take much longer.

# %% tags=["nbval-check-output"]
from mqlab.scenario import load

text = load("order-lost-several-consumers").text
print(text[text.index("producers:") :])

# %%
guess = mqlab.predict(
    "Of the 2,970 changes, how many are done after a later change of the same row?", unit="changes", low=0, high=2970
)
guess

# %% tags=["nbval-check-output"]
several = mqlab.run("order-lost-several-consumers")
guess.beside(several.summary["anomalies"]["out_of_order"])

# %%
several.plot("order")

# %% [markdown]
# ## Read the number
#
# At the left, each line is one change of the same row. Where two lines cross, a later change was done first. At the right is
# every change of the run, and how many places it was off.
#
# `out_of_order` counts **late** messages: done after a later one of the same key. Two more numbers say *how* late:
#
# - an **inversion** (逆序对) is a *pair* of messages in the wrong order. In the picture: two lines that cross;
# - the **displacement** (位移) is how many places a message stands from its right place.
#
# Count by hand first. Five changes of one row were done in the order 0, 3, 1, 2, 4:

# %% tags=["nbval-check-output"]
done = [0, 3, 1, 2, 4]
late = [m for i, m in enumerate(done) if any(before > m for before in done[:i])]
pairs = [(a, b) for i, a in enumerate(done) for b in done[i + 1 :] if a > b]
places = {m: i - m for i, m in enumerate(done)}
print("late:", late)
print("inversions:", pairs)
print("largest displacement:", max(abs(off) for off in places.values()))

# %% [markdown]
# Message 3 was too *early*, so 1 and 2 came late. Now the run. Every check keeps its figures:

# %% tags=["nbval-check-output"]
def disorder(run):
    """Late messages, inversions, largest displacement: for each key by itself, and for all keys together."""
    return next(finding.detail for finding in run.findings if finding.name == "out_of_order")


for scope, figures in disorder(several).items():
    print(f"{scope:8} {figures}")

# %% [markdown]
# `global_` is larger: it compares changes of *different* rows, too. But does anybody care whether row 3 is changed before
# row 7? As a rule, no. **Ask for order per key.** It is what people need, and it is much cheaper, as you will see.
#
# ## Explain one message
#
# Which message stood farthest from its place? (The picture has drawn its row.) Give every message its turn within its key, and the place at which it was
# done:

# %% tags=["nbval-check-output"]
life = several.fates.sort_values("message").set_index("message")
turn = life.groupby("key").cumcount()
place = life.groupby("key")["processed_order"].rank().astype(int) - 1
farthest = (place - turn).idxmax()
print(f"message {farthest}: turn {turn[farthest]} of its key, done as number {place[farthest]}\n")
several.explain(farthest)

# %%
several.plot("space_time", message=farthest)

# %% [markdown]
# It came to the applier in less than a millisecond. Then it waited 366 ms **in the applier's hands**, behind a change that
# took long. Other appliers went on. So where was the order lost: in the queue, or after it? Count the inversions at both
# places:

# %% tags=["nbval-check-output"]
def pairs_turned(times):
    """Count pairs of messages that stand in the wrong order, by the times at which something happened to them."""
    return sum(int((times[:i] > times[i]).sum()) for i in range(len(times)))


for moment in ("enqueued_ns", "delivered_ns", "processed_ns"):
    print(f"{moment:13} {pairs_turned(life[moment].to_numpy('int64')):6,} pairs in the wrong order")

# %% [markdown]
# The queue is innocent. It handed out everything in order. **The order breaks after the queue.**
#
# > A correction. People say that "Redis lists don't keep order". They do: `LPUSH` at one end and `BRPOP` at the other is
# > first in, first out. What breaks the order is the same as here: several workers, and putting back what failed.
#
# A Redis list behaves like a `deque`, so you can try it. Two workers take jobs; the second is three times as quick:

# %% tags=["nbval-check-output"]
from collections import deque


def finished(minutes):
    """Take jobs 0 … 5 out of a list; return them in the order in which they are finished."""
    jobs, free, done = deque(), dict.fromkeys(minutes, 0), []
    for job in range(6):
        jobs.appendleft(job)  # LPUSH
    while jobs:
        worker = min(free, key=free.get)
        free[worker] += minutes[worker]
        done.append((free[worker], jobs.pop()))  # BRPOP
    return [job for _, job in sorted(done)]


print("one worker: ", finished({"Ann": 3}))
print("two workers:", finished({"Ann": 3, "Bob": 1}))

# %% [markdown]
# The list was in order both times.
#
# ## Change one thing: one cause at a time
#
# **Cause 1: concurrency (并发)?** Keep the four appliers, but let every change take *exactly* 10 ms.

# %%
equal_guess = mqlab.predict(
    "Four appliers, every change takes exactly 10 ms. How many changes are late?",
    choices=["none", "about as many as before", "more than before"],
)
equal_guess

# %% tags=["nbval-check-output"]
EQUAL = "consumers.applier.service={constant: 10 ms}"
equal = mqlab.run("order-lost-several-consumers", overrides=[EQUAL])
late = disorder(equal)["per_key"]["late"]
print(disorder(equal)["per_key"])
equal_guess.beside("none" if late == 0 else "more than before" if late > 782 else "about as many as before")

# %% [markdown]
# None! Working side by side is not enough. Who begins first also ends first, if all take equally long.
#
# **Cause 2: different speed.** `cv` says how much the times differ: the spread divided by the mean. The mean stays 10 ms.
# Each point is run five times with other luck; the band shows where the true mean is, with 95 % confidence.

# %%
CV = {"consumers.applier.service.lognormal.cv": [0, 0.1, 0.25, 0.5, 1, 2]}
spread = mqlab.sweep("order-lost-several-consumers", CV, trace="fates", jobs=1)
spread.plot("figure", figure="out_of_order")

# %% tags=["nbval-check-output"]
for cv, mean in spread.table("out_of_order")[["consumers.applier.service.lognormal.cv", "value"]].to_numpy():
    print(f"cv {cv:4}: {mean:5.0f} late")

# %% [markdown]
# Concurrency *and* different times: together they break the order. One slow machine among equal ones does it as well. Here
# one applier of four works at half speed for one second, and in the next run one **pauses** for 100 ms:

# %% tags=["nbval-check-output"]
TROUBLES = {
    "one applier slow for 1 s": 'faults=[{at: 5 s, slow: "applier[0]", factor: 2, for: 1 s}]',
    "one pauses for 100 ms": 'faults=[{at: 5 s, pause: "applier[0]", for: 100 ms}]',
}
for name, trouble in TROUBLES.items():
    run = mqlab.run("order-lost-several-consumers", overrides=[EQUAL, trouble])
    print(f"{name:25} {disorder(run)['per_key']}")

# %% [markdown]
# ## Does one consumer guarantee order?
#
# So take one applier alone, a quick one: 2.5 ms a change. Nobody can overtake it. But one change in a hundred fails at the
# first try: the table is locked, the network hiccups. The applier refuses it with a
# **negative acknowledgement** (否定确认, nack), and the broker puts it back into its old place in the queue (requeue). The
# applier holds up to ten messages at a time; this limit is called **prefetch** (预取).

# %%
nack_guess = mqlab.predict(
    "One queue, one applier, and 1 % of the changes are put back once. Is the order kept?",
    choices=["yes: what is put back returns to its old place", "no: some changes are late"],
)
nack_guess

# %% tags=["nbval-check-output"]
nacked = mqlab.run("order-lost-one-nack")
print(f"put back: {nacked.summary['anomalies']['redelivered']}")
for scope, figures in disorder(nacked).items():
    print(f"{scope:8} {figures}")
kept = disorder(nacked)["per_key"]["late"] == 0
nack_guess.beside("yes: what is put back returns to its old place" if kept else "no: some changes are late")

# %%
nacked.plot("order")

# %% tags=["nbval-check-output"]
nacked.explain(1511)

# %% [markdown]
# It did go back to its old place. It was also the very next message to leave the queue. But nine others were in the
# applier's hands already, and those were done first. The largest displacement over all keys tells it: 9 = 10 − 1.
#
# Let us test that idea. Sweep the prefetch:

# %% tags=["nbval-check-output"]
for prefetch in (1, 2, 3, 5, 10):
    run = mqlab.run("order-lost-one-nack", overrides=[f"consumers.applier.prefetch={prefetch}"])
    found, wait_ms = disorder(run), run.summary["latency_ns"]["p50"] / 1e6
    farthest = found["global_"]["largest_displacement"]
    print(f"prefetch {prefetch:2}: {found['per_key']['late']:2} late, at most {farthest} places; median {wait_ms:4.1f} ms")

# %% [markdown]
# **One consumer guarantees order only if it takes one message at a time** (or never gives one back). With prefetch 1 the
# applier waits for the network after each change: the median latency is more than three times as long.
#
# Try it yourself. The picture is drawn anew while you move a slider:

# %%
knobs = mqlab.explore(
    "order-lost-one-nack",
    {"consumers.applier.prefetch": (1, 50), "consumers.applier.count": (1, 4)},
    picture="order",
    names={"consumers.applier.prefetch": "prefetch", "consumers.applier.count": "appliers"},
)
knobs

# %% [markdown]
# ## Three more causes
#
# **A producer sends again.** Take a single consumer that never fails. The producer's connection breaks five times. The
# producer does not know what has arrived, so it sends those messages again, after newer ones.
#
# **Priorities** (优先级). An urgent message overtakes by design; that is its purpose. If you tell a queue to let some pass,
# do not ask it for order.

# %% tags=["nbval-check-output"]
causes = {
    "connection breaks five times": ("loss-producer-with-confirms", []),
    "connection does not break": ("loss-producer-with-confirms", ["faults=[]"]),
    "one message in ten is urgent": ("priorities-prefetch-1", []),
    "all messages are urgent": ("priorities-prefetch-1", ["producers.shop.message.priority=9"]),
}
for cause, (scenario, changes) in causes.items():
    run = mqlab.run(scenario, overrides=changes)
    print(f"{cause:28} {disorder(run)['per_key']['late']:3} late of {run.summary['messages']['processed']:,}")

# %% [markdown]
# **A crash.** Four appliers again, all at the same speed (13 ms, so that they are busy). One dies. What it had in its hands
# is **redelivered** (重新投递) to the others, who have gone on in the meantime:

# %% tags=["nbval-check-output"]
BUSY = "consumers.applier.service={constant: 13 ms}"
CRASH = 'faults=[{at: 5 s, crash: "applier[0]", for: 1 s}]'
calm = mqlab.run("order-lost-several-consumers", overrides=[BUSY])
crashed = mqlab.run("order-lost-several-consumers", overrides=[BUSY, CRASH])
print("no crash: ", disorder(calm)["per_key"])
print("one crash:", disorder(crashed)["per_key"])

# %% [markdown]
# ## Loss is not disorder
#
# Mind one thing when you count. If messages 0, 1, 3 are done, in this order, then 2 is *lost*, but nobody overtook anybody.
# Order is a matter between messages that were done. A consumer that loses messages can keep perfect order:

# %% tags=["nbval-check-output"]
loser = mqlab.run("single-active-consumer", overrides=["consumers.applier.ack=auto"])
print({name: loser.summary["anomalies"][name] for name in ("lost", "out_of_order")})

# %% [markdown]
# ## The cure, and its price
#
# The rule of the textbooks: *what must be in order goes to one queue with one consumer*. Take the first run, and leave one
# applier of the four. It needs 10 ms a change, so it can do 100 a second. 300 arrive.

# %% tags=["nbval-check-output"]
alone = mqlab.run("order-lost-several-consumers", overrides=["consumers.applier.count=1"])
mqlab.compare({"four appliers": several, "one applier": alone}, sections=["messages", "anomalies", "latency_ns"])

# %% [markdown]
# Order is perfect, and a third of the changes is still waiting when the run ends. **Order costs throughput.** All changes
# stand in one line, though most have nothing to do with each other.
#
# One consumer has a second weakness: if it dies, nobody works. For that there is the
# **single active consumer** (单活跃消费者): three are connected, the broker serves only one, and the next takes over
# when it dies. In this run the first dies at 3 s and the second at 6 s:

# %% tags=["nbval-check-output"]
guarded = mqlab.run("single-active-consumer")
done_by = guarded.fates["consumer"].value_counts()
print(done_by[done_by > 0].sort_index().to_string())
print(disorder(guarded)["per_key"], "lost:", guarded.summary["anomalies"]["lost"])

# %%
guarded.player(start="2.97 s", stop="3.03 s")

# %% [markdown]
# Press play and watch the take-over. What `applier[0]` had in its hands goes back to the head of the queue, and the next
# applier begins exactly there.
#
# ## One queue for each key
#
# (This cure is added by us; the lecture notes stop at one consumer.) You need order per key only. So give **each key a
# line of its own**, with one consumer. In RabbitMQ these are several queues; in Kafka a
# **partition** (分区) of a topic does the same. Different keys are then done at the same time.

# %% tags=["nbval-check-output"]
ONE_QUEUE = "producers.tables.to=rows_0"
FOUR = "consumers.first.count=4"
HOT = "producers.tables.message.key={zipf: {s: 2, keys: 4}}"
ways = {
    "1 queue, 1 consumer": mqlab.run("order-kept-queue-per-key", overrides=[ONE_QUEUE]),
    "1 queue, 4 consumers": mqlab.run("order-kept-queue-per-key", overrides=[ONE_QUEUE, FOUR]),
    "4 queues, 1 consumer each": mqlab.run("order-kept-queue-per-key"),
    "4 queues, and one key is hot": mqlab.run("order-kept-queue-per-key", overrides=[HOT]),
}
for name, run in ways.items():
    p99_ms = run.summary["latency_ns"]["p99"] / 1e6
    print(f"{name:28} late {disorder(run)['per_key']['late']:4}   p99 {p99_ms:6.0f} ms")

# %% [markdown]
# Order *and* parallel work. It costs some latency: a consumer that has nothing to do may not help another one. And a
# **hot key** (热点键), say one shop with most of all orders, has one consumer only, however many others idle. (Inside each
# queue the old rule holds as well: what may be put back needs a prefetch of 1.)
#
# ## Exercises
#
# ### A. A checker of order
#
# Write `overtaken(done)`. It gets a list of what was done, in that order. Each entry is `[key, number]`: the first change of
# a key has number 1, its second has number 2, and so on. Return a list of all entries `[key, number]` that are **late**: done
# for the first time after a later change of the same key.
#
# Your checker is shown logs of real runs, and mutants of them. Take care: what is lost is not late, and what is done a
# second time does not become late by it. Example: `overtaken([[7, 1], [7, 4], [7, 2], [8, 1], [7, 1]])` is `[[7, 2]]`.

# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": false, "grade_id": "overtaking", "locked": false, "solution": true, "task": false}
def overtaken(done):
    ### BEGIN SOLUTION
    late, seen, highest = [], set(), {}
    for key, number in done:
        if (key, number) not in seen and number < highest.get(key, 0):
            late.append([key, number])
        seen.add((key, number))
        highest[key] = max(highest.get(key, 0), number)
    return late
    ### END SOLUTION

# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": true, "grade_id": "overtaking-check", "locked": true, "points": 6, "solution": false, "task": false} tags=["nbval-check-output"]
mqlab.check_exercise("overtaking", overtaken)


# %% [markdown]
# ### B. An ordered dispatcher
#
# Fifty keys, but only three workers: a queue for each key would be too much. Write a dispatcher that takes messages from
# *one* queue and hands them to workers. It is told two things:
#
# - `arrived(message, key)`: a new message is here. Messages arrive in order.
# - `finished(worker, message, ok)`: a worker is free again. If `ok` is `False`, the work failed and must be done again.
#
# In both you may call `self.post.give(worker, message)` as often as you like. Workers are numbered from 0 on; give only to
# one that is free. You get points if everything is done; if no message overtakes another **of its key**, also after a
# failure; if different keys are done at the same time; and if a hot key holds up nobody else.

# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": false, "grade_id": "ordered-dispatcher", "locked": false, "solution": true, "task": false}
class Dispatcher:
    def __init__(self, workers, post):
        self.post = post
        ### BEGIN SOLUTION
        self.idle = list(range(workers))  # workers that have nothing to do
        self.lines = {}  # of each key: messages that are not done, the oldest first
        self.key_of = {}
        self.at_work = set()  # keys that a worker is busy with
        ### END SOLUTION

    def arrived(self, message, key):
        ### BEGIN SOLUTION
        self.key_of[message] = key
        self.lines.setdefault(key, []).append(message)
        self.hand_out()
        ### END SOLUTION

    def finished(self, worker, message, ok):
        ### BEGIN SOLUTION
        key = self.key_of[message]
        self.idle.append(worker)
        self.at_work.discard(key)
        if ok:
            self.lines[key].pop(0)  # else it stays the first of its line
        self.hand_out()

    def hand_out(self):
        for key, line in self.lines.items():
            if line and self.idle and key not in self.at_work:
                self.at_work.add(key)
                self.post.give(self.idle.pop(), line[0])
        ### END SOLUTION

# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": true, "grade_id": "ordered-dispatcher-check", "locked": true, "points": 8, "solution": false, "task": false} tags=["nbval-check-output"]
mqlab.check_exercise("ordered-dispatcher", Dispatcher)

# %% [markdown]
# ## Key points
#
# - A queue is first in, first out. The order breaks *after* it: between delivery and "done".
# - Concurrency alone does not break the order. Concurrency with different speeds does.
# - One consumer keeps the order only if it never gives a message back, or holds one message at a time.
# - Re-sends, priorities and redelivery after a crash let messages overtake as well.
# - Ask for order per key, and give each key one line. The whole stream in one line costs throughput.
# - Loss is not disorder. Count both.
#
# ## Do you recall?
#
# 1. Four consumers, every message takes exactly 10 ms, nothing fails. How many messages are late, and why?
# 2. A queue has one consumer with prefetch 20, and now and then a message is put back. How far can it fall behind?
# 3. Why does the dispatcher of exercise B beat a fixed worker for each key when one key is hot?
#
# ## In the real system
#
# RabbitMQ (pika 1.3, RabbitMQ 3.8 or newer): one queue for each group of keys, a single active consumer for each queue, one
# message at a time:
#
# ```python
# import pika
#
# channel = pika.BlockingConnection(pika.ConnectionParameters("localhost")).channel()
# for part in range(4):  # as many lines as you want to work side by side
#     channel.queue_declare(f"rows-{part}", durable=True, arguments={"x-single-active-consumer": True})
#
#
# def send(row, body):
#     channel.basic_publish(exchange="", routing_key=f"rows-{row % 4}", body=body)
#
#
# def consume(part, handle):  # start this in several processes: one works, the others wait for its death
#     channel.basic_qos(prefetch_count=1)
#     channel.basic_consume(f"rows-{part}", on_message_callback=handle)  # handle ends with basic_ack
#     channel.start_consuming()
# ```
#
# Kafka (confluent-kafka 2.x): `producer.produce("rows", key=str(row), value=body)`. Equal keys go to the same partition, and
# a partition has one consumer in a group. Set `enable.idempotence=true` (this client's default is off): without it a retry
# of the producer may change the order.
#
# Where it is written: <https://www.rabbitmq.com/docs/consumers#single-active-consumer> ·
# <https://www.rabbitmq.com/docs/queues> · <https://docs.confluent.io/platform/current/clients/producer.html> ·
# <https://redis.io/commands/lmove/>
#
# ## Where to go next
#
# - `mqlab run order-kept-queue-per-key --set consumers.second.count=2`: what do two consumers on *one* of the queues do?
# - `mqlab run delayed-retry`: what fails comes back later, on purpose. What does that do to the order?
# - Lesson 07: when more people come than can be served.
