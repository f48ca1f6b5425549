"""A learner's way through a lesson in JupyterLab: run all cells, predict, move a slider, step the player."""

import json
import re

import pytest

from tests.browser.conftest import WAIT_MS

LESSON = "04-loss"
WIDTH, HEIGHT = 1280, 1000

ALL_RAN = r"""n => {
  const prompts = [...document.querySelectorAll(".jp-CodeCell .jp-InputArea-prompt")];
  return prompts.length === n && prompts.every((prompt) => /\[\d+\]/.test(prompt.textContent));
}"""


@pytest.fixture(scope="module")
def lesson(browser, lab, keep):
    """Open the lesson, run all its cells, and give the page and its cells when the last one has ended."""
    address, folder = lab
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.set_default_timeout(WAIT_MS)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address.replace("/lab?", f"/lab/tree/{LESSON}.ipynb?"))
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()  # before that, cells are not run but forgotten
    keep(page, "1-opened")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    cells = len([cell for cell in json.loads((folder / f"{LESSON}.ipynb").read_text())["cells"]
                 if cell["cell_type"] == "code"])  # fmt: skip
    page.wait_for_function(ALL_RAN, arg=cells)
    yield page, asked
    page.close()


def cell_with(page, text):
    """Find the code cell that holds a text."""
    return page.locator(".jp-CodeCell").filter(has=page.locator(".jp-InputArea-editor", has_text=text)).first


def in_view(part):
    part.scroll_into_view_if_needed()
    return part


def test_all_cells_run_without_an_error(lesson, keep):
    page, _ = lesson
    assert page.locator('[data-mime-type="application/vnd.jupyter.error"]').count() == 0
    assert page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0
    keep(page, "2-ran")


def test_pictures_and_widgets_are_there(lesson, keep):
    page, _ = lesson
    assert page.locator(".jp-RenderedImage").count() >= 3
    assert page.locator(".mqlab-predict").count() >= 2
    assert page.locator(".mqlab-explore").count() >= 1
    assert page.locator(".mqlab-player").count() >= 1
    keep(in_view(page.locator(".jp-RenderedImage").first), "3-picture")


def test_nothing_is_asked_of_the_network(lesson):
    _, asked = lesson
    foreign = [url for url in asked if not re.match(r"(https?://127\.0\.0\.1:|data:|blob:)", url)]
    assert foreign == []


def test_nothing_pops_up(lesson):
    page, _ = lesson
    assert page.locator(".jp-Dialog").count() == 0
    assert page.locator(".Toastify__toast").count() == 0


def test_a_prediction_is_kept_and_stands_beside_the_outcome(lesson, keep):
    page, _ = lesson
    asked = in_view(page.locator(".mqlab-predict").first)
    field = asked.locator("input[type=text]")
    field.fill("1,234")
    field.press("Enter")
    asked.get_by_text("Kept.").wait_for()
    keep(asked, "4-predicted")
    name = re.search(r"(\w+) = mqlab\.predict", page.locator(".jp-CodeCell:has(.mqlab-predict)").first.inner_text())[1]
    beside = cell_with(page, f"{name}.beside(")
    beside.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    beside.get_by_text("You predicted 1,234").first.wait_for()
    keep(in_view(beside.locator(".jp-Cell-outputWrapper")), "5-beside")


def test_a_slider_moves_and_the_picture_changes(lesson, keep):
    page, _ = lesson
    board = in_view(page.locator(".mqlab-explore").first)
    picture, figures = board.locator("svg").first, board.locator(".widget-html").last
    before, words = picture.screenshot(), figures.inner_text()
    keep(board, "6-before-the-slider-moved")
    handle = board.locator(".noUi-handle").first
    handle.focus()
    old = picture.get_attribute("aria-label")
    for _ in range(4):
        handle.press("ArrowRight")
    page.wait_for_function(
        "old => document.querySelector('.mqlab-explore svg').getAttribute('aria-label') !== old", arg=old
    )
    page.wait_for_function("old => [...document.querySelectorAll('.mqlab-explore')][0].innerText !== old", arg=words)
    assert picture.screenshot() != before
    keep(board, "7-after-the-slider-moved")


def test_the_player_steps(lesson, keep):
    page, _ = lesson
    player = in_view(page.locator(".mqlab-player").first)
    before, at = player.locator("svg").screenshot(), player.get_attribute("data-now")
    for _ in range(5):
        player.get_by_role("button", name="step ▶").click()
    assert int(player.get_attribute("data-now")) > int(at)
    assert player.locator("svg").screenshot() != before
    keep(player, "8-stepped")
    player.get_by_role("button", name="▶ play", exact=True).click()
    now = player.get_attribute("data-now")
    page.wait_for_function("old => document.querySelector('.mqlab-player').dataset.now !== old", arg=now)
    player.get_by_role("button", name="pause").click()


def test_what_the_learner_did_is_saved_in_the_copy_and_nowhere_else(lesson, lab):
    page, _ = lesson
    _, folder = lab
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    saved = json.loads((folder / f"{LESSON}.ipynb").read_text(encoding="utf-8"))
    assert any(cell.get("outputs") for cell in saved["cells"])
    assert sorted(path.suffix for path in folder.iterdir() if not path.name.startswith(".")) == [".ipynb"] * len(
        list(folder.glob("*.ipynb"))
    )
