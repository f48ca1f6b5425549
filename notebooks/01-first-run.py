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
# # 1 · First run: where do lost orders go?
#
# Five tills of a shop send orders to the stock room through a **message queue** (消息队列).
# In the middle of the day the broker, the program that keeps the queue, dies for one second.
#
# **The question.** Of 1,000 orders, how many never reach the stock? Where do they vanish? What would have saved them?
#
# The way of every notebook here: *predict*, run, look, explain, change one thing, run again and compare.
# This one takes ten minutes. Shift+Enter runs a cell.

# %% [markdown]
# ## The shop
#
# A run begins with a **scenario**: a short text that says who sends, what stands between, who receives, and what goes
# wrong. This one is shipped with mqlab.

# %% tags=["nbval-check-output"]
import mqlab
from mqlab.scenario import load

text = load("first-run").text
print(text[text.index("name:") :])

# %% [markdown]
# - **Producers** (生产者) send messages. Here five tills send 100 orders a second between them, for 10 s.
# - The **broker** keeps messages in a **queue** until somebody takes them.
# - A **consumer** (消费者) takes them out and does the work. Here the stock needs 12 ms an order on average.
# - At 5 s the broker's process **crashes**. At 6 s it is back.
#
# 12 ms an order is 83 orders a second, and 100 arrive: the queue grows. It is `durable`, so it survives a crash.
#
# ### Predict
#
# How many of the 1,000 orders will **not** be processed? Put your number into the field, then run the next two cells.
# A guess that turns out wrong is remembered better than an answer that was only read.

# %%
guess = mqlab.predict("How many of the 1,000 orders will not be processed?", unit="orders", low=0, high=1000)
guess

# %%
bare = mqlab.run("first-run")
bare

# %% tags=["nbval-check-output"]
messages = bare.summary["messages"]
missing = messages["created"] - messages["processed"]
fates = bare.fates["fate"].value_counts()
print(fates[fates > 0].to_string())
print("together", fates.sum())
guess.beside(missing)

# %% [markdown]
# ## Look
#
# Every order ends in exactly one **fate**, and the fates add up to what was owed. Nothing disappears without a name.

# %%
bare.plot("fates_bar")

# %% [markdown]
# Orders vanished in three places:
#
# - `gave_up`: at the **till**. While the broker was down there was no connection to send on.
# - `lost:wire`: on the **network**, between till and broker, at the moment of the crash.
# - `lost:broker_memory`: in the **broker**. They stood in the queue and waited for the stock.
#
# When did it happen?

# %%
bare.plot("timeline")

# %% [markdown]
# Follow the blue area, the orders that wait. It grows until 5 s, and after the crash it begins again at nothing.
# The bottom row shows what the crash took: 72 copies, of which one was just being served, and 71 were lost.
# But the queue was `durable`! Why is it empty?
#
# ## Explain one lost message
#
# Counts say how many. The life of a single message says *why*. Here is one case of **message loss** (消息丢失):

# %% tags=["nbval-check-output"]
in_memory = bare.which("lost:broker_memory")
victim = in_memory[len(in_memory) // 2]
print(len(in_memory), "orders died in the broker's memory. One of them:\n")
bare.explain(victim)

# %%
bare.plot("space_time", message=victim)

# %% [markdown]
# Time runs downwards, one line an event. The order arrived safely, took its place, and was there when the broker died.
#
# The last line names the setting. **Durable** keeps the *queue*. **Persistent** (持久化) keeps the *message*.
# You need both, and RabbitMQ's default for messages is: not persistent.
#
# Now one that never reached the broker:

# %% tags=["nbval-check-output"]
on_the_wire = bare.which("lost:wire")
print(len(on_the_wire), "orders died on the wire. One of them:\n")
bare.explain(on_the_wire[-1])

# %%
bare.plot("space_time", message=on_the_wire[-1])

# %% [markdown]
# The cross is the spot where it ended. The till had sent it, and sending gave no error. To the till it looks exactly like
# an order that arrived.
#
# The third kind is different:

# %% tags=["nbval-check-output"]
unsent = bare.which("gave_up")
silent = len(in_memory) + len(on_the_wire)
print(f"{silent} orders were lost in silence, but {len(unsent)} with an error message. One of these:\n")
bare.explain(unsent[-1])

# %% [markdown]
# An error message is bad news, but it is news. Of the silent losses no till, no broker and no log knows. They are the
# dangerous ones.
#
# ## Change one thing: keep the messages on disk
#
# An **override** changes one field of the scenario by its path. Everything else stays, even the chance: the same orders
# at the same times. First predict: how many orders will be lost *in silence* now?

# %%
second_guess = mqlab.predict("How many orders will be lost in silence now?", unit="orders", low=0)
second_guess

# %% tags=["nbval-check-output"]
PERSISTENT = "producers.tills.message.persistent=true"
persistent = mqlab.run("first-run", overrides=[PERSISTENT])
silent = sum(persistent.summary["fates"]["lost"].values())
second_guess.beside(silent)

# %% tags=["nbval-check-output"]
mqlab.compare({"as it was": bare, "persistent": persistent}, sections=["fates"])

# %% [markdown]
# Nearly all that stood in the queue was saved. The wire and the tills did not change: a disk cannot help there.
# But look closely. One order was persistent, it *had* reached the broker, and it is gone all the same:

# %% tags=["nbval-check-output"]
persistent.explain(persistent.which("lost:broker_memory")[0])

# %% [markdown]
# It arrived just before the crash and was still on its way to the disk. *Persistent* means "will be written",
# not "has been written". How can a till know which? Only if the broker tells it.
#
# ## Ask for a receipt, and send again
#
# With a **publisher confirm** (发布确认) the broker answers every message, as soon as it is safe on disk.
# A receipt alone saves nothing; the till has to act on it and send again what was not confirmed. One after the other:

# %%
CONFIRM = "producers.tills.confirm={timeout: 500 ms}"
RESEND = "producers.tills.retry={attempts: 10, backoff: {exponential: {first: 100 ms, max: 1 s}}}"
confirmed = mqlab.run("first-run", overrides=[PERSISTENT, CONFIRM])
resent = mqlab.run("first-run", overrides=[PERSISTENT, CONFIRM, RESEND])

# %% tags=["nbval-check-output"]
mqlab.compare(
    {"persistent": persistent, "+ confirms": confirmed, "+ re-sends": resent},
    sections=["messages", "fates", "anomalies"],
)

# %% [markdown]
# With confirms the tills hold back what they cannot send, and they know which orders are in doubt: 5 of 1,000. Two of
# these had arrived all the same (`recovered`). No receipt does not mean *failed*, it means **unknown**.
#
# With re-sends nothing is lost. But 1,000 orders became 1,002 copies, and `duplicate_effect` counts orders that the stock
# carried out **twice** (重复消费). Where does a second copy come from? (Orders sent late also came out of order. That is
# another story.)

# %% tags=["nbval-check-output"]
resent.explain(resent.which("enqueued_twice")[0])

# %% [markdown]
# The order was stored. Its *receipt* was lost. From the till, a lost order and a lost receipt look the same, and so it had
# to send again. This is **at least once**: no loss, at the price of doubles.
#
# No setting of the broker cures that; the consumer has to. It looks the order's number up before it acts, so that the
# second time does nothing (**idempotence**, 幂等):

# %% tags=["nbval-check-output"]
ONCE = "consumers.stock.deduplicate=true"
cured = mqlab.run("first-run", overrides=[PERSISTENT, CONFIRM, RESEND, ONCE])
mqlab.compare({"+ re-sends": resent, "+ once": cured}, sections=["anomalies"])

# %% [markdown]
# Copies still come twice. They no longer *act* twice, and that is what the shop needs.
#
# ## What it costs

# %% tags=["nbval-check-output"]
receipt_ms = cured.summary["stages"]["sent_confirmed"]["p50"] / 1e6
print(f"A till waits {receipt_ms:.0f} ms for a receipt; 50 ms of that are the network, there and back.")
mqlab.compare({"as it was": bare, "cured": cured}, sections=["latency_ns"])

# %% [markdown]
# The rest of the wait for a receipt is the disk. But why is an order served so much later?
#
# Because nobody vanished. More orders stand in the queue, and those of the dark second wait until it is over.
# Mind the first column: **lost orders have no latency**, so they are missing from it. A system that loses its slowest
# messages looks fast.
#
# ## Say what you want
#
# A scenario can say what it expects, and every run is judged by that. The wish of the shop, in two lines:

# %% tags=["nbval-check-output"]
WISH = 'expect=["fates.processed >= 1000", "duplicate_effect == 0"]'
CURES = [PERSISTENT, CONFIRM, RESEND, ONCE]
for number in range(len(CURES) + 1):
    run = mqlab.run("first-run", overrides=[*CURES[:number], WISH])
    print(number, "cures:", run.verdict)

# %% [markdown]
# ## Key points
#
# - A message can be lost in three places: before the broker, in the broker, and (you will see) after the broker.
# - A durable queue with transient messages is empty after a crash. Persistent messages still pass through memory.
# - Only a confirm tells a producer that a message is safe. No confirm means *unknown*, not *failed*.
# - Sending again cures loss and causes doubles. An idempotent consumer cures the doubles.
# - Latency counts survivors only. Look at fates first.
#
# ## Do you recall?
#
# 1. A queue is durable, its messages are persistent, and confirms are off. Which orders can a crash still take?
# 2. Why can no producer, however clever, tell a lost message from a lost confirm?
# 3. A colleague turns confirms on and reports: "the system became slower". What would you ask to see?
#
# ## Where to go next
#
# - Change one thing of your own. What if the power fails instead of the process? Add
#   `"faults=[{at: 5 s, power_loss: broker, for: 1 s}]"` to the overrides of the last run. What does the stock
#   do after 5 s, and why? A hint: who tells it? Look for `heartbeat` in what `mqlab check first-run` prints.
# - The same on the command line: `mqlab run first-run`, and `mqlab explain runs/first-run-1 --message 463`.
# - `mqlab scenarios` lists what else is shipped: consumers that lose, orders that overtake each other, a flash sale.
# - `mqlab init my-shop` writes a scenario of your own to start from.
