"""The player: a stretch of a run that can be played, stepped through and scrubbed, in a notebook or in any browser.

The same script shows it everywhere: as a widget in a notebook where anywidget is installed, else as a page that needs
nothing from anywhere else.

Examples
--------
>>> run.player()  # doctest: +SKIP
>>> Path("crash.html").write_text(run.player(start="19.9 s", stop="20.1 s").html())  # doctest: +SKIP
"""

from __future__ import annotations

import json
from html import escape
from importlib.util import find_spec
from pkgutil import get_data
from typing import Any

from mqlab.model import Model
from mqlab.player.film import EVENTS_MAX, film
from mqlab.trace.schema import Trace

__all__ = ["EVENTS_MAX", "Player", "film", "player"]

SCRIPT = (get_data(__name__, "player.js") or b"").decode("utf-8")


class Player:
    """A film and the ways to show it."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.film = content

    def html(self) -> str:
        """Give a whole page that plays the film without a server."""
        title = escape(self.film["title"])
        return (
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>\n'
            f"<body>{self.fragment()}</body></html>\n"
        )

    def fragment(self) -> str:
        """Give the part of a page that plays the film."""
        content = json.dumps(self.film, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        content = content.replace("<", "\\u003c")  # no text of a film can end the script
        script = SCRIPT.replace("export default { render };", "")
        return (
            f'<div class="mqlab-film"></div><script type="module">\n{script}\n'
            f"const film = {content};\n"
            'const places = document.querySelectorAll(".mqlab-film:not([data-taken])");\n'
            'const el = places[0]; el.dataset.taken = "yes";\n'
            "render({ model: { get: () => film }, el });\n</script>"
        )

    def widget(self) -> Any:
        """Give an anywidget that plays the film.

        Raises
        ------
        ImportError
            anywidget is not installed.
        """
        import anywidget
        import traitlets

        class FilmWidget(anywidget.AnyWidget):
            _esm = SCRIPT
            film = traitlets.Dict().tag(sync=True)

        return FilmWidget(film=self.film)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if find_spec("anywidget") is not None:
            return self.widget()._repr_mimebundle_(**options)
        frame = escape(self.html())
        height = 240 + 46 * max([1, *(len([x for x in self.film["lanes"] if x["column"] == c]) for c in range(3))])
        html = f'<iframe srcdoc="{frame}" width="900" height="{height}" frameborder="0"></iframe>'
        return {"text/html": html, "text/plain": f"<Player {self.film['title']}>"}


def player(trace: Trace, model: Model | None, start_ns: int | None = None, stop_ns: int | None = None) -> Player:
    """Make the player of a stretch of a run; see :func:`film`."""
    return Player(film(trace, model, start_ns, stop_ns))
