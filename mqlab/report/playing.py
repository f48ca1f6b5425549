"""The film in a report: the stretch around the first crash or loss, to be played and stepped through.

It is the same player as in notebooks, put into the page: nothing is loaded, and a policy in the page's head allows this
script and no other.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Final

from mqlab import player, plots
from mqlab.model import Model
from mqlab.report.page import Html, el
from mqlab.trace.schema import Trace

__all__ = ["FILM_BYTES_MAX", "film", "policy"]

FILM_BYTES_MAX: Final = 96 * 1024
"""More than this a film does not add to a page; a longer stretch is cut to fewer events."""
_EVENTS: Final = (600, 300, 150, 75)
"""How many events are tried, until the film is small enough."""


def film(trace: Trace, model: Model) -> list[Html]:
    """Give the film with what to do with it; nothing where the run kept no events."""
    if trace.events is None or len(trace.events) == 0:
        return []
    for events in _EVENTS:
        part = player.player(trace, model, *plots.crash_window(trace, events)).fragment()
        if len(part.encode()) <= FILM_BYTES_MAX:
            break
    else:
        return []
    keys = "Press play, or step through it event by event: with the buttons, or with ← and → after a click into it."
    says = el("p", f"{keys} Circles are messages and answers on their way, numbered as in “Single messages”.")
    without = el("noscript", el("p", "The film is played by a script, and scripts are switched off here."))
    return [says, without, Html(part)]


def policy(content: str) -> str:
    """Give the policy of a page: it loads nothing, and runs the scripts that stand in it and no others.

    Examples
    --------
    >>> policy("<p>no script</p>")
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    """
    digests = []
    for piece in content.split('<script type="module">')[1:]:
        script = piece.partition("</script>")[0]
        digests.append(f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'")
    scripts = [f"script-src {' '.join(digests)}"] if digests else []
    parts = ["default-src 'none'", *scripts, "style-src 'unsafe-inline'", "base-uri 'none'", "form-action 'none'"]
    return "; ".join(parts)
