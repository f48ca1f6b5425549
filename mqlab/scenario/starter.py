"""The scenario that ``mqlab init`` writes: small, commented, valid, and with expectations that hold."""

from __future__ import annotations

from typing import Final

from mqlab.errors import BadInput
from mqlab.units import UnitError

__all__ = ["starter"]

_TEXT: Final = """\
# A shop sends orders through a queue to its stock, and the broker crashes in the middle.
#
# Try:  mqlab run {name}.yaml
# Then change one thing and run again: set `confirm: none`, or `durable: false`, and look at what is lost.

name: {name}
system: rabbitmq            # also: rabbitmq-quorum, direct; its defaults hold where this file says nothing
seed: 1                     # the same seed gives the same run, to the last event
duration: 10 s              # producers stop here; then
drain: 20 s                 # consumers finish what is owed

producers:
  shop:                     # a group; rates are for the whole group unless it says `each: true`
    count: 5
    arrivals: {{poisson: 200/s}}                 # also: constant, ramp, burst, hawkes, trace, closed ...
    message: {{size: 1 KiB, persistent: true}}   # persistent: survives a crash in a durable queue
    confirm: {{timeout: 1 s}}                    # the broker says when a message is safe
    retry:                                      # attempts counts the first try
      attempts: 10
      backoff: {{exponential: {{first: 100 ms, factor: 2, max: 2 s, jitter: full}}}}
    connection: {{reconnect: 1 s}}

queues:
  orders: {{durable: true, max_length: 10_000, overflow: reject-publish}}
                                                # also: ttl, dead_letter, delivery_limit, max_priority, mode: lazy ...

consumers:
  stock:
    queue: orders
    count: 2
    prefetch: 20                                # so many deliveries at once without acknowledgement; or `pull: 100 ms`
    ack: manual
    service: {{lognormal: {{mean: 4 ms, cv: 1}}}} # also: constant, uniform, exponential, erlang, serial ...
    deduplicate: true                           # look the order's number up before acting on it
    connection: {{reconnect: 1 s}}

faults:
  - {{at: 4 s, crash: broker, for: 1 s}}          # also: power_loss, reset, partition, slow, disk_full, random ...

expect:                                         # `mqlab run` ends with 1 if one of these does not hold
  - lost == 0
  - duplicate_effect == 0
  - fates.processed > 0
"""


def starter(name: str) -> str:
    """Write a starter scenario called ``name``.

    Raises
    ------
    BadInput
        If it cannot be a scenario's name.

    Examples
    --------
    >>> print(starter("my-shop").splitlines()[5])
    name: my-shop
    """
    from mqlab.scenario.fields import parse_name

    try:
        return _TEXT.format(name=parse_name(name))
    except UnitError as error:
        raise BadInput(error.what, mend=error.mend) from None
