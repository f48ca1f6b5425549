"""Whatever is wrong with a command line: exit code 2, one line that says so, and nothing else anywhere."""

import pytest

from mqlab import errors
from mqlab.cli import endings, main

BAD = {
    "unknown command": (["rnu", "flash-sale"], "did you mean `run`"),
    "a command like no other": (["zzzzzz"], "there is: run, "),
    "unknown option": (["run", "tiny.yaml", "--sede", "3"], "did you mean `--seed`"),
    "unknown option of the program": (["--verion"], "no option --verion"),
    "no scenario": (["run"], "SCENARIO"),
    "too many scenarios": (["run", "tiny.yaml", "tiny.yaml"], "tiny.yaml"),
    "a scenario that does not exist": (["run", "nowhere.yaml"], "nowhere.yaml"),
    "a shipped name misspelt": (["run", "flash-sael"], "flash-sale"),
    "a folder as scenario": (["run", "."], "."),
    "an empty scenario name": (["run", ""], ""),
    "a seed that is no number": (["run", "tiny.yaml", "--seed", "abc"], "--seed"),
    "a seed that is no integer": (["run", "tiny.yaml", "--seed", "1.5"], "'1.5'"),
    "a negative seed": (["run", "tiny.yaml", "--seed", "-1"], "'-1'"),
    "a seed too large": (["run", "tiny.yaml", "--seed", str(2**63)], str(2**63 - 1)),
    "a seed in other digits": (["run", "tiny.yaml", "--seed", "١"], "--seed"),
    "a seed without end": (["run", "tiny.yaml", "--seed", "9" * 5000], "--seed"),
    "an option without its value": (["run", "tiny.yaml", "--seed"], "--seed"),
    "unknown engine": (["run", "tiny.yaml", "--engine", "simm"], "did you mean `sim`"),
    "unknown trace level": (["run", "tiny.yaml", "--trace", "evnts"], "did you mean `events`"),
    "an unknown path to set": (["run", "tiny.yaml", "--set", "consumers.stok.count=3"], "stok"),
    "nothing to set": (["run", "tiny.yaml", "--set", "consumers.stock.count"], "consumers.stock.count"),
    "a bad value to set": (["run", "tiny.yaml", "--set", "consumers.stock.count=many"], "many"),
    "out is a file": (["run", "tiny.yaml", "--out", "tiny.yaml"], "tiny.yaml"),
    "out below a file": (["run", "tiny.yaml", "--out", "tiny.yaml/run"], "tiny.yaml"),
    "out is somebody's folder": (["run", "tiny.yaml", "--out", "precious"], "precious"),
    "out cannot be made": (["run", "tiny.yaml", "--out", "/proc/mqlab/run"], "/proc/mqlab"),
    "no message to explain": (["explain", "tiny.yaml"], "--message"),
    "a message that is no number": (["explain", "tiny.yaml", "--message", "first"], "'first'"),
    "a message that does not exist": (["explain", "tiny.yaml", "--message", "999999999"], "999999999"),
    "no such run": (["explain", "runs/nowhere", "--message", "1"], "runs/nowhere"),
    "explain nothing": (["explain", "nowhere", "--message", "1"], "nowhere"),
    "replay no run": (["replay", "runs/nowhere"], "runs/nowhere"),
    "replay a folder that is no run": (["replay", "precious"], "precious"),
    "replay nothing": (["replay"], "RUN"),
    "compare one": (["compare", "tiny.yaml"], "--set"),
    "compare with nothing there": (["compare", "tiny.yaml", "nowhere"], "nowhere"),
    "check nothing": (["check"], "SCENARIO"),
    "check what is not there": (["check", "nowhere"], "nowhere"),
    "init over a file": (["init", "tiny"], "tiny.yaml"),
    "init over a file by its name": (["init", "tiny.yaml"], "tiny.yaml"),
    "init in no folder": (["init", "nowhere/mine"], "nowhere"),
    "init a bad name": (["init", "-x"], "-x"),
    "an unknown system": (["systems", "rabitmq"], "did you mean `rabbitmq`"),
    "an unknown bench": (["bench", "cor"], "did you mean"),
    "schema of something": (["schema", "x"], "x"),
    "doctor who": (["doctor", "who"], "who"),
    "json with a value": (["run", "tiny.yaml", "--json=yes"], "--json"),
}


@pytest.mark.parametrize(("arguments", "word"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_line_and_nothing_else(call, tiny, empty_folder, arguments, word):
    (empty_folder / "precious").mkdir()
    (empty_folder / "precious" / "thesis.txt").write_text("years of work")
    before = {path: path.read_bytes() for path in empty_folder.rglob("*") if path.is_file()}
    ending = call(*arguments)
    assert (ending.code, ending.out) == (2, "")
    assert word in ending.complaint
    after = {path: path.read_bytes() for path in empty_folder.rglob("*") if path.is_file()}
    assert after == before
    assert {path.name for path in empty_folder.iterdir()} == {"tiny.yaml", "precious"}


def test_control_characters_do_not_reach_the_terminal(call):
    ending = call("run", "a\x1b[31mb\nc\x07")
    assert ending.code == 2
    assert not set("\x1b\x07") & set(ending.complaint)


def test_no_command_shows_the_help(call):
    ending = call()
    assert ending.code == 0
    assert "flash-sale" in ending.out


def test_every_command_has_help(call):
    for command in ("run", "replay", "explain", "compare", "scenarios", "init", "check", "schema", "systems"):
        ending = call(command, "--help")
        assert (ending.code, ending.err) == (0, "")
        assert f"mqlab {command}" in ending.out


def test_version(call):
    from mqlab import __version__

    assert call("--version").out == f"{__version__}\n"


def test_internal_errors_are_one_line_too(call, tiny, monkeypatch):
    monkeypatch.setattr("mqlab.face.plan", lambda *_, **__: 1 / 0)
    ending = call("run", tiny)
    assert (ending.code, ending.out) == (3, "")
    assert "ZeroDivisionError" in ending.complaint
    assert "MQLAB_DEBUG=1" in ending.complaint


def test_a_traceback_is_there_for_those_who_want_it(call, tiny, monkeypatch):
    monkeypatch.setattr("mqlab.face.plan", lambda *_, **__: 1 / 0)
    monkeypatch.setenv("MQLAB_DEBUG", "1")
    ending = call("run", tiny)
    assert ending.code == 3
    assert "Traceback" in ending.err


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        (errors.ConservationError("fates add up to 3 of 4"), 3, "3 of 4"),
        (errors.BadInput("this is wrong", mend="do that"), 2, "this is wrong; do that"),
        (MemoryError(), 3, "memory"),
        (OSError(28, "No space left on device"), 3, "No space left"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (endings.Terminated(), 143, "terminated"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_ending_has_its_code(call, tiny, monkeypatch, error, code, word):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("mqlab.face.plan", fail)
    ending = call("run", tiny)
    assert (ending.code, ending.out) == (code, "")
    assert word in ending.complaint


def test_errors_of_several_lines_are_told_in_one():
    assert endings.one_line("a\n  b\t\x1b[1mc") == "a b \\x1b[1mc"


def test_main_returns_and_does_not_exit(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["mqlab", "--version"])
    assert main() == 0
    assert capsys.readouterr().err == ""
