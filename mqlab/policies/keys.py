"""Which partition a record with a key of any length goes to, in plain Python: what a real client does.

The kernel beside it (:mod:`mqlab.policies.partitioners`) is the same for the keys of simulations, which are integers.
"""

from __future__ import annotations

__all__ = ["murmur2_of", "partition_for"]

_SEED = 0x9747B28C
_M = 0x5BD1E995
_WORD = 0xFFFFFFFF


def murmur2_of(data: bytes) -> int:
    """Hash bytes as Kafka's Java client does, as a number from 0 to 2^32-1.

    Source: apache/kafka, org.apache.kafka.common.utils.Utils.murmur2; the values of its tests are in ours.

    Examples
    --------
    >>> murmur2_of(b"21") == -973932308 % 2**32
    True
    """
    length = len(data)
    h = _SEED ^ length
    whole = length & ~3
    for at in range(0, whole, 4):
        k = (int.from_bytes(data[at : at + 4], "little") * _M) & _WORD
        k ^= k >> 24
        h = ((h * _M) & _WORD) ^ ((k * _M) & _WORD)
    if whole < length:
        h = ((h ^ int.from_bytes(data[whole:], "little")) * _M) & _WORD
    h ^= h >> 13
    h = (h * _M) & _WORD
    return h ^ (h >> 15)


def partition_for(key: str | bytes | int, partitions: int) -> int:
    """Choose the partition of a key: ``(murmur2(key) & 0x7fffffff) % partitions``.

    A text counts as its UTF-8, an integer as 32 bits with the most significant byte first.

    Examples
    --------
    >>> sorted({partition_for(f"customer-{n}", 3) for n in range(20)})
    [0, 1, 2]
    """
    if isinstance(key, str):
        data = key.encode()
    elif isinstance(key, int):
        data = (key & _WORD).to_bytes(4, "big")
    else:
        data = bytes(key)
    return (murmur2_of(data) & 0x7FFFFFFF) % partitions
