"""What the documents say exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted(path for path in (ROOT / "docs" / "decisions").glob("*.md") if path.stem != "0000-template")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_links_lead_somewhere(path):
    targets = re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
    inside = [target.partition("#")[0] for target in targets if "://" not in target]
    assert [target for target in inside if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("path", [ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=name)
def test_commands_exist(path):
    from mqlab.cli.app import app

    commands = set(typer.main.get_command(app).commands)
    mentioned = set(re.findall(r"^(?:\$ | {4})?(?:MQLAB_\w+=\S+ )?mqlab ([a-z]+)", path.read_text(), re.MULTILINE))
    assert "run" in mentioned
    assert mentioned <= commands


@pytest.mark.parametrize("path", [ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=name)
def test_make_targets_exist(path):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    mentioned = set(re.findall(r"(?:`|^ {4})make ([a-z]+)", path.read_text(), re.MULTILINE))
    assert "test" in mentioned
    assert mentioned <= targets


def test_decisions_are_numbered_and_listed():
    assert [path.stem[:4] for path in DECISIONS] == [f"{n:04}" for n in range(1, len(DECISIONS) + 1)]
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for path in DECISIONS:
        title = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        assert f"[{title}](decisions/{path.name})" in index


@pytest.mark.parametrize("path", DECISIONS, ids=name)
def test_a_decision_says_context_choice_and_cost(path):
    headings = re.findall(r"^## (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == ["Context", "Choice", "What it costs"]


def test_the_glossary_has_every_fate_and_anomaly():
    from mqlab.checks import ANOMALIES
    from mqlab.trace.fates import Cause, Fate

    words = set(re.findall(r"\w+", (ROOT / "docs" / "words.md").read_text(encoding="utf-8")))
    fates = [fate.name.lower() for fate in (*Fate, *Cause) if fate != Cause.NONE]
    assert [word for word in (*fates, *ANOMALIES) if word not in words] == []


def test_the_reference_says_what_the_program_knows():
    command = [sys.executable, ROOT / "tools" / "reference", "--print"]
    made = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert made.stdout == page, "write it anew: make docs"


def test_links_inside_the_reference_lead_to_a_heading():
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    headings = {title.lower().replace(" ", "-") for title in re.findall(r"^#+ (.+)$", page, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= headings
