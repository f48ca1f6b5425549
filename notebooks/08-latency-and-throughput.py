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
# # 8 · Latency and throughput: the workers are idle four tenths of the day, so why do tasks wait?
#
# An office sends tasks to four workers through a queue. Nine tasks in ten are short, one in ten is long.
# The workers keep up easily. And yet many tasks are late, some by seconds.
#
# Here is how long the tasks of two minutes took:

# %%
import mqlab

dealt = mqlab.run("dispatch-round-robin")
dealt.plot("latency_distribution", stages=False)

# %% [markdown]
# Read it from the left: nearly *all* took longer than 1 ms, one in ten longer than the point marked `p90`, and so on.
#
# ## What you will be able to do
#
# - say why a system that is busy for half of its time makes people wait
# - read a **percentile** (百分位数), and know what must never be averaged
# - predict waiting from load and from how uneven the work is
# - choose a prefetch and the size of a batch, and say what each costs
# - find the mistake in a load test that reports beautiful numbers
#
# Three words first. **Latency** (延迟) is the time from the moment when a task *should* come into being to the end of
# the work on it. **Throughput** (吞吐量) is how many are done per second. **Utilisation** (利用率) is the share of
# time in which a worker works.

# %% [markdown]
# ## Predict
#
# 40 tasks come per second. A task takes 59 ms of work on average (`90 % · 10 ms + 10 % · 500 ms`). There are four
# workers, so each is busy for 59 % of its time. How long does a task take on average, waiting and work together?

# %%
guess = mqlab.predict("What is the mean latency of a task?", unit="ms", low=59, high=5000)
guess

# %% [markdown]
# ## Read the number

# %% tags=["nbval-check-output"]
latency = dealt.summary["latency_ns"]
for name in ("p50", "mean", "p90", "p99", "max"):
    print(f"{name:5} {latency[name] / 1e6:6,.0f} ms")
print(guess.beside(round(latency["mean"] / 1e6)))

# %% [markdown]
# More than ten times the work itself. Now look at the other lines: which of them describes *a* task?
# Count how many tasks took longer than the mean:

# %% tags=["nbval-check-output"]
tasks = dealt.fates
taken_ms = (tasks["processed_ns"] - tasks["created_ns"]).astype(float) / 1e6
mean_ms = taken_ms.mean()
print(f"longer than the mean: {(taken_ms > mean_ms).mean():.0%} of the tasks")
print(f"within half and one and a half of it: {((taken_ms > mean_ms / 2) & (taken_ms < mean_ms * 1.5)).mean():.0%}")

# %% [markdown]
# Hardly anybody is near the mean. So people who run systems speak of percentiles: p99 = 4.6 s says that one task in a
# hundred took longer than that.
#
# A warning. A dashboard often has one p99 per minute, and somebody averages them. Here are shorter pieces, of 10 s:

# %% tags=["nbval-check-output"]
piece = tasks["created_ns"] // 10_000_000_000
each = taken_ms.groupby(piece).quantile(0.99)
print(f"p99 of the pieces: {each.min():,.0f} to {each.max():,.0f} ms")
print(f"their average:     {each.mean():,.0f} ms")
print(f"p99 of all tasks:  {taken_ms.quantile(0.99):,.0f} ms")

# %% [markdown]
# The average of percentiles is the percentile of nothing. It hides the bad moments, which is where the slow tasks are.
# Add up counts (histograms), then read the percentile: that is what `mqlab` does with the runs of a sweep.
#
# ### The law that always holds
#
# **Little's law** (利特尔法则): the number in the system is the rate times the time each spends there, `L = λ · W`. It
# needs no assumption, so it is a check of the books, too. Both sides are measured separately here:

# %% tags=["nbval-check-output"]
queue = dealt.summary["queues"]["tasks"]
inside = queue["depth_mean"] + queue["unacked_mean"]
rate = dealt.summary["messages"]["processed"] / dealt.summary["duration_s"]
print(f"in the system on average: {inside:.1f} tasks")
print(f"rate times mean time:     {rate:.2f}/s · {mean_ms / 1000:.3f} s = {rate * mean_ms / 1000:.1f} tasks")
print(f"waiting in the queue:     {queue['depth_mean']:.1f} tasks")

# %% [markdown]
# 22 tasks are there, and four workers can work on four. So at least 18 wait somewhere. But the queue is empty!
#
# ## Explain one message
#
# Take the task with the greatest latency.

# %% tags=["nbval-check-output"]
slowest = int(tasks.loc[taken_ms.idxmax(), "message"])
print("message", slowest, "went to", tasks.loc[taken_ms.idxmax(), "consumer"], "\n")
dealt.explain(slowest)

# %%
dealt.plot("space_time", message=slowest)

# %% [markdown]
# It left the queue at once and then stood in the hands of *one* worker, behind others. Were all the others busy?

# %% tags=["nbval-check-output"]
late = tasks.loc[taken_ms.idxmax()]
others = tasks[tasks["consumer"] != late["consumer"]]
during = (others["delivered_ns"] > late["delivered_ns"]) & (others["processed_ns"] < late["processed_ns"])
print(during.sum(), "younger tasks were dealt to other workers and done before it")

# %% [markdown]
# The broker deals tasks like cards, in turn (**round robin**, 轮询), whether a worker is busy or not. Nothing limits
# how many it may hold. That limit is called **prefetch** (预取), and its default is "no limit".
#
# ## Change one thing: prefetch 1
#
# With prefetch 1 a worker gets the next task when it has acknowledged the last. Tasks wait in the queue, for whoever is
# free first. The work is the same, the workers are the same, and so is the chance. What does it change?

# %%
fair_guess = mqlab.predict(
    "The mean latency with prefetch 1, compared with before?", choices=["about the same", "about half", "a fifth"]
)
fair_guess

# %% tags=["nbval-check-output"]
fair = mqlab.run("dispatch-prefetch-1")
both = mqlab.compare({"round robin": dealt, "prefetch 1": fair}, sections=["latency_ns"])
ratio = dealt.summary["latency_ns"]["mean"] / fair.summary["latency_ns"]["mean"]
print(both)
print(f"\n{ratio:.1f} times shorter.", fair_guess.beside("a fifth" if ratio > 3.5 else "about half"))

# %%
both.plot()

# %% [markdown]
# People say "prefetch 1 is round robin". Count how many tasks each worker got, and in which order the first ones went.
# The third line has prefetch 1 as well, but with automatic acknowledgement: a task counts as done when it is sent.

# %% tags=["nbval-check-output"]
automatic = mqlab.run("dispatch-prefetch-1", overrides=["consumers.workers.ack=auto", "expect=[]"])
for name, run in {"round robin": dealt, "prefetch 1": fair, "1, automatic": automatic}.items():
    hands = run.fates.sort_values("delivered_ns")["consumer"].astype(str).str[8]
    counts = hands.value_counts().sort_index().tolist()
    mean = run.summary["latency_ns"]["mean"] / 1e6
    print(f"{name:13} {counts} {''.join(hands[:16])}…  mean {mean:.0f} ms")

# %% [markdown]
# Prefetch 1 is **fair dispatch** (公平分发): who is free gets the next. Round robin is prefetch *unlimited*. And with
# automatic acknowledgement a prefetch does nothing at all.
#
# ## The hockey stick
#
# Now make the workers busier. For this we take a textbook queue: tasks come at random, work is exponential with a mean
# of 80 ms, four workers. They can do 50 a second. From 25 to 47.5 tasks a second (50 % and 95 % busy) throughput grows
# by 1.9. By how much does the *waiting* grow?

# %%
wait_guess = mqlab.predict("From 50 % to 95 % busy, the mean wait becomes how many times longer?", low=1, high=200)
wait_guess

# %%
TEXTBOOK = ["consumers.workers.service={exponential: 80 ms}", "duration=400 s", "warmup=20 s", "drain=2 s", "expect=[]"]
RATES = ["5/s", "15/s", "25/s", "35/s", "40/s", "45/s", "47.5/s"]
stick = mqlab.sweep(
    "dispatch-prefetch-1", {"producers.office.arrivals.poisson": RATES}, reps=10, jobs=1, overrides=TEXTBOOK
)
stick.plot("load")

# %% [markdown]
# Bands show where the truth lies with 95 % confidence: each point was run ten times, with ten seeds. The dotted line is
# no simulation but a formula (M/M/c, Erlang). The **knee** (拐点) is the point with the most throughput for its latency.

# %% tags=["nbval-check-output"]
waits = []
for row, exact in zip(stick.table("latency.mean").itertuples(), stick.curve().theory):
    waits.append(row.value / 1e6 - 80)
    inside = "yes" if row.low <= exact <= row.high else "no"
    busy = row[1] * 0.08 / 4
    print(f"{busy:4.0%} busy: wait {waits[-1]:6.1f} ms   theory {exact / 1e6 - 80:6.1f} ms   in the band: {inside}")
wait_guess.beside(round(waits[-1] / waits[2]))

# %%
stick.plot("utilisation")

# %% [markdown]
# Flat for long, then steep: the **hockey stick**. Waiting grows like `1 / (1 - utilisation)`. Whoever plans for 95 % has
# bought the last few percent of throughput with most of the latency. (All points lie a little above the formula,
# together: they share their ten seeds, so they share their luck. And a formula knows no network; it takes 0.8 ms here.)
#
# ## Uneven work waits longer
#
# Same load, same mean, one worker. Only how much tasks differ is changed: not at all, exponential, or nine short to one
# long. Measure of unevenness: the **coefficient of variation** (变异系数), standard deviation / mean, here 0, 1, 2.3.

# %%
WORK = ["80 ms", "{exponential: 80 ms}", "{hyperexponential: {p: 90 %, mean1: 40 ms, mean2: 440 ms}}"]
VARY = {"producers.office.arrivals.poisson": ["1/s", "3/s", "5/s", "7/s", "9/s", "10/s"]}
LONG = ["consumers.workers.count=1", "duration=1500 s", "warmup=50 s", "drain=5 s", "expect=[]"]
uneven = mqlab.sweep(
    "dispatch-prefetch-1", {**VARY, "consumers.workers.service": WORK}, reps=8, jobs=1, overrides=LONG
)
uneven.plot("lines", labels=["all the same", "exponential", "uneven"])

# %% tags=["nbval-check-output"]
at_7 = uneven.table("latency.mean").query("`producers.office.arrivals.poisson` == 7")
even, random, uneven_ms = (at_7["value"] / 1e6 - 80).tolist()
print(f"mean wait at 56 % busy: {even:.0f} ms, {random:.0f} ms, {uneven_ms:.0f} ms")
print(f"divided by that of exponential work: {even / random:.2f}, 1, {uneven_ms / random:.2f}")
print("(1 + cv²) / 2:                       0.50, 1,", f"{(1 + 5.5) / 2:.2f}")

# %% [markdown]
# The rule (Pollaczek and Khinchine): waiting goes with `(1 + cv²) / 2`. Making work *even* helps as much as
# making it shorter: cut long tasks up, or give them a queue of their own.
#
# ## When does prefetch 1 win?
#
# It costs something: when a worker is done, the acknowledgement goes to the broker and the next task comes back. For this
# **round trip** (往返时间) the worker is idle. So put the workers further away, and try several prefetches, for work that
# is even, exponential and uneven:

# %%
NEAR_AND_FAR = ["0.1 ms", "1 ms", "5 ms", "10 ms", "15 ms"]
KINDS = {"all the same": "59 ms", "exponential": "{exponential: 59 ms}",
         "uneven": "{hyperexponential: {p: 90 %, mean1: 10 ms, mean2: 500 ms}}"}
maps = {}
for kind, work in KINDS.items():
    maps[kind] = mqlab.sweep(
        "dispatch-prefetch-1",
        {"consumers.workers.link.latency": NEAR_AND_FAR, "consumers.workers.prefetch": [1, 2, 5, 20, 0]},
        reps=3, jobs=1, overrides=["expect=[]", "duration=300 s", "warmup=20 s", f"consumers.workers.service={work}"],
    )
maps["uneven"].plot("map", figure="latency.mean")

# %% tags=["nbval-check-output"]
print("the prefetch with the shortest mean latency (0: unlimited), and what 1 costs against unlimited")
for kind, found in maps.items():
    table = found.table("latency.mean")
    wide = table.pivot(index="consumers.workers.link.latency", columns="consumers.workers.prefetch", values="value")
    for one_way, row in wide.iterrows():
        near = [int(prefetch) for prefetch in wide.columns if row[prefetch] <= row.min() * 1.005]
        print(f"{kind:13} round trip {2 * one_way / 1e6:4.1f} ms: {str(near):15} {row[1] / row[0]:5.2f} times")

# %% [markdown]
# So: prefetch 1 wins when work is **uneven** and the round trip is **short** beside it. For even work it never wins. From
# some distance on 2 is better: one task in hand, one on its way. Far away, 1 is the worst of the small ones.
#
# Try it yourself. Turn prefetch from 1 to 20, then move the workers away: where does the tail become short?

# %%
dials = mqlab.explore(
    "dispatch-prefetch-1",
    {"consumers.workers.prefetch": (1, 20), "consumers.workers.link.latency": ("1 ms", "15 ms", "2 ms")},
    picture="latency_distribution", stages=False,
    names={"consumers.workers.prefetch": "prefetch", "consumers.workers.link.latency": "one way"},
)
dials

# %% [markdown]
# ## Batches: throughput against latency
#
# What costs a lot each time (a flush of the disk, a round trip, a system call) is shared by a **batch** (批量). A shop
# writes 200 orders a second, and each commit needs a flush of 24.5 ms. How many orders should go into one commit?

# %%
batch_guess = mqlab.predict("Which batch size gives the shortest latency?", choices=["1", "2", "8", "50", "200"])
batch_guess

# %%
SHOP = ["producers.shop.arrivals={poisson: 200/s}", "duration=60 s", "warmup=5 s", "drain=5 s", "expect=[]"]
SIZES = [1, 2, 4, 8, 20, 50, 200]
batches = mqlab.sweep("tx-per-message", {"producers.shop.transactions.size": SIZES}, reps=3, jobs=1, overrides=SHOP)
batches.plot("figure", figure="latency.mean")

# %% tags=["nbval-check-output"]
done, took = batches.table("throughput.sustained"), batches.table("latency.mean")
for size, per_s, ns in zip(SIZES, done["value"], took["value"]):
    print(f"{size:4} orders a commit: {per_s:4.0f}/s done, mean latency {ns / 1e6:8,.0f} ms")
batch_guess.beside(str(SIZES[int(took["value"].argmin())]))

# %% [markdown]
# Too small, and the disk cannot keep up: orders pile up without end. Too large, and each waits until the batch is full.
# Between them is a valley. Real systems bound both: "at most 100, but at most 5 ms" (`linger.ms` in Kafka).
#
# ## Distance does not limit throughput. Waiting does.
#
# A shop is 25 ms away, so a confirm is back after 50 ms. It sends 1,000 orders a second and lets at most so many be
# unconfirmed at once (its *window*):

# %% tags=["nbval-check-output"]
FAR = ["producers.shop.link.latency=25 ms", "producers.shop.message.persistent=false"]
STEADY = ["producers.shop.arrivals={poisson: 1000/s}", "duration=10 s", "drain=1 s", "warmup=1 s", "expect=[]"]
WINDOWS = [1, 2, 10, 20, 100]
windows = mqlab.sweep(
    "tx-confirms", {"producers.shop.confirm.max_in_flight": WINDOWS}, reps=1, jobs=1, overrides=FAR + STEADY
)
for window, per_s in zip(WINDOWS, windows.table("throughput.sustained")["value"]):
    print(f"window {window:3}: {per_s:5.0f}/s    window / round trip: {window / 0.050:5.0f}/s")

# %% [markdown]
# Little's law again: `window = rate · round trip`. "25 ms away, so at most 40 a second" is wrong; orders travel side by
# side. It is true only for who waits for each one: a window of 1.
#
# ## The load test that lied
#
# A client sends one request every 10 ms and waits for each confirm before it sends the next. For 2 s, at 20 s, the broker
# stands still. The client notes how long each *confirm* took:

# %% tags=["nbval-check-output"]
TEST = ["producers.office.arrivals={constant: 100/s}", "producers.office.confirm={max_in_flight: 1}",
        "consumers.workers.service=1 ms", "duration=60 s", "faults=[{at: 20 s, pause: broker, for: 2 s}]", "expect=[]"]
test = mqlab.run("dispatch-prefetch-1", overrides=TEST)
stages = test.summary["stages"]
for stage, words in {"sent_confirmed": "since it was sent", "created_confirmed": "since it was due"}.items():
    found = stages[stage]
    print(f"{words:18} p50 {found['p50'] / 1e6:5.2f} ms, p99 {found['p99'] / 1e6:8.2f} ms of {found['count']:,}")

# %% [markdown]
# The same run, the same confirms. In 2 of 60 s nothing worked, so p99 cannot be half a millisecond. But the client measured
# only one slow request: while it waited it sent nothing, and the 200 requests that were due did not count as late.
# This is **coordinated omission** (协同遗漏). The cure: count from the moment when a request was *due*.
# mqlab always does; that is why latency begins at the intended creation.
#
# A **closed loop** (闭环) makes it worse. There the next request comes into being only after the last is answered, so
# the late ones never exist. Real buyers are an **open loop** (开环): they come, whether the shop answers or not.
# Below the picture you can play the moment at which the broker stands still: who sends, and who waits?

# %% tags=["nbval-check-output"]
CLOSED = "producers.office.arrivals={closed: {think: 10 ms}}"
closed = mqlab.run("dispatch-prefetch-1", overrides=[*TEST, CLOSED])
pair = {"open": test, "closed": closed}
for name, run in pair.items():
    due = run.fates["created_ns"].between(20_000_000_000, 22_000_000_000).sum()
    found = run.summary["latency_ns"]
    print(f"{name:6} {due:3} requests due in the 2 s, p99 {found['p99'] / 1e6:8.2f} ms, max {found['max'] / 1e6:,.0f} ms")

# %%
mqlab.compare(pair).plot()

# %%
test.player(start="19.95 s", stop="20.05 s")

# %% [markdown]
# ## Exercises
#
# ### 1 · An honest percentile (5 points)
#
# A client notes three times of each request, in ms: when it was due, when it was sent, when it was answered. It sends the
# next one only after the last was answered, and now and then the broker or the client itself stands still.
# Write `honest_p99(records)`: the 99th percentile of how long the *customers* waited. It is the value of rank ⌈0.99 · n⌉
# in order, counted from 1. Without any record it is `None`.

# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": false, "grade_id": "honest-percentile", "locked": false, "solution": true, "task": false}
def honest_p99(records):
    """The 99th percentile of the latencies, in ms; each record is [due, sent, answered]."""
    ### BEGIN SOLUTION
    if not records:
        return None
    latencies = sorted(answered - due for due, sent, answered in records)
    rank = -(-99 * len(latencies) // 100)
    return latencies[rank - 1]
    ### END SOLUTION


# %% tags=["nbval-check-output"] nbgrader={"schema_version": 3, "cell_type": "code", "grade": true, "grade_id": "honest-percentile-check", "locked": true, "points": 5, "solution": false, "task": false}
mqlab.check_exercise("honest-percentile", honest_p99)

# %% [markdown]
# ### 2 · Batch and prefetch (7 points)
#
# Four stock rooms read one queue, 1 ms away. 2,000 orders come per second. Nine in ten take 0.2 ms, one takes 12 ms.
# The broker's processor is slow: 0.2 ms for each order in, each delivery and each acknowledgement.
# An acknowledgement may stand for a whole `batch` of orders; a batch that does not fill is sent `after` some time.
# Choose three settings so that
#
# - p99 of the latency is at most 450 ms, and nothing is left at the end,
# - a crash of all stock rooms brings back at most 60 orders, and has at most 24 done twice,
# - with 20 orders a second, an order is off the broker's books at most 50 ms after it was done.

# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": false, "grade_id": "batch-and-prefetch", "locked": false, "solution": true, "task": false}
def configure():
    """Settings by their path in the scenario: prefetch, acks.batch and acks.after of consumers.stock."""
    ### BEGIN SOLUTION
    return {
        "consumers.stock.prefetch": 12,
        "consumers.stock.acks.batch": 4,
        "consumers.stock.acks.after": "10 ms",
    }
    ### END SOLUTION


# %% tags=["nbval-check-output"] nbgrader={"schema_version": 3, "cell_type": "code", "grade": true, "grade_id": "batch-and-prefetch-check", "locked": true, "points": 7, "solution": false, "task": false}
mqlab.check_exercise("batch-and-prefetch", configure)

# %% [markdown]
# ### 3 · How long will it wait? (6 points)
#
# Write `mean_wait(rate_per_s, service_s, cv, servers)`: the mean time, in seconds, that a task waits before its work
# begins. Arrivals are random (Poisson). There is one worker with work of any unevenness `cv`, or several with exponential
# work (`cv` is 1). If there is more work than the workers can do, the answer is `None`. A result within 2 % is right.
# For several workers look up *Erlang C*; compare yours with the table of the hockey stick.

# %% nbgrader={"schema_version": 3, "cell_type": "code", "grade": false, "grade_id": "mean-wait", "locked": false, "solution": true, "task": false}
def mean_wait(rate_per_s, service_s, cv, servers):
    """Mean time in seconds that a task waits before its work begins; None if the queue grows without end."""
    ### BEGIN SOLUTION
    offered = rate_per_s * service_s
    load = offered / servers
    if load >= 1:
        return None
    blocking = 1.0
    for k in range(1, servers + 1):  # Erlang B, one worker after the other
        blocking = offered * blocking / (k + offered * blocking)
    waits = blocking / (1 - load * (1 - blocking))  # Erlang C: the chance to find all of them busy
    return waits * service_s / (servers * (1 - load)) * (1 + cv**2) / 2
    ### END SOLUTION


# %% tags=["nbval-check-output"] nbgrader={"schema_version": 3, "cell_type": "code", "grade": true, "grade_id": "mean-wait-check", "locked": true, "points": 6, "solution": false, "task": false}
mqlab.check_exercise("mean-wait", mean_wait)

# %% [markdown]
# ## Key points
#
# - The mean describes nobody. Read percentiles, and take them from counts, never from other percentiles.
# - `L = λ · W` always holds. Tasks that are in no queue wait in somebody's hands.
# - Waiting grows like `1 / (1 - utilisation)`, and with how uneven the work is.
# - Prefetch 1 is fair dispatch. It wins for uneven work nearby. Round robin is prefetch unlimited.
# - A batch must be large enough to keep up, and no larger. Throughput is window / round trip, not 1 / latency.
# - Count from the moment when a request was due. A client that waits before it measures sees nothing.
#
# ## Do you recall?
#
# 1. Four workers are 59 % busy. Why may a task still wait for five seconds behind another one?
# 2. A load test reports a p99 of 0.5 ms, and the broker stood still for 2 of 60 s. What did the client do?
# 3. Confirms need 50 ms. How do you send 1,000 messages a second all the same?
#
# ## In the real system
#
# Fair dispatch with pika 1.3 and RabbitMQ. The limit is set before consuming, and acknowledgement is manual:
#
# ```python
# import pika
#
# connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
# channel = connection.channel()
# channel.queue_declare(queue="tasks", durable=True)
# channel.basic_qos(prefetch_count=1)
#
#
# def work(channel, method, properties, body):
#     print(body.decode())
#     channel.basic_ack(delivery_tag=method.delivery_tag)
#
#
# channel.basic_consume(queue="tasks", on_message_callback=work)  # auto_ack is False unless you say so
# channel.start_consuming()
# ```
#
# Source: <https://www.rabbitmq.com/tutorials/tutorial-two-python> and <https://www.rabbitmq.com/docs/consumer-prefetch>,
# which finds that 100 to 300 usually give the best throughput. In Kafka a batch is bounded by `batch.size` and `linger.ms`:
# <https://kafka.apache.org/documentation/#producerconfigs>.
#
# ## Where to go next
#
# - Draw the curve of your own system: `mqlab sweep dispatch-prefetch-1 --vary consumers.workers.count=2,3,4,6 --out runs/workers`.
# - `mqlab run consumers-batched-acks` shows what a large batch costs when its consumer dies.
# - Peaks that no prefetch can help: lesson `07-flash-sale`.
