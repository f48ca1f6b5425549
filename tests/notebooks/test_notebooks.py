"""A notebook is for its reader: short cells, no magic, nothing claimed that no cell computes."""

import json
import re
from pathlib import Path

import pytest

from mqlab.scenario import catalogue, load

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LINES_MAX = 20
CHECKED = "nbval-check-output"

notebooks = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path, kind):
    found = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == kind]
    assert found
    return found


def source(cell):
    return "".join(cell["source"])


def test_there_are_notebooks():
    assert NOTEBOOKS[0].stem == "01-first-run"


@notebooks
def test_it_runs_on_any_python(path):
    kernel = json.loads(path.read_text(encoding="utf-8"))["metadata"]["kernelspec"]
    assert kernel["name"] == "python3"


@notebooks
def test_cells_are_short_and_plain(path):
    for cell in cells(path, "code"):
        text = source(cell)
        assert len(text.splitlines()) <= LINES_MAX, text
        assert not re.search(r"^\s*[%!]|import \*|\b(pip|conda) install\b|pyplot", text, re.MULTILINE), text
        compile(text, path.name, "exec")


@notebooks
def test_only_words_that_are_checked_are_kept(path):
    """Pictures come anew with every run; `tools/notebooks` renews the rest."""
    for cell in cells(path, "code"):
        outputs = cell["outputs"]
        assert bool(outputs) == (CHECKED in cell["metadata"].get("tags", [])), source(cell)
        for output in outputs:
            if output["output_type"] == "stream":
                assert output["name"] == "stdout"
            else:
                assert output["output_type"] == "execute_result"
                assert set(output["data"]) <= {"text/plain", "text/html"}


@notebooks
def test_most_of_what_is_shown_is_checked(path):
    tagged = [CHECKED in cell["metadata"].get("tags", []) for cell in cells(path, "code")]
    assert sum(tagged) >= len(tagged) / 2


@notebooks
def test_the_reader_predicts_before_the_first_run(path):
    texts = [source(cell) for cell in cells(path, "code")]
    first = next(number for number, text in enumerate(texts) if "mqlab.run(" in text)
    assert any(re.search(r"^my_\w*prediction = ", text, re.MULTILINE) for text in texts[:first])
    predictions = set(re.findall(r"^(my_\w*prediction) = ", "\n".join(texts), re.MULTILINE))
    for name in predictions:
        assert any(f"{{{name}}}" in text for text in texts), f"{name} is never shown beside the outcome"


@notebooks
def test_it_ends_with_what_to_keep_what_to_ask_and_where_to_go(path):
    end = source(cells(path, "markdown")[-1])
    assert re.findall(r"^## (.+)$", end, re.MULTILINE) == ["Key points", "Do you recall?", "Where to go next"]
    questions = end.partition("## Do you recall?")[2].partition("## ")[0]
    assert len(re.findall(r"^\d\. .+", questions, re.MULTILINE)) == 3


@notebooks
def test_what_it_names_exists(path):
    text = "\n".join(source(cell) for kind in ("code", "markdown") for cell in cells(path, kind))
    scenarios = set(re.findall(r'mqlab\.run\("([^"]+)"|mqlab (?:run|check) ([a-z][\w-]*)', text))
    assert scenarios
    shipped = {name for name, *_ in catalogue.shipped()}
    assert {name for pair in scenarios for name in pair if name} <= shipped
    for override in re.findall(r'^[A-Z]+ = ["\'](\w[\w.]*=.*)["\']$', text, re.MULTILINE):
        load(re.search(r'mqlab\.run\("([^"]+)"', text)[1], overrides=[override])
