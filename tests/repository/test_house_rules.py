"""The rules of the house that a reviewer would otherwise have to remember."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "mqlab").rglob("*.py"))
SCENARIOS = sorted((ROOT / "scenarios").glob("*.yaml"))
LINES_MAX = 450
HEAVY = ("numba", "pandas", "matplotlib", "pyarrow", "IPython", "scipy")
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
TEXTS = {".py", ".md", ".yaml", ".yml", ".toml", ".ipynb"}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def public(path: Path) -> bool:
    """Tell whether users may import the module: no part of its name starts with one underscore."""
    return not re.search(r"/_[^_]", relative(path))


def written_by_hand() -> list[Path]:
    folders = ("mqlab", "tests", "scenarios", "notebooks", "benchmarks", "docs")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    return [path for path in [*files, *ROOT.glob("*")] if path.suffix in TEXTS and path.is_file()]


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_module_holds_one_idea(path):
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= LINES_MAX, f"{lines} lines: a second idea wants a file of its own"


def test_nothing_is_left_unfinished():
    marks = [
        f"{relative(path)}:{number}"
        for path in written_by_hand()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if UNFINISHED.search(line)
    ]
    assert marks == []


@pytest.mark.parametrize("path", [path for path in MODULES if public(path)], ids=relative)
def test_a_public_module_says_what_it_is(path):
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring, "a module needs a docstring: its first line says what the module is"
    assert len(docstring.splitlines()[0]) >= 15


def test_there_are_scenarios_to_check():
    assert "flash-sale" in {path.stem for path in SCENARIOS}


@pytest.mark.parametrize("path", SCENARIOS, ids=relative)
def test_a_scenario_has_a_head_comment_and_expectations(path):
    text = path.read_text(encoding="utf-8")
    head = re.match(r"(?:#.*\n)+", text)
    assert head, "the file must start with a comment"
    title, *rest = [line.lstrip("#").strip() for line in head.group().splitlines()]
    assert re.search(r"[^,;:]$", title), "the comment's first line is a title line: a sentence of its own"
    assert any(rest), "below the title line: what it shows, and what to change to see the opposite"
    scenario = YAML(typ="safe").load(text)
    assert scenario["name"] == path.stem, "a scenario is called as its file"
    assert scenario.get("expect"), "a scenario says what it expects"


def test_importing_mqlab_is_quick():
    code = "import json, sys, mqlab; print(json.dumps(sorted(sys.modules)))"
    answer = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT)
    loaded = {name.partition(".")[0] for name in json.loads(answer)}
    assert "mqlab" in loaded
    assert sorted(loaded & set(HEAVY)) == []
