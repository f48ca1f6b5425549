"""Which partition a record goes to."""

from __future__ import annotations

from mqlab.jit import kernel

__all__ = ["murmur2", "next_in_turn", "partition_of_key"]

_SEED = 0x9747B28C
_M = 0x5BD1E995
_WORD = 0xFFFFFFFF
_LENGTH = 4


@kernel
def murmur2(key: int) -> int:
    """Hash a key, serialised as a 32-bit integer (most significant byte first), as Kafka's Java client does.

    Source: apache/kafka, org.apache.kafka.common.utils.Utils.murmur2 (seed 0x9747b28c, as a number from 0 to 2^32-1).

    Examples
    --------
    >>> murmur2(7) == murmur2(7), 0 <= murmur2(7) < 2**32
    (True, True)
    """
    raw = key & _WORD
    k = ((raw & 255) << 24) | ((raw & 0xFF00) << 8) | ((raw >> 8) & 0xFF00) | (raw >> 24)  # read from its low byte
    h = _SEED ^ _LENGTH
    k = (k * _M) & _WORD
    k = k ^ (k >> 24)
    k = (k * _M) & _WORD
    h = (h * _M) & _WORD
    h = h ^ k
    h = h ^ (h >> 13)
    h = (h * _M) & _WORD
    return h ^ (h >> 15)


@kernel
def partition_of_key(key: int, partitions: int) -> int:
    """Choose a partition as Kafka does for a record with a key: ``(murmur2(key) & 0x7fffffff) % partitions``.

    Examples
    --------
    >>> {partition_of_key(key, 3) for key in range(20)}
    {0, 1, 2}
    """
    return (murmur2(key) & 0x7FFFFFFF) % partitions


@kernel
def next_in_turn(last: int, partitions: int) -> int:
    """Choose a partition for a record without a key as Kafka's RoundRobinPartitioner does: the one after the last.

    Examples
    --------
    >>> next_in_turn(-1, 3), next_in_turn(0, 3), next_in_turn(2, 3)
    (0, 1, 0)
    """
    return (last + 1) % partitions
