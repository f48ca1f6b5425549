"""Counter-based random draws: every draw is a pure function of who, what for, which message and which try.

There is no generator with a state. A draw is a hash of

    (seed, name of the entity)  ·  purpose  ·  identity of the message  ·  attempt  ·  k

where ``k`` numbers the draws inside one sample. Nothing depends on the order of draws, so adding a consumer or
inserting a producer leaves everyone else's draws as they were, and any draw can be recomputed to explain it.

The mixing is SplitMix64's finalizer (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
OOPSLA 2014; constants by David Stafford, variant 13).

``ln`` and ``exp`` are our own, made of + - × ÷, frexp and ldexp: those of the C library are not the same on every
machine, and numpy's differ from it in the last bit. So a digest does not depend on where it was computed.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np

from mqlab.jit import U64, kernel, scale, split

__all__ = [
    "ACK",
    "ARRIVAL",
    "BACKOFF",
    "CONFIRM",
    "CONNECT",
    "DELIVERY",
    "DISK",
    "EFFECT_AT",
    "ELECTION",
    "EXCEPTION",
    "FAULT",
    "FRAME",
    "GET",
    "GOODBYE",
    "KEY",
    "MODULATION",
    "PREPARE",
    "PRIORITY",
    "PUBLISH",
    "RECORD",
    "REPLY",
    "RETURN",
    "ROLLBACK",
    "ROUTE",
    "SERVICE",
    "SIZE",
    "THINK",
    "exp",
    "exponential",
    "identity",
    "ln",
    "mix",
    "name_identity",
    "normal",
    "unit",
]

_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ATTEMPT = np.uint64(0xD1342543DE82EF95)
_DRAW = np.uint64(0xA24BAED4963EE407)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_UNIT = 2.0**-53
_MASK = (1 << 64) - 1


def _purpose(name: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little") | 1)


ARRIVAL = _purpose("arrival")
KEY = _purpose("key")
ROUTE = _purpose("route")
ROLLBACK = _purpose("rollback")
PREPARE = _purpose("prepare")
THINK = _purpose("think")
BACKOFF = _purpose("backoff")
PUBLISH = _purpose("publish")
CONFIRM = _purpose("confirm")
DELIVERY = _purpose("delivery")
ACK = _purpose("ack")
SERVICE = _purpose("service")
EXCEPTION = _purpose("exception")
EFFECT_AT = _purpose("effect-at")
DISK = _purpose("disk")
FRAME = _purpose("frame")
GET = _purpose("get")
GOODBYE = _purpose("goodbye")
CONNECT = _purpose("connect")
FAULT = _purpose("fault")
ELECTION = _purpose("election")
NETWORK = _purpose("network")
RETURN = _purpose("return")
REPLY = _purpose("reply")
RECORD = _purpose("record")
MODULATION = _purpose("modulation")
SIZE = _purpose("size")
PRIORITY = _purpose("priority")


def name_identity(seed: int, name: str) -> np.uint64:
    """Identity of a named entity under a seed: 64 well-mixed bits (not a kernel; used when building the state).

    Examples
    --------
    >>> bool(name_identity(1, "buyers[0]") == name_identity(1, "buyers[0]") != name_identity(2, "buyers[0]"))
    True
    """
    text = f"{seed}\0{name}".encode()
    return np.uint64(int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little"))


@kernel
def mix(x: U64) -> U64:
    """Mix 64 bits (uint64 → uint64): each input bit flips each output bit with probability one half."""
    x = (x ^ (x >> _S30)) * _M1
    x = (x ^ (x >> _S27)) * _M2
    return x ^ (x >> _S31)


@kernel
def identity(entity: U64, sequence: int) -> U64:
    """Identity of message number ``sequence`` of an entity (uint64)."""
    return mix(entity + np.uint64(sequence) * _GOLDEN)


@kernel
def unit(purpose: U64, who: U64, what: U64, attempt: int, k: int) -> float:
    """Draw uniformly from (0, 1], a multiple of 2**-53.

    ``purpose`` is one of this module's constants, ``who`` the identity of an entity, ``what`` that of a message.
    ``unit(…) <= p`` is true with probability p, exactly never for 0 and always for 1.
    """
    z = mix((who ^ purpose) + what + np.uint64(attempt) * _ATTEMPT + np.uint64(k) * _DRAW)
    return (float(z >> _S11) + 1.0) * _UNIT


_LN2 = 0.6931471805599453
_LN2_HIGH = 0.693147180369123816490
_LN2_LOW = 1.90821492927058770002e-10
_SQRT_HALF = 0.7071067811865476


@kernel
def ln(x: float) -> float:
    """Compute the natural logarithm of x > 0 (relative error below 4e-16): the same bits everywhere.

    With x = m·2^e, m in [√½, √2): ln x = e·ln 2 + 2·artanh((m-1)/(m+1)), the artanh as its series.
    """
    m, e = split(x)
    if m < _SQRT_HALF:
        m = m * 2.0
        e = e - 1
    f = (m - 1.0) / (m + 1.0)
    q = f * f
    q2 = q * q
    q4 = q2 * q2
    # the series 1/3 + q/5 + q²/7 + … in pairs (Estrin), so that a processor can work on several at once
    low = (1.0 / 3.0 + q * (1.0 / 5.0)) + q2 * (1.0 / 7.0 + q * (1.0 / 9.0))
    high = (1.0 / 11.0 + q * (1.0 / 13.0)) + q2 * (1.0 / 15.0 + q * (1.0 / 17.0))
    series = low + q4 * (high + q4 * (1.0 / 19.0 + q * (1.0 / 21.0)))
    return float(e) * _LN2 + (2.0 * f + 2.0 * f * q * series)


@kernel
def exp(x: float) -> float:
    """Compute e**x for |x| ≤ 700 (clipped there): the same bits everywhere, relative error below 1e-15."""
    if x > 700.0:
        x = 700.0
    if x < -700.0:
        x = -700.0
    k = math.floor(x / _LN2 + 0.5)
    r = (x - float(k) * _LN2_HIGH) - float(k) * _LN2_LOW
    series = 1.0
    for n in range(18, 0, -1):
        series = 1.0 + r * series / float(n)
    return scale(series, int(k))


@kernel
def exponential(purpose: U64, who: U64, what: U64, attempt: int, k: int) -> float:
    """Draw an exponential variate with mean 1."""
    return -ln(unit(purpose, who, what, attempt, k))


@kernel
def normal(purpose: U64, who: U64, what: U64, attempt: int, k: int) -> float:
    """Draw a standard normal variate (Marsaglia's polar method; uses draws k, k+1, … until one is accepted)."""
    while True:
        x = 2.0 * unit(purpose, who, what, attempt, k) - 1.0
        y = 2.0 * unit(purpose, who, what, attempt, k + 1) - 1.0
        k = k + 2
        q = x * x + y * y
        if 0.0 < q < 1.0:
            return x * math.sqrt(-2.0 * ln(q) / q)
