"""JupyterLab on a working copy: for this machine alone, with a token, and quiet.

What a learner's own Jupyter configuration says is respected but for what makes it safe: the address is the loopback
address whatever stands there, and a server without a token is stopped again.
"""

from __future__ import annotations

__all__ = ["LOG", "PORT_MAX", "Lab", "LabError", "check_installed", "check_port", "opened"]

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from mqlab.errors import BadInput, MqlabError

ADDRESS = "127.0.0.1"
PORT_MAX = 65535
LOG = Path(".mqlab", "jupyterlab.log")
"""What the server says, in the folder that it shows."""
_LOOK_S, _START_S, _END_S = 0.05, 120.0, 15.0
"""How often we look whether it is up, and how long starting and ending may take."""


@dataclass(frozen=True)
class Lab:
    """A JupyterLab that runs."""

    process: subprocess.Popen[bytes]
    url: str
    """With its token: whoever has this address may use it."""

    def wait(self) -> int:
        """Wait until it ends by itself (File → Shut Down), and give its exit code."""
        return self.process.wait()


def check_installed() -> None:
    """Refuse to begin without JupyterLab.

    Raises
    ------
    BadInput
        It is not installed.
    """
    if find_spec("jupyterlab") is None:
        mend = "in a checkout `make lab` installs it; elsewhere: pip install 'mqlab[lab]'"
        raise BadInput("JupyterLab is not installed", mend=mend)


def check_port(port: int) -> None:
    """Refuse a port that is taken.

    Raises
    ------
    BadInput
        Something else listens there, or it may not be used.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            what = f"port {port} cannot be used: {(error.strerror or str(error)).lower()}"
            raise BadInput(what, mend="choose another, or leave --port out") from None


@contextmanager
def opened(folder: Path, *, port: int | None = None, browser: bool = True) -> Iterator[Lab]:
    """Start JupyterLab on a folder, and end it with the block, whatever happens there.

    Parameters
    ----------
    folder
        What it shows.
    port
        Exactly this one; by default the first that is free from 8888 on.
    browser
        Whether it opens a browser.

    Raises
    ------
    BadInput
        JupyterLab is not installed, the port is taken, or the configuration takes the token away.
    LabError
        JupyterLab does not start.
    """
    check_installed()
    if port is not None:
        check_port(port)
    token = secrets.token_hex(24)
    # -P: a file json.py among the learner's notebooks is no library of the server's
    command = [sys.executable, "-P", "-m", "jupyterlab", *_options(folder, port, browser=browser)]
    log = folder / LOG
    log.parent.mkdir(exist_ok=True)
    with log.open("wb") as words:
        # a session of its own: Ctrl-C comes to us alone, and we end it in order
        process = subprocess.Popen(
            command, env={**os.environ, **_environment(token)}, start_new_session=True, stdin=subprocess.DEVNULL,
            stdout=words, stderr=words,
        )  # fmt: skip
    try:
        yield Lab(process, _url(process, token, log))
    finally:
        _end(process)


class LabError(MqlabError):
    """JupyterLab did not start; its log says why."""


def _options(folder: Path, port: int | None, *, browser: bool) -> list[str]:
    options = {
        "ServerApp.ip": ADDRESS,
        "ServerApp.allow_remote_access": "False",
        "ServerApp.root_dir": str(folder),
        "LabApp.workspaces_dir": str(folder / ".mqlab" / "workspaces"),  # which notebooks stand open
        "LabApp.news_url": "None",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly",
        "LabApp.open_browser": str(browser),
    }
    if port is not None:
        options |= {"ServerApp.port": str(port), "ServerApp.port_retries": "0"}
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options["ServerApp.allow_root"] = "True"  # who is root already gains nothing by a server for this machine alone
    return [f"--{name}={value}" for name, value in options.items()]


def _environment(token: str) -> dict[str, str]:
    """Give what the server is told by its environment: the token, which nobody may read off the list of processes.

    And where the settings of the interface begin: without the question whether it may fetch news. What a learner has
    set otherwise stays.
    """
    ours = str(Path(__file__).parent / "jupyter")
    theirs = os.environ.get("JUPYTER_CONFIG_PATH")
    return {"JUPYTER_TOKEN": token, "JUPYTER_CONFIG_PATH": os.pathsep.join([ours, theirs] if theirs else [ours])}


def _url(process: subprocess.Popen[bytes], token: str, log: Path) -> str:
    """Wait until the server says where it is, and look whether it is as safe as it should be."""
    from jupyter_core.paths import jupyter_runtime_dir

    said = Path(jupyter_runtime_dir()) / f"jpserver-{process.pid}.json"
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise LabError(f"JupyterLab ended with code {process.returncode} before it was up; see {log}")
        try:
            server = json.loads(said.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):  # not yet, or not wholly
            time.sleep(_LOOK_S)
            continue
        if server["token"] != token or server["hostname"] != ADDRESS:
            what = "your Jupyter configuration replaces the token or the address of the server"
            raise BadInput(what, mend="take `token` and `ip` out of it, or set JUPYTER_NO_CONFIG=1")
        return f"http://{ADDRESS}:{server['port']}{server['base_url']}lab?token={token}"
    raise LabError(f"JupyterLab was not up after {_START_S:.0f} s; see {log}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server in order, with its kernels; by force if it does not listen."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
