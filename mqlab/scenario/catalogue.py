"""The scenarios that come with mqlab: where they are, and what each is about."""

from __future__ import annotations

import re
from pathlib import Path

from mqlab.errors import BadInput, ScenarioError, did_you_mean

__all__ = ["find", "folder", "shipped"]

_SUFFIX = ".yaml"


def folder() -> Path:
    """Say where the shipped scenarios are: in the package once installed, beside it in a checkout.

    Raises
    ------
    BadInput
        If neither is there, so the installation is broken.
    """
    package = Path(__file__).resolve().parent.parent
    for place in (package / "_course" / "scenarios", package.parent / "scenarios"):
        if place.is_dir():
            return place
    raise BadInput("the shipped scenarios are missing", mend="install mqlab again")


def shipped() -> list[tuple[str, Path, str, str]]:
    """List the shipped scenarios.

    Returns
    -------
    list of (name, path, first sentence of the head comment, system)
        Ordered by name.
    """
    return [(path.stem, path, *_about(path)) for path in sorted(folder().glob(f"*{_SUFFIX}"), key=lambda p: p.stem)]


def _about(path: Path) -> tuple[str, str]:
    """Read title and system without parsing: a listing must be quick, and a broken file must not spoil it."""
    text = path.read_text(encoding="utf-8", errors="replace")
    lines: list[str] = []
    for line in text.splitlines():
        if not line.startswith("#") or (lines and not line.strip("# ")):
            break
        lines.append(line.strip("# "))
    head = " ".join(filter(None, lines))
    sentence = re.match(r".*?[.?!](?=\s|$)", head)
    system = re.search(r"^system:\s*([A-Za-z0-9_.-]+)", text, re.MULTILINE)
    return (sentence[0] if sentence else head), (system[1] if system else "")


def find(source: str | Path) -> Path:
    """Find a scenario by path, or a shipped one by its bare name.

    What has a path separator or ends in .yaml is a path.

    Raises
    ------
    ScenarioError
        If there is none; its mend says which one may have been meant.
    """
    text = str(source)
    is_path = isinstance(source, Path) or "/" in text or "\\" in text or text.endswith((".yaml", ".yml"))
    if is_path:
        path = Path(source)
        if path.is_file():
            return path
        what = f"`{text}` is a folder, not a scenario" if path.is_dir() else f"there is no file `{text}`"
        raise ScenarioError(what, mend="give the path of a scenario, or a name that `mqlab scenarios` lists")
    places = [*sorted(folder().glob(f"*{_SUFFIX}")), *sorted(folder().glob(f"papers/*{_SUFFIX}"))]
    names = {path.stem: path for path in places}
    if text not in names:
        beside = Path(f"{text}{_SUFFIX}")
        hint = f"for a file write `./{beside}`" if beside.is_file() else did_you_mean(text, names, "scenarios")
        raise ScenarioError(f"there is no scenario `{text[:80]}`", mend=hint)
    return names[text]
