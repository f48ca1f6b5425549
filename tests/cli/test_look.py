"""``mqlab explain``, ``replay`` and ``compare``: looking into runs."""

import json

import pytest

import mqlab


@pytest.fixture
def folder(call, tiny):
    """A run folder."""
    assert call("run", tiny, "--seed", 5, "--no-report", "--out", "kept").code == 0
    return "kept"


def test_explain_tells_a_life(call, folder):
    ending = call("explain", folder, "--message", 0)
    assert (ending.code, ending.err) == (0, "")
    assert "buyers" in ending.out
    assert len(ending.out.splitlines()) > 3


def test_explain_tells_the_same_whatever_was_kept(call, tiny, folder):
    expected = call("explain", folder, "--message", 11).out
    call("run", tiny, "--seed", 5, "--no-report", "--out", "little", "--trace", "counts")
    assert call("explain", "little", "--message", 11).out == expected
    assert call("explain", tiny, "--seed", 5, "--message", 11).out == expected


def test_explain_with_a_seed_wants_a_scenario(call, folder):
    ending = call("explain", "./" + folder, "--message", 1, "--seed", 5)
    assert ending.code == 2
    assert "--seed" in ending.complaint


def test_replay_is_the_same_run(call, folder):
    ending = call("replay", folder)
    assert (ending.code, ending.err) == (0, "")
    found = call("replay", folder, "--json").object
    assert found["same"] is True
    assert found["recorded"] == found["replayed"]
    assert found["recorded"] in ending.out


def test_replay_notices_another_digest(call, folder, empty_folder):
    info = json.loads((empty_folder / folder / "run.json").read_text())
    true, info["digest"] = info["digest"], "0123456789abcdef"
    (empty_folder / folder / "run.json").write_text(json.dumps(info))
    ending = call("replay", folder)
    assert ending.code == 1
    assert true in ending.out
    assert "0123456789abcdef" in ending.out
    assert call("replay", folder, "--json").object["same"] is False


def test_replay_does_not_pretend_to_know_hand_written_processes(call, tiny):
    def idle(world):
        yield world.timeout(1)

    mqlab.run(tiny, processes=[idle], out="by-hand")
    ending = call("replay", "by-hand")
    assert ending.code == 2
    assert "hand-written processes took part" in ending.complaint
    assert "processes=[...]" in ending.complaint


def test_replay_knows_what_was_set(call, tiny):
    call("run", tiny, "--no-report", "--out", "changed", "--set", "consumers.stock.count=1")
    assert call("replay", "changed").code == 0


def test_a_damaged_folder_is_bad_input(call, folder, empty_folder):
    (empty_folder / folder / "run.json").write_text("{")
    for command in (["replay", folder], ["explain", folder, "--message", 1], ["compare", folder, folder]):
        ending = call(*command)
        assert (ending.code, ending.out) == (2, "")
        assert "run.json" in ending.complaint


def test_compare_two_folders(call, tiny, folder):
    call("run", tiny, "--seed", 6, "--no-report", "--out", "other")
    found = call("compare", folder, "other", "--json").object
    assert (found["a"]["seed"], found["b"]["seed"], found["same_digest"]) == (5, 6, False)
    sections = dict.fromkeys(row["section"] for row in found["rows"])
    assert list(sections) == ["messages", "fates", "anomalies", "latency_ns", "stages", "throughput_per_s"]
    for row in found["rows"]:
        assert row["differs"] == (row["a"] != row["b"])


def test_compare_shows_what_differs(call, tiny, folder):
    call("run", tiny, "--seed", 6, "--no-report", "--out", "other")
    ending = call("compare", folder, "other")
    assert ending.code == 0
    assert "processed" in ending.out
    assert max(map(len, ending.out.splitlines())) <= 80


def test_compare_a_run_with_itself(call, folder):
    assert "the same run twice" in call("compare", folder, folder).out


def test_compare_a_scenario_with_itself_changed(call, tiny):
    found = call("compare", tiny, "--set", "consumers.stock.count=1", "--json").object
    assert (found["a"]["set"], found["b"]["set"]) == ([], ["consumers.stock.count=1"])
    assert not found["same_digest"]
    created = next(row for row in found["rows"] if (row["section"], row["name"]) == ("messages", "created"))
    assert not created["differs"], "another consumer changes no arrival"


def test_a_finished_run_cannot_be_changed(call, folder):
    ending = call("compare", folder, "--set", "consumers.stock.count=1")
    assert ending.code == 2
    assert "--set" in ending.complaint
