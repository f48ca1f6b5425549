"""The broker's figures in the words of Pulsar's REST interface, with rates since the last look.

Pulsar 2.4.1 shows them at ``/admin/v2/persistent/…/stats``. What nothing here counts is left out and not shown as 0:
throughput in bytes, and rates of single consumers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqlab.routing import HOST

if TYPE_CHECKING:
    from mqlab.broker.brokers import Broker
    from mqlab.broker.log.statistics import GroupStats, TopicRates, TopicStats
    from mqlab.broker.statistics import QueueStats

__all__ = ["Monitor"]


class Monitor:
    """Somebody who looks at a broker now and then; made by :meth:`Broker.monitor`.

    Examples
    --------
    >>> from mqlab.broker import Broker, ManualClock
    >>> clock = ManualClock()
    >>> broker = Broker(clock=clock)
    >>> channel = broker.connect().channel()
    >>> channel.declare_queue("orders")
    'orders'
    >>> monitor = broker.monitor()
    >>> channel.publish_many(range(10), "orders")
    >>> consumer = channel.consume("orders", prefetch=4)
    >>> clock.advance(2_000_000_000)
    >>> seen = monitor.look()["queues"]["orders"]
    >>> seen["msgRateIn"], seen["msgBacklog"], seen["unackedMessages"], seen["consumers"][0]["availablePermits"]
    (5.0, 10, 4, 0)
    """

    def __init__(self, broker: Broker, virtual_host: str = HOST) -> None:
        self._broker, self._virtual_host = broker, virtual_host
        self._queues = broker.stats(virtual_host)
        self._topics = broker.topic_stats(virtual_host)

    def look(self) -> dict[str, dict[str, Any]]:
        """Tell the figures of all queues and topics; rates are per second since the last look.

        Returns
        -------
        dict
            "queues" and "topics", each by name; everything in it can be written as JSON.
        """
        queues, topics = self._broker.stats(self._virtual_host), self._broker.topic_stats(self._virtual_host)
        seen = {
            "queues": {name: _of_queue(stats, self._queues.get(name, stats)) for name, stats in queues.items()},
            "topics": {name: _of_topic(stats, self._topics.get(name, stats)) for name, stats in topics.items()},
        }
        self._queues, self._topics = queues, topics
        return seen


def _of_queue(stats: QueueStats, before: QueueStats) -> dict[str, Any]:
    rates = stats.rates_since(before)
    return {
        "msgRateIn": rates.published_per_s,
        "msgRateOut": rates.delivered_per_s,
        "msgRateRedeliver": rates.redelivered_per_s,
        "msgRateExpired": rates.expired_per_s,
        "msgRateAck": rates.acked_per_s,
        "msgBacklog": stats.ready + stats.unacked,
        "unackedMessages": stats.unacked,
        "type": stats.type,
        "consumers": [
            {
                "consumerName": each.tag,
                "unackedMessages": each.unacked,
                "availablePermits": each.room,
            }
            for each in stats.each_consumer
        ],
    }


def _of_topic(stats: TopicStats, before: TopicStats) -> dict[str, Any]:
    rates = stats.rates_since(before)
    return {
        "msgRateIn": rates.published_per_s,
        "msgInCounter": stats.published,
        "storageSize": sum(each.size_bytes for each in stats.partitions),
        "partitions": {
            str(each.partition): {"firstOffset": each.start, "nextOffset": each.end} for each in stats.partitions
        },
        "subscriptions": {name: _of_group(group, rates) for name, group in stats.groups.items()},
    }


def _of_group(group: GroupStats, rates: TopicRates) -> dict[str, Any]:
    return {
        "msgRateOut": rates.delivered_per_s[group.name],
        "msgRateRedeliver": rates.redelivered_per_s[group.name],
        "msgBacklog": group.backlog,
        "lag": {str(partition): lag for partition, lag in group.lag.items()},
        "type": "Failover",  # a partition has one consumer at a time, and another follows it
        "state": group.state,
        "generation": group.generation,
        "consumers": [
            {"consumerName": each.name, "partitions": list(each.partitions), "msgOutCounter": each.received}
            for each in group.members
        ],
    }
