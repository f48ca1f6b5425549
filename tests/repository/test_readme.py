"""What the README shows is what happens: its commands are run, its figures compared."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import mqlab

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PLAIN = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "MQLAB_JIT")}
SLOW = {"bench", "lab"}
"""Commands that are too long for a test of words, or do not end by themselves; other tests run them."""


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def mqlab_says(line, folder):
    """Run a line of the README in a folder; return its exit code and all that it says."""
    words = shlex.split(line, comments=True)
    assert words[0] == "mqlab"
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, cwd=folder, env=PLAIN, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("readme")


def test_the_scenario_is_the_one_that_is_shipped():
    (text,) = blocks("yaml")
    yaml = YAML(typ="safe")
    assert yaml.load(text) == yaml.load((ROOT / "scenarios" / "flash-sale.yaml").read_text(encoding="utf-8"))


def test_as_many_scenarios_are_shipped_as_it_says():
    shipped = len(list((ROOT / "scenarios").glob("*.yaml")))
    assert set(re.findall(r"(\d+) scenarios are shipped|the (\d+) that are shipped", README)) == {
        (str(shipped), ""),
        ("", str(shipped)),
    }


def test_commands_say_what_the_readme_shows(scratch):
    """An ellipsis stands for whatever is left out."""
    shown = blocks("console")
    assert shown
    for block in shown:
        line, _, output = block.partition("\n")
        _, said = mqlab_says(line.removeprefix("$ "), scratch)
        pattern = ".*?".join(re.escape(part.strip()) for part in output.split("…"))
        assert re.search(pattern, said, re.DOTALL), f"{line}\nREADME.md is out of date. Now it says:\n{said}"


def test_the_tour_can_be_made(scratch):
    (tour,) = blocks("sh")
    lines = [line for line in tour.splitlines() if line.split()[1] not in SLOW]
    assert len(lines) > 10
    for line in lines:
        code, said = mqlab_says(line, scratch)
        assert code == 0, f"{line}\n{said}"


def test_the_python_works():
    (text,) = blocks("python")
    names = {}
    exec(compile(text, "README.md", "exec"), names)
    assert names["run"].verdict == re.search(r"run\.verdict +# '(\w+)'", text)[1]


def test_the_picture_is_of_the_scenario_as_it_is():
    image = pytest.importorskip("PIL.Image")  # comes with matplotlib
    with image.open(ROOT / "docs" / "pictures" / "flash-sale.png") as picture:
        remembered = json.loads(picture.text["fates"])
    assert mqlab.run("flash-sale", trace="counts").summary["fates"] == remembered, "draw it anew: make docs"
