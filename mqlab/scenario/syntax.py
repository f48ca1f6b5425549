"""What the YAML parser complains about, said so that somebody who never read a YAML grammar can mend it."""

from __future__ import annotations

from typing import Any, Final

from mqlab.errors import Place, ScenarioError

__all__ = ["explain"]

_SPACES = "indent with spaces, two for each level"
_OUTLINE = "check the indentation of this line and the one before, and put text that contains `: ` in quotes"
_TABLE: Final = (
    ("'\\t'", "a tab stands where only spaces may", _SPACES),
    ("mapping values are not allowed", "a `:` makes no sense here", _OUTLINE),
    ("sequence entries are not allowed", "a `-` makes no sense here", "begin the list on a line of its own"),
    ("found undefined tag handle", "tags such as `!name` are not allowed", "remove the tag"),
    ("unexpected end of stream", "a quote is opened here and never closed", "close the quote"),
    ("unexpected document separator", "a quote is opened here and never closed", "close the quote"),
    ("unknown escape character", "this escape sequence is unknown", "use single quotes"),
    ("but got ':'", "a bracket is opened here and never closed", "close it with `]` or `}`"),
    ("<stream end>", "a bracket is opened here and never closed", "close it with `]` or `}`"),
    ("but found ']'", "there is a `]` too many", "remove it"),
    ("but found '}'", "there is a `}` too many", "remove it"),
    ("found ','", "a `,` makes no sense here", "remove it, or put the text in quotes"),
    ("while parsing a flow", "something is missing between these brackets", "separate entries with `, `"),
    (
        "could not find expected ':'",
        "this is neither `name: value` nor part of a list",
        "write `name: value`",
    ),
    ("while parsing a block", "this line does not fit what stands above it", "check its indentation"),
    ("block scalar", "what follows `|` or `>` is not understood", "write plain text, or put it in quotes"),
    ("alias", "aliases are not allowed", "write the value out"),
    ("anchor", "anchors are not allowed", "write the value out"),
    ("directive", "a scenario has no YAML directives", "remove the line with `%`"),
)
_CANNOT_START: Final = "@`%"
_OPENED_EARLIER: Final = (
    "unexpected end of stream",
    "unexpected document separator",
    "<stream end>",
    "but got ':'",
)


def explain(error: Any, text: str, file: str, fixed: Place | None) -> ScenarioError:
    """Turn a parser's error into one sentence with place and mend."""
    problem = f"{error.context or ''}: {error.problem or ''}"
    mark = error.problem_mark or error.context_mark
    opened = error.context_mark
    if opened is not None and any(part in problem for part in _OPENED_EARLIER):
        if "but got ':'" in problem and mark is not None and mark.line == opened.line:
            problem = "mapping values are not allowed"  # within the brackets of one line it is the colon
        else:
            mark = opened  # where it was opened tells more than where the file ends
    place = fixed or (Place(file, mark.line + 1, mark.column + 1) if mark else Place(file))
    what, mend = _sentences(problem, text, mark)
    return ScenarioError(what, mend=mend, place=place)


def _sentences(problem: str, text: str, mark: Any) -> tuple[str, str]:
    lines = text.splitlines()
    line = lines[mark.line] if mark is not None and mark.line < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "a tab stands where only spaces may", _SPACES
    char = line[mark.column : mark.column + 1] if mark is not None else ""
    if "cannot start any token" in problem and char and char in _CANNOT_START:
        return f"a value cannot begin with `{char}`", "put it in quotes"
    for fragment, what, mend in _TABLE:
        if fragment in problem:
            return what, mend
    return "this is not YAML as a scenario needs it", "write `name: value` lines, indented with spaces"
