"""What a report says in sentences: the verdict, the introduction, and what each anomaly means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mqlab.measure.found import format_found

__all__ = ["ANOMALY_WORDS", "introduction", "verdict_words"]

ANOMALY_WORDS: Mapping[str, str] = {
    "lost": "Confirmed to its producer, yet gone and never processed.",
    "phantom": "Received, though nobody sent it.",
    "recovered": "Delivered, though its producer was never told that it got through.",
    "redelivered": "The same copy was delivered more than once.",
    "enqueued_twice": "One message stood in a queue as two copies.",
    "log_duplicate": "One value stands at two offsets.",
    "duplicate_effect": "The business effect of one message happened twice.",
    "out_of_order": "Processed before an earlier message of the same key.",
    "skipped": "A consumer's position jumped over messages.",
    "nonmonotonic": "A consumer's position went back.",
    "inconsistent_offsets": "One offset showed two different values.",
    "unseen": "Acknowledged in the log, yet no consumer ever saw it.",
    "stale": "Delivered after its time to live had run out.",
    "aborted_read": "Read although its transaction was rolled back.",
    "reply_mismatch": "A reply was taken for the answer to another request.",
}
"""One sentence an anomaly."""


def introduction(scenario_text: str) -> list[tuple[str, str]]:
    r"""Give a scenario's head comment, as ("text", paragraph) and ("list", lines that were indented).

    Examples
    --------
    >>> introduction("# A sale.\n# A crash.\n#\n# Change:\n#   ack=auto  loses\n#   ack=no\nname: sale  # no")
    [('text', 'A sale. A crash.'), ('text', 'Change:'), ('list', 'ack=auto  loses\nack=no')]
    """
    blocks: list[tuple[str, list[str]]] = []
    fresh = True
    for line in scenario_text.lstrip("\ufeff\n").splitlines():
        if not line.startswith("#"):
            break
        words = line.lstrip("#")
        kind = "list" if words.startswith(("   ", "\t")) else "text"
        if words.strip():
            if fresh or blocks[-1][0] != kind:
                blocks.append((kind, []))
            blocks[-1][1].append(words.strip())
        fresh = not words.strip()
    return [(kind, (" " if kind == "text" else "\n").join(lines)) for kind, lines in blocks]


def verdict_words(summary: Mapping[str, Any]) -> str:
    """Give the verdict's reason in one sentence.

    Examples
    --------
    >>> verdict_words({"expectations": [], "violations": [], "system": "kafka"})
    ' Nothing was expected, and nothing happened that the contract of kafka forbids.'
    """
    rows = summary["expectations"]
    broken = [row for row in rows if row["holds"] is not True]
    forbidden = summary.get("violations") or []
    words = []
    if broken:
        first = broken[0]
        found = (
            "it cannot be told from this run"
            if first["holds"] is None
            else f"found {format_found(first['text'], first['value'])}"
        )
        which = (
            "the only expectation does"
            if len(rows) == 1
            else f"{len(broken)} of {len(rows)} expectations {'does' if len(broken) == 1 else 'do'}"
        )
        words.append(f"{which} not hold: {first['text']} ({found}){' and others' if len(broken) > 1 else ''}")
    elif rows:
        words.append("the only expectation holds" if len(rows) == 1 else f"all {len(rows)} expectations hold")
    else:
        words.append("nothing was expected")
    if forbidden:
        names = ", ".join(name.replace("_", " ") for name in forbidden)
        words.append(f"the contract of {summary['system']} forbids what happened here ({names})")
    else:
        words.append(f"nothing happened that the contract of {summary['system']} forbids")
    joined = f"{words[0]}, {'but' if bool(broken) != bool(forbidden) else 'and'} {words[1]}."
    return " " + joined[0].upper() + joined[1:]
