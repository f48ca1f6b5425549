"""RabbitMQ, what survives a restart: https://www.rabbitmq.com/docs/queues#durability and /docs/persistence-conf."""

from itertools import product

import pytest

SHOP = """
    name: restart
    system: rabbitmq
    duration: 1 s
    producers:
      shop:
        arrivals: {constant: {rate: 1000/s, messages: 5}}
        message: {persistent: true}
        confirm: true
        retry: false
    queues: {orders: {durable: true}}
    nodes: {broker: {disk: {group_commit: 20 ms, fsync: 4 ms}}}
    faults: [{at: 500 ms, crash: broker, for: 100 ms}]
"""


@pytest.mark.parametrize(("durable", "persistent"), list(product(["true", "false"], repeat=2)))
@pytest.mark.parametrize("fault", ["crash", "power_loss"])
def test_survives_a_restart_only_if_durable_and_persistent(play, durable, persistent, fault):
    run = play(
        SHOP, f"queues.orders.durable={durable}", f"producers.shop.message.persistent={persistent}",
        f"faults=[{{at: 500 ms, {fault}: broker, for: 100 ms}}]",
    )  # fmt: skip
    both = durable == persistent == "true"
    assert (run.events["kind"] == "recovered").sum() == (5 if both else 0)
    assert (run.events["kind"] == "vanished").sum() == (0 if both else 5)


@pytest.mark.parametrize("at_ms", [2, 8, 15, 22, 27, 40])
def test_a_durable_persistent_message_is_guaranteed_from_its_confirm_on(play, at_ms):
    """Power fails before, during and after the flush: what was confirmed is there, what was not may be gone."""
    run = play(SHOP, f"faults=[{{at: {at_ms} ms, power_loss: broker, for: 100 ms}}]")
    events = run.events
    back = set(events[events["kind"] == "recovered"]["message"])
    confirmed = set(events[events["kind"] == "confirmed"]["message"])
    assert confirmed <= back
    assert (len(back) == 5) == (at_ms >= 27)


def test_before_its_confirm_a_message_may_vanish_although_durable_and_persistent(play):
    run = play(SHOP, "faults=[{at: 15 ms, crash: broker, for: 100 ms}]")
    assert run.fates["confirmed_ns"].isna().all()
    assert set(run.fates["fate"]) == {"lost:broker_memory"}
