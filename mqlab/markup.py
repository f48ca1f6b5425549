"""Building HTML: elements that escape what they are given."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

__all__ = ["Html", "el", "join", "marked"]


class Html(str):
    """Text that is HTML already; every other text is escaped before it gets into a page."""

    __slots__ = ()


def el(name: str, *content: str | Html | None, **attributes: str | None) -> Html:
    """Give an element. Content and attributes are escaped unless they are :class:`Html`; None is left out.

    A trailing underscore is cut from attribute names, and inner ones become hyphens.

    Examples
    --------
    >>> el("p", "1 < 2", el("b", "!"), class_="note")
    '<p class="note">1 &lt; 2<b>!</b></p>'
    """
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{shown}>{join(content)}</{name}>")


def join(content: Iterable[str | Html | None]) -> Html:
    """Put contents one behind the other."""
    return Html(
        "".join(part if isinstance(part, Html) else escape(part) for part in content if part is not None)
    )


def marked(text: str) -> list[str | Html]:
    """Turn `words between backticks` into code.

    Examples
    --------
    >>> marked("Set `a < b`.")
    ['Set ', '<code>a &lt; b</code>', '.']
    """
    parts = re.split(r"`([^`\n]+)`", text)
    return [el("code", part) if number % 2 else part for number, part in enumerate(parts)]
