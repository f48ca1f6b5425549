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
# # 4 · Loss: where do messages die, and what saves them?
#
# A shop sends orders to a broker in another city. The stock takes them from the queue. Nobody has asked for safety:
# these are the settings of the first example of a tutorial. Then a bad day comes. The shop's network breaks twice.
# The stock's program dies. The broker's program dies.
#
# **The question.** Orders vanish in three different places (消息丢失). Which places? Why there?
# And what saves them in each?

# %%
import mqlab

bad = mqlab.run("bad-day")
bad.plot("fates_bar")

# %% [markdown]
# Green is what the stock did. The rest is lost, in three patterns:
#
# 1. `wire`: between the shop (**producer**, 生产者) and the broker,
# 2. `broker memory`: inside the broker,
# 3. `auto ack`: between the broker and the stock (**consumer**, 消费者).
#
# ## What you will be able to do
#
# - say for each of the three places why a message dies there, and name the setting that saves it;
# - choose between transactions and confirms, and give the reason in seconds;
# - tell a crash of the process from a loss of power, and say what "on disk" means;
# - tell the four ways apart in which a consumer can fail, and what the broker does in each;
# - answer question 5 of the ten: *is durable + persistent enough?*

# %% [markdown]
# ## Predict
#
# We begin with the first place alone. The shop sends 500 orders a second for 6 s, and asks for no receipt.
# One order travels 40 ms to the broker. Each second the connection breaks once, five times in all.
# After each break the shop connects again within 100 ms, and goes on.

# %%
wire_guess = mqlab.predict("About 3,000 orders are sent. How many of them never arrive?", unit="orders")
wire_guess

# %%
silent = mqlab.run("loss-producer-without-confirms")

# %% tags=["nbval-check-output"]
on_the_wire = silent.which("lost:wire")
print(f"sent: {silent.summary['messages']['sent']}, errors that the shop saw: {len(silent.which('gave_up'))}")
wire_guess.beside(len(on_the_wire))

# %% [markdown]
# ## Read the number
#
# 40 ms at 500 orders a second: some 20 orders are on the wire at each moment. Five breaks take five times 20.
# The wire holds *rate × time on the way*. A longer way holds more, and loses more.
#
# And nobody knows. The shop saw no error: *sent* only means that the order was handed to the network.
# This way of sending is called **fire and forget** (即发即弃).
#
# ## Explain one message

# %% tags=["nbval-check-output"]
victim = on_the_wire[-1]
silent.explain(victim)

# %%
silent.plot("space_time", message=victim)

# %% [markdown]
# The cross is where the order ended. Nothing comes back to the shop, neither a yes nor a no.
#
# ## Change one thing: ask for a receipt
#
# With a **publisher confirm** (发布确认) the broker answers each message: a yes (*ack*) when it is safe, a no (*nack*)
# when it cannot take it. The shop keeps every order until the yes has come. Two steps, one after the other:
# first only ask; then ask, *and* send again what got no yes.

# %% tags=["nbval-check-output"]
asked = mqlab.run("loss-producer-with-confirms", overrides=["producers.shop.retry.attempts=1"])
resent = mqlab.run("loss-producer-with-confirms")
mqlab.compare(
    {"no receipt": silent, "+ confirms": asked, "+ re-sends": resent}, sections=["messages", "fates", "anomalies"]
)

# %% [markdown]
# - **Asking alone saves nothing.** As many orders are missing as before. But now the shop *knows* that something is
#   open (`gave_up`), and it can tell somebody.
# - Of the open ones more than half had arrived all the same (`recovered`): only their receipt was lost.
#   No receipt means **unknown**, not *failed*.
# - **Sending again saves all.** The price: those that had arrived are there twice (`enqueued_twice`). This is called
#   **at least once** (至少一次). Lesson 5 is about that price.
#
# ## What a receipt costs
#
# Before there were confirms, one used a **transaction** (事务): publish, *commit*, wait for the answer, go on.
# 10,000 persistent orders lie ready. One write to this disk (an *fsync*, 刷盘) takes 24.5 ms.
# A commit waits for one write of its own.

# %%
tx_guess = mqlab.predict("How many seconds until all 10,000 orders are safe, with one transaction for each?", unit="s")
tx_guess


# %% tags=["nbval-check-output"]
def safe_after(scenario, *overrides):
    run = mqlab.run(scenario, overrides=overrides, trace="counts")
    return run.summary["stages"]["created_confirmed"]["max"] / 1e9


each = safe_after("tx-per-message")
rows = {
    "a transaction for each": each,
    "a transaction for a hundred": safe_after("tx-batches", "faults=[]"),
    "a confirm for each, and wait": safe_after("tx-confirms", "producers.shop.confirm.max_in_flight=1", "drain=400 s"),
    "confirms, and do not wait": safe_after("tx-confirms"),
}
for name, seconds in rows.items():
    print(f"{name:30}{seconds:6.1f} s   {each / seconds:4.0f} times as fast")
tx_guess.beside(round(each))

# %% [markdown]
# The published measurement says the same: more than 4 minutes against about 2 s
# (<https://www.rabbitmq.com/blog/2011/02/10/introducing-publisher-confirms>).
#
# But look at the third row. A confirm for which the shop *waits* is as slow as a transaction. So it is not the receipt
# that costs. It is standing still. How many orders must be open ("in flight") at the same time?

# %%
flight = mqlab.sweep(
    "tx-confirms", {"producers.shop.confirm.max_in_flight": "1..1000:7:log"}, overrides=["drain=400 s"], reps=1, jobs=1
)
flight.plot("figure", figure="stages.created_confirmed.max")

# %% [markdown]
# Both axes are logarithmic, and the line falls steadily: ten times as many in flight, about a tenth of the time. One
# write takes all that wait for it. At the right end the client's own work is the limit: 0.1 ms an order, 1 s in all.
#
# ## The second place: inside the broker
#
# The broker dies and comes back. What is still there? Two settings decide, and they are easily mixed up:
#
# - the *queue* can be **durable** (持久队列): its name and its bindings are on disk;
# - a *message* can be **persistent** (持久化消息), delivery mode 2: its content goes to disk.
#
# Some 500 orders wait in the queue when the broker's process dies at 5 s.

# %%
both_guess = mqlab.predict(
    "What must be set so that the waiting orders survive?",
    choices=["a durable queue", "persistent messages", "either is enough", "both together"],
)
both_guess

# %% tags=["nbval-check-output"]
print("queue         messages       lost")
for queue in ("nondurable", "durable"):
    for kind in ("transient", "persistent"):
        run = mqlab.run(f"loss-broker-{queue}-{kind}")
        print(f"{queue:14}{kind:12}{run.summary['anomalies']['lost']:7}")
both_guess.beside("both together")

# %% [markdown]
# Three of the four combinations lose the same orders. And each lost one had been *confirmed*: the broker confirms a
# transient message at once, from memory. A confirm is as good as what was agreed, no better.
#
# ## The window between memory and disk
#
# Now queue and messages are as they should be. The broker does not write each message by itself. It collects what
# comes for 50 ms and writes that in one go (*group commit*). The shop sends 500 orders a second and asks for no
# receipt. The broker's process crashes at 3.04 s.

# %%
window_guess = mqlab.predict("Durable and persistent, 500 orders/s, 50 ms: how many die in the broker?", unit="orders")
window_guess

# %% tags=["nbval-check-output"]
window = mqlab.run("window-memory-disk")
in_memory = window.which("lost:broker_memory")
print(window_guess.beside(len(in_memory)), "\n")
window.explain(in_memory[0])

# %% [markdown]
# The order was accepted and stood in the queue. It was not on disk *yet*. At most 50 ms × 500/s = 25 orders are in
# this window. How many there are at the crash depends on the moment.
#
# No broker can avoid the window. It can only *tell* when a message is through: it sends the confirm after the write.

# %% tags=["nbval-check-output"]
closed = mqlab.run("window-memory-disk-closed")
wait_ms = closed.summary["stages"]["sent_confirmed"]["p50"] / 1e6
print(f"A receipt takes {wait_ms:.0f} ms in the middle.")
mqlab.compare({"no receipt": window, "confirms, re-sends": closed}, sections=["fates"])

# %% [markdown]
# The window is as wide as before. The broker lost orders there again. But these had got no receipt, so the shop still
# had them and sent them again. The price is the wait for a receipt.
#
# ## Process, power, and a disk that lies
#
# "The broker dies" can mean two things. If only its **process** crashes, the operating system lives on, and writes
# what it was handed. If the **power** fails (断电), all that is not really on the disk is gone.
# And some disks *lie*: they report "written" while the data are in their own cache.

# %% tags=["nbval-check-output"]
def dies(fault, confirm, lies="false"):
    faults = f"faults=[{{at: 3 s, {fault}: broker, for: 1 s}}]"
    settings = [faults, f"producers.shop.confirm={confirm}", f"nodes.broker.disk.lies={lies}"]
    lost = mqlab.run("loss-broker-power-unconfirmed", overrides=settings).summary["fates"]["lost"]
    return "".join(f"{lost[cause]:9}" for cause in ("wire", "broker_memory", "unsynced_disk"))


print("                              wire   memory  not synced")
print("process crash, no receipt", dies("crash", "none"))
print("power loss,    no receipt", dies("power_loss", "none"))
print("process crash, confirms  ", dies("crash", "true"))
print("power loss,    confirms  ", dies("power_loss", "true"))
print("... and a lying disk     ", dies("power_loss", "true", lies="500 ms"))

# %% [markdown]
# - `not synced`: written, but not yet with an fsync. A process crash does not hurt it. A loss of power does.
# - `wire` is large after a loss of power: a dead machine says no goodbye. The shop goes on sending into silence.
# - Confirms and re-sends bring each of these numbers to 0.
# - Only the lying disk beats them. A broker cannot promise more than its disk.
#
# ## Question 5: is durable + persistent enough?
#
# One crash is an anecdote. So let the power fail at **random** moments, and change the time of one fsync from 1 ms to
# 200 ms: with receipts and without. 20 runs for each of the 12 settings.

# %%
question5 = mqlab.sweep(
    "loss-broker-power-unconfirmed",
    {"nodes.broker.disk.fsync": "1 ms,10 ms,25 ms,50 ms,100 ms,200 ms", "producers.shop.confirm": ["none", "true"]},
    overrides=[
        "faults=[{random: {power_loss: broker, every: {exponential: 2 s}, for: 500 ms}}]",
        "nodes.broker.disk.group_commit=5 ms",
    ],
    reps=20,
    jobs=1,
)
question5.plot("lines", figure="fates.lost.unsynced_disk", labels=["no receipts", "receipts"])

# %% tags=["nbval-check-output"]
lost = {cause: question5.table(f"fates.lost.{cause}") for cause in ("wire", "broker_memory", "unsynced_disk")}
print("fsync    receipts    lost on the wire   in memory   not synced")
for point in range(12):
    fsync_ns, confirm = lost["wire"].iloc[point, :2]
    figures = "".join(f"{table['value'][point]:13.1f}" for table in lost.values())
    print(f"{fsync_ns / 1e6:3.0f} ms   {'no' if confirm == 'none' else 'yes':8}  {figures}")

# %% [markdown]
# The picture shows what was written and not synced: the mean of 20 runs, and a band as wide as it is uncertain.
# The table shows all that is lost. A slower
# disk loses more, in memory and on the way to the disk. On the wire the disk makes no difference. Without receipts
# something is lost with *every* disk, even the fastest. With receipts nothing is lost, even with the slowest.
#
# So the answer is **no**. Durable and persistent say *where* a message goes. Only the confirm says that it is *there*.
#
# ## The third place: the consumer
#
# The broker must know when it may forget a message. The consumer says so with an **acknowledgement** (消费确认, *ack*).
# Four things can go wrong:
#
# 1. the consumer crashes while it holds messages that it has not acknowledged;
# 2. its program meets an exception that nobody catches: it dies, restarts, and meets it again;
# 3. it catches the exception, and then says *nothing*: neither ack nor nack;
# 4. no ack is needed: *auto-ack* (自动确认), the broker forgets a message when it sends it.

# %%
case_guess = mqlab.predict(
    "Which of the four cases loses messages?",
    choices=["1: crash", "2: uncaught exception", "3: caught, said nothing", "4: auto-ack"],
)
case_guess

# %% tags=["nbval-check-output"]
crash = mqlab.run("loss-consumer-crash-unacked")
uncaught = mqlab.run("loss-consumer-uncaught-exception")
held = mqlab.run("loss-consumer-never-acked")
auto = mqlab.run("loss-consumer-auto-ack")
cases = {"1 crash": crash, "2 uncaught": uncaught, "3 said nothing": held, "4 auto-ack": auto}
print(case_guess.beside("4: auto-ack"), "\n")
mqlab.compare(cases, sections=["messages", "fates", "anomalies"])

# %% [markdown]
# Only case 4 loses. In the others nothing is lost, but that does not mean that all is well: look at `in_flight`,
# what was still undone when the run ended.
#
# **Case 1.** The stock dies at 3 s with 50 orders in its hands. Play the moment: what goes back to the queue?

# %%
crash.player(start="2.98 s", stop="4.05 s")

# %% [markdown]
# The broker saw the connection end. It put all 50 back, in their old places, and delivered them again (`redelivered`).
#
# **Case 4.** The same crash with auto-ack. Here is one of the victims:

# %% tags=["nbval-check-output"]
auto.explain(auto.which("lost:auto_ack")[-1])

# %% [markdown]
# The broker had done its part when the order left it. Nobody has it now.
#
# You may have read: *"RabbitMQ consumers acknowledge automatically by default."* What is true?

# %% tags=["nbval-check-output"]
from mqlab import systems

for default in systems.get("rabbitmq").defaults:
    if default.path in ("consumers.*.ack", "consumers.*.prefetch", "consumers.*.timeout.after"):
        print(f"{default.path:28}{default.value:8}{default.source}")

# %% [markdown]
# The default is **manual**. (In Spring, "auto" is something else: *ack when the method returns*.)
#
# **Case 3.** One order in 20 fails. The program catches the error, writes a line in its log, and forgets to answer:

# %%
held.plot("timeline")

# %% [markdown]
# The green line falls to 0 after some 5 s: the stock does nothing more, and the blue queue grows. By then it holds as
# many failed orders as it may hold unacknowledged, its **prefetch** (预取). The broker takes it for busy and sends
# nothing more. At 12 s the connection drops, all that was held goes back, and the same story begins again.
#
# How long does a broker wait? RabbitMQ 3.7 waits for ever. Newer versions close the channel after 30 minutes.

# %% tags=["nbval-check-output"]
print(f"case 3: held at most {held.summary['queues']['orders']['unacked_max']:.0f}, prefetch 50\n")
for name, limit in (("3.7: no time-out", "0 s"), ("newer: 30 min", "30 min")):
    run = mqlab.run("consumers-timeout", overrides=[f"consumers.stock.timeout={limit}"])
    fates, slowest = run.summary["fates"], run.summary["latency_ns"]["max"]
    print(f"{name:18} done {fates['processed']:5}, still open {fates['in_flight']:4}, slowest {slowest / 6e10:5.1f} min")

# %% [markdown]
# Half an hour is a long time, but it ends. And beware of the first line: its slowest order looks quick, because the
# orders that still wait are not in the figure. (Case 2, the message that kills who touches it, comes back in lesson 5.)
#
# What does prefetch have to do with loss? Move the dials, then read the table.

# %%
knobs = mqlab.explore(
    "loss-consumer-crash-unacked",
    {"consumers.stock.prefetch": (1, 200), "consumers.stock.ack": ["manual", "auto"], "faults.0.at": ("1 s", "6 s")},
    names={"consumers.stock.prefetch": "prefetch", "consumers.stock.ack": "ack", "faults.0.at": "crash at"},
)
knobs

# %% tags=["nbval-check-output"]
print("prefetch    manual: comes again    auto: lost")
for prefetch in (1, 10, 50, 200):
    figures = []
    for ack in ("manual", "auto"):
        settings = [f"consumers.stock.prefetch={prefetch}", f"consumers.stock.ack={ack}"]
        figures.append(mqlab.run("loss-consumer-crash-unacked", overrides=settings).summary["anomalies"])
    print(f"{prefetch:8}{figures[0]['redelivered']:18}{figures[1]['lost']:18}")

# %% [markdown]
# With manual acks the prefetch bounds what comes again after a crash (200 is more than waits). With auto-ack it bounds
# nothing: everything is pushed to the consumer, and all of it is lost.
#
# ## The bad day, cured
#
# Three places, three cures. Put them in one after the other:

# %% tags=["nbval-check-output"]
CURES = {
    "as it was": [],
    "+ confirms": ["producers.shop.confirm={timeout: 1 s}"],
    "+ to disk": ["queues.orders.durable=true", "producers.shop.message.persistent=true"],
    "+ manual ack": ["consumers.stock.ack=manual"],
}
settings, days = [], {}
for name, cure in CURES.items():
    settings += cure
    days[name] = mqlab.run("bad-day", overrides=settings)
mqlab.compare(days, sections=["fates", "anomalies"])

# %% [markdown]
# Each cure clears one place, and only that one. The last column loses nothing. It does some orders twice
# (`duplicate_effect`): that is the next lesson.
#
# Why is the anomaly `lost` 0 in the first column, where 613 orders are gone? It counts *broken promises*: confirmed,
# and then gone. On the bad day nobody had promised anything.

# %% [markdown]
# ## Exercises
#
# Write your answer where it says so, run the cell, and run the cell below it: it plays your answer in many small worlds
# and shows the shortest one that breaks it. Try as often as you like. Marks come from other worlds of the same kind.
#
# ### A till that keeps what is not confirmed (8 points)
#
# Write the program of the shop's till. `channel.publish(order)` sends an order and gives a **tag**, the number of this
# publish. The broker answers with that tag: `confirmed`, or `refused` (its queue is full), or it does not answer.
# Publishes and answers get lost, and the broker may be away for a long time. `tick` comes every 25 ms. All times are
# milliseconds. Four rules:
#
# 1. every order reaches the stock, however long it takes;
# 2. what is confirmed is never sent again (a confirm may come for an older tag of the same order);
# 3. never more than `most` publishes are open. *Open*: no answer yet, and younger than `timeout_ms`;
# 4. an order is not sent again before `timeout_ms` has passed since it was sent last, not even after a refusal.

# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": false, "grade_id": "confirming-till", "locked": false, "solution": true, "task": false}
class Till:
    """A till that keeps every order until the broker has confirmed it."""

    def __init__(self, channel, most, timeout_ms):
        ### BEGIN SOLUTION
        self.channel, self.most, self.timeout_ms = channel, most, timeout_ms
        self.sent_ms = {}  # order without a confirm: when it was sent last, None if never
        self.order_of = {}  # tag: order
        self.open_ms = {}  # tag without an answer: when it was sent
        ### END SOLUTION

    def order(self, order, now_ms):  # a customer has ordered
        ### BEGIN SOLUTION
        self.sent_ms[order] = None
        self.tick(now_ms)
        ### END SOLUTION

    def confirmed(self, tag, now_ms):  # the broker has it
        ### BEGIN SOLUTION
        self.open_ms.pop(tag, None)
        self.sent_ms.pop(self.order_of[tag], None)
        self.tick(now_ms)
        ### END SOLUTION

    def refused(self, tag, now_ms):  # the broker's queue is full
        ### BEGIN SOLUTION
        self.open_ms.pop(tag, None)
        ### END SOLUTION

    def tick(self, now_ms):  # every 25 ms
        ### BEGIN SOLUTION
        self.open_ms = {tag: sent for tag, sent in self.open_ms.items() if now_ms - sent < self.timeout_ms}
        for order, sent in self.sent_ms.items():
            if len(self.open_ms) < self.most and (sent is None or now_ms - sent >= self.timeout_ms):
                tag = self.channel.publish(order)
                self.order_of[tag] = order
                self.open_ms[tag] = self.sent_ms[order] = now_ms
        ### END SOLUTION


# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": true, "grade_id": "confirming-till-check", "locked": true, "points": 8, "solution": false, "task": false} tags=["nbval-check-output"]
mqlab.check_exercise("confirming-till", Till)

# %% [markdown]
# ### Settings that survive a bad day (6 points)
#
# Choose the settings of `bad-day`. The faults come at other moments, and the broker's process dies, or its power fails.
# The stock stands 15 ms away from the broker now and needs 1.5 ms for an order; the disk needs 10 ms for an fsync.
# You want: every order is done; none is done twice; at most 100 orders come again after crashes; and nine of ten
# orders are done within 2.5 s. (Too careful is too slow: how many must be on the way at the same time?) You may set:
#
# | | |
# |---|---|
# | `queues.orders.durable`, `producers.shop.message.persistent`, `consumers.stock.deduplicate` | `True` or `False` |
# | `producers.shop.confirm.timeout` | a time such as `"300 ms"` |
# | `producers.shop.confirm.max_in_flight`, `producers.shop.retry.attempts` | whole numbers |
# | `consumers.stock.ack`, `consumers.stock.prefetch` | `"auto"` or `"manual"`; a whole number |
#
# Try your settings first: `mqlab.run("bad-day", overrides=["consumers.stock.link={latency: 15 ms}", …])`.

# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": false, "grade_id": "safe-shop", "locked": false, "solution": true, "task": false}
def configure():
    ### BEGIN SOLUTION
    return {
        "queues.orders.durable": True,
        "producers.shop.message.persistent": True,
        "producers.shop.confirm.timeout": "1 s",
        "producers.shop.confirm.max_in_flight": 1_000,
        "producers.shop.retry.attempts": 50,
        "consumers.stock.ack": "manual",
        "consumers.stock.prefetch": 50,
        "consumers.stock.deduplicate": True,
    }
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": true, "grade_id": "safe-shop-check", "locked": true, "points": 6, "solution": false, "task": false} tags=["nbval-check-output"]
mqlab.check_exercise("safe-shop", configure)

# %% [markdown]
# ### How many orders are in the window? (6 points)
#
# Queue and messages are durable and persistent, and nobody asks for confirms. The broker collects for `collect_ms` from
# the first waiting order on; then it writes all that wait in one go, which takes `fsync_ms`. If orders have come in
# while it was writing, it writes those at once, without collecting. The broker fails at a **random** moment: either its
# process (`power` is `False`) or its power (`True`). How many orders does it take, on average? A quick disk (0.05 ms) and slow
# ones (20 ms and more) are asked for, at 400 orders a second and more. 15 % more or less is near enough.

# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": false, "grade_id": "lost-in-the-window", "locked": false, "solution": true, "task": false}
def lost_orders(rate_per_s, collect_ms, fsync_ms, power):
    ### BEGIN SOLUTION
    busy = rate_per_s * fsync_ms / 1000 > 1  # more than one order comes while the disk writes
    window_ms = fsync_ms if busy else collect_ms
    in_memory = rate_per_s * window_ms / 1000 / 2  # on average the window is half full
    not_synced = rate_per_s * fsync_ms / 1000 if power else 0
    return in_memory + not_synced
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": true, "grade_id": "lost-in-the-window-check", "locked": true, "points": 6, "solution": false, "task": false} tags=["nbval-check-output"]
mqlab.check_exercise("lost-in-the-window", lost_orders)

# %% [markdown]
# ## Key points
#
# - Messages die in three places: on the way in, in the broker, on the way out. Each place needs its own cure.
# - *Sent* means nothing. Only a confirm says that a message is safe, and no confirm means *unknown*.
# - What costs is waiting, not the receipt. Keep many messages in flight.
# - Durable is about the queue, persistent about the message. You need both, and confirms: there is always a window.
# - A loss of power takes more than a crash of the process. A lying disk takes what was promised.
# - Acknowledge after the work. Auto-ack loses what is in hand; silence blocks the consumer.
# - Whoever cures loss by sending again, makes duplicates.
#
# ## Do you recall?
#
# 1. A shop publishes 200 orders a second over a way of 30 ms, without confirms. The connection breaks. How many orders
#    are gone, on average, and who knows?
# 2. Why is a confirm for which you wait as slow as a transaction?
# 3. A consumer catches every exception and writes it into a log. After an hour it stands still, and its CPU is idle.
#    What happened?
#
# ## In the real system
#
# RabbitMQ with pika 1.3. The producer:
#
# ```python
# import pika
#
# channel = pika.BlockingConnection(pika.ConnectionParameters("localhost")).channel()
# channel.queue_declare("orders", durable=True)  # the queue survives
# channel.confirm_delivery()  # basic_publish now waits for the confirm
# try:
#     channel.basic_publish(
#         exchange="",
#         routing_key="orders",
#         body=b"order 17",
#         properties=pika.BasicProperties(delivery_mode=2),  # the message goes to disk
#         mandatory=True,  # no queue: an exception instead of silence
#     )
# except (pika.exceptions.NackError, pika.exceptions.UnroutableError):
#     print("send it again later")
# ```
#
# The consumer:
#
# ```python
# def handle(channel, method, properties, body):
#     print(body)  # the work
#     channel.basic_ack(method.delivery_tag)  # after the work
#
#
# channel.basic_qos(prefetch_count=50)
# channel.basic_consume("orders", handle)  # auto_ack is False by default
# channel.start_consuming()
# ```
#
# - A blocking connection waits for each confirm: safe, and as slow as the third row of the table above. To keep many in
#   flight use `pika.SelectConnection`, with a callback in `confirm_delivery`: your exercise's till.
# - A queue that exists as non-durable cannot become durable: the same name declared with `durable=True` is refused with
#   `406 PRECONDITION_FAILED`. Delete it, or take another name.
# - Celery acknowledges a task *early* by default, before the work: a worker that dies loses it, unless the task says
#   `acks_late=True`. A Redis list read with `BRPOP` has no acknowledgement: what a dying consumer popped is gone.
# - "Mirrored queues" are gone; where one disk is not enough, use quorum queues (`mqlab run quorum-leader-crash`).
#
# Where it is written: <https://pika.readthedocs.io/en/stable/modules/adapters/blocking.html> ·
# <https://www.rabbitmq.com/docs/confirms> · <https://www.rabbitmq.com/docs/queues> ·
# <https://docs.celeryq.dev/en/stable/userguide/tasks.html> · <https://redis.io/docs/latest/commands/lmove/>
#
# ## Where to go next
#
# - `mqlab run lying-disk`, and then with `--set nodes.broker.disk.lies=false`. What does honesty cost?
# - `mqlab run burst-loss`: does it matter whether packets get lost one by one or many in a row?
# - `mqlab run chaos-soak`: a minute of random faults, and nothing that was confirmed is lost.
# - Lesson 05: what happens twice.
