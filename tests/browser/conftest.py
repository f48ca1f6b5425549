"""One headless Chromium for all tests of this folder, and screenshots for whoever wants to look."""

import json
import os
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
WAIT_MS = 60_000
"""How long anything may take to appear on a busy machine; nothing waits longer than it has to."""
ARGUMENTS = (
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-sync",
    "--disable-extensions", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--mute-audio",
)  # fmt: skip


def chromium() -> str | None:
    """Find the browser."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="package")
def browser():
    """Give a browser that asks nothing of the network."""
    if chromium() is None:
        pytest.skip("there is no Chromium on this machine (Debian: apt-get install chromium)")
    if find_spec("playwright") is None:
        pytest.skip("playwright is not installed (pip install 'mqlab[test]')")
    from playwright.sync_api import sync_playwright

    root = hasattr(os, "geteuid") and os.geteuid() == 0
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if root else [])]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        yield opened
        opened.close()


@pytest.fixture(scope="package")
def keep():
    """Keep a screenshot of a page or a part of it under build/screenshots."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def shot(what, name):
        what.screenshot(path=SCREENSHOTS / f"{name}.png")

    return shot


@pytest.fixture(scope="package")
def lab(tmp_path_factory):
    """Start `mqlab lab` on a fresh copy, with a configuration of its own; give its address and the copy."""
    if find_spec("jupyterlab") is None:
        pytest.skip("JupyterLab is not installed (pip install 'mqlab[lab]')")
    folder = tmp_path_factory.mktemp("lab")
    environment = {**os.environ, "JUPYTER_RUNTIME_DIR": str(folder / "runtime"), "IPYTHONDIR": str(folder / "ipython"),
                   "JUPYTER_CONFIG_DIR": str(folder / "configuration")}  # fmt: skip
    _show_whole_notebooks(folder / "configuration")
    command = [sys.executable, "-m", "mqlab", "lab", str(folder / "mine"), "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder)
    try:
        process.stdout.readline()
        yield process.stdout.readline().removeprefix("JupyterLab: ").strip(), folder / "mine"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.communicate()


def _show_whole_notebooks(configuration):
    """Keep cells that are not in view in the page, so that a test can count them."""
    settings = configuration / "lab" / "user-settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text(json.dumps({"windowingMode": "none"}), encoding="utf-8")
