"""Hardware that stands in a file of its own, beside the scenario: several scenarios have the same machines.

    cluster: {hardware: hardware/rack-7.yaml}
    cluster: {hardware: {file: hardware/rack-7.yaml, layout: commit_log}}

What the file says takes the place of its name before anything else is looked at, beside what the scenario says itself,
which goes first: errors stand in that file, and ``--set cluster.hardware.broker.network=…`` changes what it says. A run
folder has a copy of it.
"""

from __future__ import annotations

from pathlib import Path as File
from pathlib import PurePosixPath

from mqlab.errors import ScenarioError
from mqlab.scenario.reader import Node, decode, read

__all__ = ["include_hardware"]


def include_hardware(root: Node, file: str) -> dict[str, str]:
    """Put the hardware that a scenario names into its tree; return the files read, by the path it names.

    Raises
    ------
    ScenarioError
        Where there is no such file, or in the file.
    """
    cluster = root.value.get("cluster") if isinstance(root.value, dict) else None
    if cluster is None or not isinstance(cluster.value, dict) or "hardware" not in cluster.value:
        return {}
    named: Node = cluster.value["hardware"]
    own: Node | None = None
    if isinstance(named.value, dict) and "file" in named.value:
        own, named = named, named.value["file"]
    if not isinstance(named.value, str):
        return {}
    path = PurePosixPath(named.value)
    if path.is_absolute() or ".." in path.parts or "\\" in named.value or path.suffix != ".yaml":
        what = f"`{named.value[:60]}` does not name a YAML file beside the scenario"
        raise ScenarioError(what, mend="write a path such as `hardware/rack-7.yaml`", place=named.place)
    place = File(file).parent / named.value
    try:
        with place.open("rb") as opened:
            text = decode(opened.read(2**20), str(place))
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        what = f"`{place}` cannot be read: {reason}"
        raise ScenarioError(what, mend="put it beside the scenario, or below", place=named.place) from None
    found = read(text, str(place))
    if own is not None and isinstance(found.value, dict):
        for field in own.value:
            if field != "file":
                found.value[field], found.keys[field] = own.value[field], own.keys[field]
    cluster.value["hardware"] = found
    return {named.value: text}
