"""``mqlab lab``: what is refused, and that it begins and ends in order (what it shows is in tests/browser)."""

import json
import os
import signal
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

import pytest

from mqlab.cli import main
from mqlab.course import lab

NOTICES = "@jupyterlab/apputils-extension:notification"
needs_lab = pytest.mark.skipif(find_spec("jupyterlab") is None, reason="JupyterLab is not installed")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capsys, *arguments):
    """Run a command that is refused, and give the one line that says why."""
    assert main(["lab", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return said.err


def test_without_jupyterlab_it_says_what_to_install_and_writes_nothing(here, capsys, monkeypatch):
    monkeypatch.setattr(lab, "find_spec", lambda name: None)
    said = refused(capsys, "mine")
    assert "JupyterLab is not installed" in said
    assert "make lab" in said
    assert not list(here.iterdir())


@needs_lab
def test_a_port_that_is_none_or_taken_is_refused(here, capsys):
    assert "--port takes a whole number" in refused(capsys, "mine", "--port", "http")
    assert "--port takes a whole number" in refused(capsys, "mine", "--port", "70000")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert "cannot be used" in refused(capsys, "mine", "--port", str(taken.getsockname()[1]))
    assert not list(here.iterdir())


@needs_lab
def test_there_is_no_way_to_open_it_to_others(here, capsys):
    assert "there is no option --ip" in refused(capsys, "mine", "--ip", "0.0.0.0")


@needs_lab
def test_a_folder_of_other_things_is_refused(here, capsys):
    (here / "mine").mkdir()
    (here / "mine" / "thesis.tex").write_text("years", encoding="utf-8")
    assert "holds other things" in refused(capsys, "mine")


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """One lab, from its beginning to Ctrl-C: (address, what it printed, exit code, folder, server's record)."""
    if find_spec("jupyterlab") is None:
        pytest.skip("JupyterLab is not installed")
    folder = tmp_path_factory.mktemp("lab")
    places = {"JUPYTER_RUNTIME_DIR": str(folder / "runtime"), "JUPYTER_CONFIG_DIR": str(folder / "configuration")}
    environment = {**os.environ, **places}
    command = [sys.executable, "-m", "mqlab", "lab", str(folder / "mine"), "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        lines = [process.stdout.readline(), process.stdout.readline()]
        address = lines[1].removeprefix("JupyterLab: ").strip()
        (record,) = (folder / "runtime").glob("jpserver-*.json")
        server = json.loads(record.read_text(encoding="utf-8"))
        with urlopen(address) as page:
            content = page.read().decode()
        with urlopen(address.replace("/lab?", f"/lab/api/settings/{NOTICES}?")) as page:
            content += page.read().decode()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    return address, "".join(lines) + out, err, process.returncode, folder / "mine", server, content


def test_it_listens_on_this_machine_alone_and_asks_for_a_token(session):
    address, _, _, _, folder, server, _ = session
    assert address.startswith("http://127.0.0.1:")
    assert len(address.partition("token=")[2]) == 48
    assert (server["hostname"], server["token"]) == ("127.0.0.1", address.partition("token=")[2])
    assert Path(server["root_dir"]).samefile(folder)


def test_it_asks_nothing_of_the_network(session):
    begin = 'id="jupyter-config-data" type="application/json">'
    configuration = json.loads(session[-1].partition(begin)[2].partition("</")[0])
    assert configuration["news"] == {"disabled": True}
    notices = json.loads(session[-1].rpartition("</html>")[2])["schema"]["properties"]
    assert notices["fetchNews"]["default"] == "false", "and does not ask whether it may"
    assert configuration["extensionManager"]["can_install"] is False


def test_it_makes_the_copy_says_where_and_ends_in_order(session):
    _, out, err, code, folder, server, _ = session
    assert code == 0
    assert err == ""
    assert out.startswith(f"the course is in {folder}: ")
    assert f"closed; your notebooks are in {folder}" in out
    assert (folder / "01-first-run.ipynb").is_file()
    with pytest.raises(ProcessLookupError):
        os.kill(server["pid"], 0)


@needs_lab
def test_a_configuration_that_takes_the_token_away_is_refused(here, capsys, monkeypatch):
    (here / "jupyter").mkdir()
    setting = {"IdentityProvider": {"token": ""}}
    (here / "jupyter" / "jupyter_server_config.json").write_text(json.dumps(setting), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(here / "jupyter"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(here / "runtime"))
    assert main(["lab", "mine", "--no-browser"]) == 2
    assert "replaces the token" in capsys.readouterr().err
    assert not list((here / "runtime").glob("jpserver-*.json")), "it was stopped again"
