"""YAML text → a tree of :class:`Node` that remembers where everything stood. The only reader of YAML.

The parser's *events* are used, not its composer or constructor: they come one by one from a state machine,
so nesting can be capped while reading (nothing here recurses), an alias is refused before it could unfold,
and every scalar is resolved by the few rules below instead of YAML's many. What one reader takes for a
number and the next for text (017, 1:30, 2020-01-01) is refused with what to write instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from mqlab.errors import Place, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["BYTES_MAX", "DEPTH_MAX", "Node", "decode", "read"]

BYTES_MAX: Final = 256 * 1024
"""Largest scenario; the parser manages some 160 KB/s, and one written by hand is a hundredth of this."""
DEPTH_MAX: Final = 24
"""Deepest nesting; the grammar itself needs about 12."""
_NUMBER_MAX: Final = 40
_TEXTS_KEPT: Final = 32
"""A sweep or a slider reads one text and the same overrides again and again; the parser is the slow part of it."""

_INTEGER = re.compile(r"[-+]?[0-9][0-9_]*")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*|[0-9][0-9_]*(?=[eE]))(?:[eE][-+]?[0-9]{1,4})?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]*[0-9]")
_OTHER_BASE = re.compile(r"[-+]?0[xob][0-9a-fA-F_]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?")
_BASE_60 = re.compile(r"[-+]?[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?")
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|\ufeff")
_NULL: Final = frozenset(["", "~", "null", "Null", "NULL"])
_BOOL: Final = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@dataclass(slots=True)
class Node:
    """One value of the file: ``value`` is a scalar, a mapping of nodes or a list of nodes."""

    value: Any
    place: Place
    keys: dict[str, Place] = field(default_factory=dict)
    """Where the keys of a mapping stand."""
    quoted: bool = False

    def data(self) -> Any:
        """Turn the tree into plain Python values (its depth is capped, so recursion is safe)."""
        if isinstance(self.value, dict):
            return {key: node.data() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.data() for node in self.value]
        return self.value

    def copy(self) -> Node:
        """Make a tree that may be changed without changing this one."""
        value = self.value
        if isinstance(value, dict):
            value = {key: node.copy() for key, node in value.items()}
        elif isinstance(value, list):
            value = [node.copy() for node in value]
        return Node(value, self.place, dict(self.keys), self.quoted)

    def locate(self, path: Sequence[str | int], *, key: bool = False) -> Place:
        """Where ``path`` stands, or the deepest part of it that the file has; parts it lacks are skipped.

        With ``key`` the place of the last key rather than that of its value.
        """
        node, place = self, self.place
        for part in path:
            if isinstance(node.value, dict) and part in node.value:
                place = node.keys[str(part)] if key else node.value[part].place
                node = node.value[part]
            elif isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                place = node.place
        return place


def decode(raw: bytes, file: str) -> str:
    """Turn bytes into text, refusing what is too large, not UTF-8, or has control characters in it."""
    if len(raw) > BYTES_MAX:
        raise ScenarioError(
            f"the file has {len(raw):,} bytes, a scenario at most {BYTES_MAX:,}",
            mend="is this the right file? A scenario is a page or two of text",
            place=Place(file),
        )
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8").removeprefix("\ufeff")
        place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise ScenarioError(
            "this is not UTF-8 text", mend="save the scenario as UTF-8 (is it a binary file?)", place=place
        ) from None
    return text.removeprefix("\ufeff")


def read(text: str, file: str, *, place: Place | None = None) -> Node:
    """Read one YAML document.

    Parameters
    ----------
    text
        The text, decoded.
    file
        What to call it in errors.
    place
        Use this one place for all nodes (an override has no lines).

    Returns
    -------
    Node
        The tree.

    Raises
    ------
    ScenarioError
        With line and column, for anything that is not one plain YAML document.
    """
    return _tree(text, file, place).copy()


@lru_cache(maxsize=_TEXTS_KEPT)
def _tree(text: str, file: str, place: Place | None) -> Node:
    """Read a text that was not read lately."""
    found = _CONTROL.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        raise ScenarioError(
            f"there is a control character (U+{ord(found[0]):04X}) in the text",
            mend="remove it (is this a binary file?)",
            place=place or Place(file, line, column),
        )
    return _Builder(text, file, place).build()


class _Builder:
    """Builds the tree from parse events with an explicit stack, refusing what a scenario must not have."""

    def __init__(self, text: str, file: str, place: Place | None) -> None:
        self.text, self.file, self.fixed = text, file, place
        self.stack: list[Node] = []
        self.pending: list[str | None] = []
        """The key that waits for its value, for each open mapping."""
        self.root: Node | None = None

    def build(self) -> Node:
        documents = 0
        for event in _events(self.text, self):
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    raise self.error(event, "a second document begins here", "keep one scenario per file")
                if event.version or event.tags:
                    raise self.error(event, "a scenario has no YAML directives", "remove the line with `%`")
            elif kind == "AliasEvent":
                raise self.error(
                    event, f"the alias `*{event.anchor}` is not allowed",
                    "write the value out, or name a link under `links`; a routing key such as `*.x` goes in quotes",
                )  # fmt: skip
            elif kind in ("ScalarEvent", "MappingStartEvent", "SequenceStartEvent"):
                self.start(event, kind)
            elif kind in ("MappingEndEvent", "SequenceEndEvent"):
                self.stack.pop()
                self.pending.pop()
        if self.root is None:
            raise ScenarioError(
                "the file is empty", mend="`mqlab init NAME` writes a starter to begin with",
                place=self.fixed or Place(self.file, 1, 1),
            )  # fmt: skip
        return self.root

    def start(self, event: Any, kind: str) -> None:
        if event.anchor:
            raise self.error(event, f"the anchor `&{event.anchor}` is not allowed", "write the value out each time")
        if event.tag is not None and event.tag != "!":
            raise self.error(event, "tags such as `!!str` are not allowed", "remove the tag; quote what is text")
        if self.stack and isinstance(self.stack[-1].value, dict) and self.pending[-1] is None:
            self.take_key(event, kind)
            return
        if kind == "ScalarEvent":
            quoted = event.style is not None
            value = event.value if quoted or event.tag == "!" else self.resolve(event)
            if quoted and _CONTROL.search(event.value):
                raise self.error(event, "the text has a control character in it", "remove the escape sequence")
            self.attach(Node(value, self.at(event), quoted=quoted))
            return
        node = Node({} if kind == "MappingStartEvent" else [], self.at(event))
        self.attach(node)
        self.stack.append(node)
        self.pending.append(None)
        if len(self.stack) > DEPTH_MAX:
            raise self.error(
                event,
                f"the nesting is deeper than {DEPTH_MAX} levels",
                "a scenario needs about 8; check the brackets",
            )

    def take_key(self, event: Any, kind: str) -> None:
        if kind != "ScalarEvent":
            raise self.error(event, "a key must be a name, not a mapping or a list", "write `name: value`")
        mapping, key = self.stack[-1], event.value
        if event.style is None and key in ("<<", *_NULL):
            what = "the merge key `<<` is not allowed" if key == "<<" else "a key is missing before the colon"
            raise self.error(event, what, "write the fields out" if key == "<<" else "write `name: value`")
        if key in mapping.value:
            first = mapping.keys[key]
            where = f" (first in line {first.line})" if first.line else ""
            raise self.error(event, f"`{_short(key)}` is given twice{where}", "keep one of them")
        if _CONTROL.search(key):
            raise self.error(event, "the key has a control character in it", "remove the escape sequence")
        mapping.keys[key] = self.at(event)
        mapping.value[key] = None  # holds the order; the value follows at once
        self.pending[-1] = key

    def attach(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        parent, key = self.stack[-1], self.pending[-1]
        if isinstance(parent.value, list):
            parent.value.append(node)
        else:
            parent.value[key] = node
            self.pending[-1] = None

    def resolve(self, event: Any) -> bool | int | Decimal | str | None:
        """Give a plain scalar its type, by fewer and stricter rules than YAML's own."""
        text: str = event.value
        if text in _NULL:
            return None
        if text in _BOOL:
            return _BOOL[text]
        if _LEADING_ZERO.fullmatch(text) or _OTHER_BASE.fullmatch(text):
            plain = text.replace("0", "", 1) if text.lstrip("-+").isdigit() else str(_based(text))
            mend = f"write `{plain}`, or put it in quotes if it is text"
            raise self.error(event, f"`{_short(text)}` is octal to some readers and decimal to others", mend)
        if _DATE.fullmatch(text):
            mend = "put it in quotes if it is text; times of a run count from its start, such as `20 s`"
            raise self.error(event, f"`{_short(text)}` is a date in YAML", mend)
        if _BASE_60.fullmatch(text):
            mend = "write a duration with its unit, such as `90 s`, or put it in quotes if it is text"
            raise self.error(event, f"`{_short(text)}` is a number in base 60 to some readers", mend)
        if _INFINITE.fullmatch(text):
            raise self.error(event, f"`{text}` is not a finite number", "write a finite value, or leave the field out")
        if len(text) <= _NUMBER_MAX:
            if _INTEGER.fullmatch(text):
                return int(text.replace("_", ""))
            if _FLOAT.fullmatch(text):
                return Decimal(text.replace("_", ""))
        return text

    def at(self, event: Any) -> Place:
        return self.fixed or Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def error(self, event: Any, what: str, mend: str) -> ScenarioError:
        return ScenarioError(what, mend=mend, place=self.at(event))


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 40 else flat[:37] + "..."


def _based(text: str) -> int | str:
    try:
        return int(text.replace("_", ""), 0)
    except ValueError:
        return "a decimal number"


def _events(text: str, builder: _Builder) -> Iterator[Any]:
    """Yield parse events; turn everything the parser may raise into a ScenarioError."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError

    from mqlab.scenario.syntax import explain

    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except ScenarioError:
        raise
    except MarkedYAMLError as error:
        raise explain(error, text, builder.file, builder.fixed) from None
    except Exception as error:  # the parser stumbles over its own feet now and then, e.g. on "\UFFFFFFFF"
        raise ScenarioError(
            "the YAML cannot be read",
            mend=f"look for an odd escape sequence or bracket ({type(error).__name__})",
            place=builder.fixed or Place(builder.file),
        ) from None  # fmt: skip
