"""environment.yml says the same as pyproject.toml: one package set, one set of bounds."""

import re
import tomllib
from itertools import chain
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
CONDA_NAMES = {"matplotlib-base": "matplotlib", "python-build": "build"}
"""The names that differ on conda-forge, as the head of environment.yml says."""


def split(requirement: str) -> tuple[str, frozenset[str]]:
    """Split 'numba>=0.61,<0.70' into the name and the set of its bounds."""
    match = re.fullmatch(r"([A-Za-z0-9._-]+)\s*([<>=!~].*)?", requirement)
    assert match, f"not a plain requirement: {requirement!r}"
    name, bounds = match.groups()
    return name.lower(), frozenset((bounds or "").replace(" ", "").split(","))


def pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def wanted() -> dict[str, frozenset[str]]:
    """Return what pyproject.toml asks for, its extras included: name → bounds."""
    project = pyproject()
    found = {}
    for requirement in chain(project["dependencies"], *project["optional-dependencies"].values()):
        if not requirement.startswith("mqlab["):  # an extra that names other extras adds nothing of its own
            name, bounds = split(requirement)
            assert found.setdefault(name, bounds) == bounds, f"pyproject.toml: two bounds for {name}"
    return found


def offered() -> tuple[dict[str, frozenset[str]], list[str]]:
    """Return what environment.yml offers, conda's and pip's together, and pip's options."""
    document = YAML(typ="safe").load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    found, options = {}, []
    for item in document["dependencies"]:
        for requirement in item["pip"] if isinstance(item, dict) else [item]:
            if requirement.startswith("-"):
                options.append(requirement)
                continue
            name, bounds = split(requirement)
            name = CONDA_NAMES.get(name, name)
            assert name not in found, f"{name} stands twice in environment.yml"
            found[name] = bounds
    return found, options


def test_both_lists_name_the_same_packages_with_the_same_bounds():
    packages, _ = offered()
    python = packages.pop("python")
    assert python == frozenset([pyproject()["requires-python"]])
    assert packages == wanted()


def test_every_dependency_has_a_lower_bound():
    assert {name for name, bounds in wanted().items() if not any(b.startswith(">=") for b in bounds)} == set()


def test_the_environment_installs_the_checkout_itself():
    assert offered()[1] == ["--editable ."]


def test_all_is_really_all():
    extras = pyproject()["optional-dependencies"]
    (everything,) = extras["all"]
    assert set(re.findall(r"[a-z]+", everything.removeprefix("mqlab"))) == set(extras) - {"all"}
