"""Building HTML: elements that escape what they are given, tables, figures, and the page around them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["CSS", "Html", "el", "figure", "join", "marked", "page", "table"]


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


def table(
    head: Sequence[str], rows: Iterable[Sequence[str | Html]], *, title: str, numbers: Sequence[int] = ()
) -> Html:
    """Give a table whose first column names its rows; columns in ``numbers`` are set flush right."""
    sides = {column: "number" for column in numbers}
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


def page(title: str, *content: Html) -> str:
    """Give a whole page that needs nothing from anywhere else."""
    head = join(
        [
            Html('<meta charset="utf-8">'),
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


CSS = """
:root { --ink: #1a1a1a; --soft: #595959; --line: #d9d9d9; --good: #00694d; --bad: #a33f00; --pale: #f6f6f4; }
* { box-sizing: border-box; }
html { background: white; }
body { margin: 0; color: var(--ink); font: 1rem/1.55 system-ui, "Segoe UI", "DejaVu Sans", Verdana, sans-serif; }
main { max-width: 56rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.35rem; margin: 2.75rem 0 .5rem; padding-bottom: .25rem; border-bottom: 2px solid var(--ink); }
h3 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p, li { max-width: 46rem; }
.under { color: var(--soft); margin: 0 0 1rem; }
.verdict { border-left: .5rem solid var(--soft); background: var(--pale); padding: .75rem 1rem; margin: 1.25rem 0; font-size: 1.1rem; }
.verdict strong { margin-right: .35em; }
.verdict.holds { border-color: var(--good); } .verdict.fails { border-color: var(--bad); }
.good, .bad { color: var(--good); font-weight: 600; white-space: nowrap; } .bad { color: var(--bad); } .soft { color: var(--soft); }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin: 1rem 0 0; padding: 0; font-size: .95rem; }
a { color: #004f7c; }
dl.key { display: grid; grid-template-columns: repeat(auto-fill, minmax(12rem, 1fr)); gap: .75rem; margin: 1rem 0; }
dl.key div { border: 1px solid var(--line); border-radius: .4rem; padding: .55rem .8rem; }
dl.key dt { color: var(--soft); font-size: .85rem; line-height: 1.3; } dl.key dd { margin: 0; font-size: 1.35rem; font-weight: 600; }
dl.key dd small { display: block; font-size: .8rem; font-weight: 400; color: var(--soft); line-height: 1.35; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .75rem 0 1rem; font-size: .95rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .35rem; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
thead th { border-bottom: 1.5px solid var(--ink); font-size: .88rem; } tbody th { font-weight: 600; }
.number { text-align: right; white-space: nowrap; }
figure { margin: 1.5rem 0; } figure svg { display: block; width: 100%; height: auto; min-width: 34rem; }
figcaption { color: #3a3a3a; font-size: .95rem; max-width: 46rem; margin-top: .4rem; }
ol.life { margin: .75rem 0; padding-left: 2.2rem; } ol.life li { padding: .08rem 0; } ol.life li::marker { color: var(--soft); font-size: .85em; }
.why { border-left: .25rem solid var(--line); padding-left: .9rem; }
pre { background: var(--pale); border: 1px solid var(--line); border-radius: .4rem; padding: .9rem 1rem; overflow-x: auto; }
pre, code { font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .86rem; line-height: 1.5; }
footer { margin-top: 3rem; color: var(--soft); font-size: .88rem; border-top: 1px solid var(--line); padding-top: .75rem; }
@page { size: A4; margin: 16mm 15mm; }
@media print {
  body { font-size: 10pt; } main { max-width: none; padding: 0; } nav { display: none; }
  h2, h3, caption { break-after: avoid; } figure, tr, dl.key div, .verdict, ol.life li { break-inside: avoid; }
  figure svg { min-width: 0; } .scroll { overflow: visible; } pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  .verdict, pre { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
