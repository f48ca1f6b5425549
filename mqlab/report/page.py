"""The report's HTML: tables, figures, and the page around them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from pkgutil import get_data

from mqlab.markup import Html, el, join, marked

__all__ = ["Html", "el", "figure", "join", "marked", "page", "table"]


CSS = (get_data(__name__, "page.css") or b"").decode("utf-8")


def table(
    head: Sequence[str], rows: Iterable[Sequence[str | Html]], *, title: str, numbers: Sequence[int] = ()
) -> Html:
    """Give a table whose first column names its rows; columns in ``numbers`` are set flush right."""
    sides = dict.fromkeys(numbers, "number")
    body = [
        el(
            "tr",
            el("th", row[0], scope="row"),
            *(el("td", cell, class_=sides.get(column)) for column, cell in enumerate(row[1:], 1)),
        )
        for row in rows
    ]
    top = el("tr", *(el("th", cell, scope="col", class_=sides.get(i)) for i, cell in enumerate(head)))
    whole = el("table", el("caption", title), el("thead", top), el("tbody", *body))
    return el("div", whole, class_="scroll")


_FOREIGN = re.compile(r' xmlns(:\w+)?="[^"]*"')


def figure(svg: str, title: str, caption: str) -> Html:
    """Give a picture with its caption; the caption is what a screen reader reads."""
    inner = svg[svg.index("<svg") :].replace("xlink:href=", "href=")
    opening, rest = inner.split(">", 1)
    opening = _FOREIGN.sub("", opening)
    named = f'{opening} role="img" aria-label="{escape(title)}. {escape(caption)}">'
    return el("figure", el("div", Html(named + rest), class_="scroll"), el("figcaption", caption))


def page(title: str, *content: Html, policy: str) -> str:
    """Give a whole page that needs nothing from anywhere else; ``policy`` holds the browser to that."""
    head = join(
        [
            Html('<meta charset="utf-8">'),
            Html(f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'),
            Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            Html('<meta name="color-scheme" content="light">'),
            el("title", title),
            el("style", Html(CSS)),
        ]
    )
    return (
        "<!DOCTYPE html>\n"
        + el("html", el("head", head), "\n", el("body", el("main", *content)), lang="en")
        + "\n"
    )
