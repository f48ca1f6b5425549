"""What a ring can be made of: records with named fields, in a number that is a power of two."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from mqlab.ring.errors import BadRing

__all__ = ["checked_dtype", "checked_size"]


def checked_dtype(dtype: Any) -> np.dtype[Any]:
    """Make a structured dtype of what was given.

    Raises
    ------
    BadRing
        It is none, has no named fields, or holds Python objects.
    """
    try:
        made = np.dtype(dtype)
    except TypeError as error:
        raise BadRing(f"{dtype!r} is no dtype: {error}", mend='give fields, such as [("price", "i8")]') from None
    if not made.names or made.itemsize == 0:
        raise BadRing(f"records of {made} have no named fields", mend='give some, such as [("price", "i8")]')
    if made.hasobject:
        raise BadRing("records may not hold Python objects", mend="keep them in a list, and their index in the record")
    return made


def checked_size(size: Any) -> int:
    """Give the size as an int.

    Raises
    ------
    BadRing
        It is no power of two.

    Examples
    --------
    >>> checked_size(1000)
    Traceback (most recent call last):
    ...
    mqlab.ring.errors.BadRing: a ring of size 1000; the size must be a power of two, such as 512 or 1024
    """
    try:
        number = operator.index(size)
    except TypeError:
        raise BadRing(f"a ring of size {size!r}", mend="the size must be a power of two, such as 1024") from None
    if number < 1 or number & (number - 1):
        near = 1 << max(number, 2).bit_length() - 1
        raise BadRing(f"a ring of size {number}", mend=f"the size must be a power of two, such as {near} or {2 * near}")
    return number
