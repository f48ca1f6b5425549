"""The seeds that worlds are drawn from: public ones for practice, hidden ones for marks.

A hidden seed is HMAC-SHA-256(secret, exercise, k), cut to 63 bits: whoever does not have the secret cannot tell it, and
one exercise's seeds say nothing about another's. Nothing here or elsewhere prints a seed.
"""

from __future__ import annotations

__all__ = ["COUNT", "PUBLIC_SEEDS", "Seeds", "hidden_seeds", "read_secret"]

import hmac
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from mqlab.errors import BadInput

COUNT: Final = 16
"""As many as an exercise can ask for."""
_BYTES_MIN: Final = 16


class Seeds(tuple[int, ...]):
    """Seeds that do not show themselves.

    Examples
    --------
    >>> Seeds((3, 4)), str(Seeds((3, 4)))
    (<2 seeds>, '<2 seeds>')
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} seeds>"

    __str__ = __repr__


PUBLIC_SEEDS: Final = Seeds(range(1, COUNT + 1))
"""What :func:`mqlab.check_exercise` plays with: the same for everybody, for ever."""


def hidden_seeds(secret: bytes, exercise: str, count: int = COUNT) -> Seeds:
    """Draw the hidden seeds of an exercise.

    Parameters
    ----------
    secret
        What :func:`read_secret` gives.
    exercise
        Name of the exercise.

    Examples
    --------
    >>> one, other = hidden_seeds(b"sixteen or more!", "charge-once"), hidden_seeds(b"sixteen or more?", "charge-once")
    >>> len(set(one)), set(one) & set(other)
    (16, set())
    """
    drawn = (hmac.digest(secret, f"{exercise}\0{k}".encode(), "sha256") for k in range(count))
    return Seeds(int.from_bytes(digest[:8], "big") >> 1 for digest in drawn)


def read_secret(path: str | Path) -> bytes:
    """Read a teacher's secret; make it, for the owner's eyes only, if it is not there yet.

    Raises
    ------
    BadInput
        It cannot be read or made, it is too short, or others may read it.
    """
    place = Path(path)
    try:
        return _checked(place)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _unusable(place, error) from None
    try:
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_hex(32).encode() + b"\n")
        return _checked(place)
    except OSError as error:
        raise _unusable(place, error) from None


def _checked(place: Path) -> bytes:
    with place.open("rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise BadInput(f"`{place}` is not a file", mend="name a file that holds the secret, or that may be made")
        if about.st_mode & 0o077:
            raise BadInput(
                f"others may read the secret in `{place}`",
                mend=f"make a new one; or, if you are sure that nobody has seen it: chmod 600 {place}",
            )
        secret = file.read(4096).strip()
    if len(secret) < _BYTES_MIN:
        raise BadInput(f"the secret in `{place}` is too short", mend="remove the file, and a good one is made")
    return secret


def _unusable(place: Path, error: OSError) -> BadInput:
    reason = (error.strerror or "it cannot be used").lower()
    return BadInput(f"the secret `{place}` cannot be used: {reason}", mend="check the folder and its permissions")
