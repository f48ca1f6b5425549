"""RabbitMQ, what finds no queue: https://www.rabbitmq.com/docs/publishers#unroutable."""

NOWHERE = """
    name: nowhere
    system: rabbitmq
    duration: 1 s
    producers:
      shop:
        arrivals: {constant: {rate: 100/s, messages: 4}}
        confirm: true
        to: {exchange: x, routing_key: blue, mandatory: true}
    exchanges: {x: {}, rest: {type: fanout}}
    queues: {q: {}}
    bindings:
      - {exchange: x, queue: q, key: red}
"""


def kinds(run, message):
    """What happened to one message, in order."""
    events = run.events
    return events[events["message"] == message]["kind"].tolist()


def test_a_mandatory_message_that_finds_no_queue_is_returned_before_it_is_confirmed(play):
    run = play(NOWHERE)
    for message in range(4):
        told = kinds(run, message)
        assert told.index("return_sent") < told.index("confirm_sent")
        assert told.index("returned") < told.index("confirmed")
    assert run.summary["gauges"]["shop.returned"] == 4
    assert set(run.fates["fate"]) == {"unroutable"}


def test_what_is_not_mandatory_is_dropped_and_confirmed_without_a_word(play):
    run = play(NOWHERE, "producers.shop.to.mandatory=false")
    assert kinds(run, 0) == ["created", "sent", "arrived", "unroutable", "confirm_sent", "confirmed"]


def test_mandatory_is_off_unless_it_is_asked_for(play):
    run = play(NOWHERE, "producers.shop.to={exchange: x, routing_key: blue}")
    assert "return_sent" not in kinds(run, 0)


def test_what_an_alternate_exchange_takes_counts_as_routed(play):
    run = play(NOWHERE, "exchanges.x.alternate=rest", "bindings=[{exchange: rest, queue: q}]")
    assert run.summary["gauges"]["shop.returned"] == 0
    assert set(run.fates["queue"]) == {"q"}
