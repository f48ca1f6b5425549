"""The harness of ``mqlab bench``: turns, medians, what holds, and what it says of failed measurements."""

import pytest

from mqlab import bench
from mqlab.bench import FULL, QUICK, BenchError, Group, Row, Scale
from mqlab.errors import BadInput


class Meter:
    """A measure that gives prepared figures and remembers when it was asked."""

    def __init__(self, name: str, figures: list[float | None], diary: list[str]) -> None:
        self.name, self.figures, self.diary = name, iter(figures), diary

    def __call__(self, scale: Scale) -> float | None:
        self.diary.append(self.name)
        return next(self.figures)


def run(monkeypatch: pytest.MonkeyPatch, group: Group, *, quick: bool = False, progress=None) -> list[dict]:
    monkeypatch.setattr(bench, "_load", lambda name: [group])
    return bench.run_bench("core", progress, quick=quick)["rows"]


def two(ours: list, peer: list, row: Row) -> tuple[Group, list[str]]:
    diary: list[str] = []
    return Group(
        "test", {"ours": Meter("ours", ours, diary), "peer": Meter("peer", peer, diary)}, [row]
    ), diary


RATIO = Row("rate", "messages/s", "ours", "peer", "Peer 1.0", 30, "ratio >= target")


def test_measures_take_turns_and_medians_are_told(monkeypatch):
    group, diary = two([100, 500, 300, 200, 400], [10, 9, 8, 7, 6], RATIO)
    (row,) = run(monkeypatch, group)
    assert diary == ["ours", "peer"] * 5
    assert (row["ours"], row["ours_min"], row["ours_max"]) == (300, 100, 500)
    assert (row["peer"], row["peer_min"], row["peer_max"]) == (8, 6, 10)
    assert (row["ratio"], row["target"], row["holds"], row["runs"]) == (37.5, 30, True, 5)


@pytest.mark.parametrize(
    ("rule", "ours", "peer", "target", "holds"),
    [
        ("ratio >= target", 299, 10, 30, False),
        ("ratio <= target", 13, 10, 1.3, True),
        ("ratio <= target", 14, 10, 1.3, False),
        ("ours <= target", 0.31, 1, 0.3, False),
        ("ours <= target", 0.3, 1, 0.3, True),
        ("ours >= target", 5.0, 1, 5.0, True),
        ("ours >= target", 4.9, 1, 5.0, False),
        ("recorded", 1, 10, 30, None),
    ],
)
def test_a_row_holds_by_its_rule(monkeypatch, rule, ours, peer, target, holds):
    group, _ = two([ours] * 5, [peer] * 5, Row("row", "s", "ours", "peer", "Peer", target, rule))
    (row,) = run(monkeypatch, group)
    assert row["holds"] is holds


def test_a_quick_run_judges_nothing(monkeypatch):
    group, diary = two([1], [10], RATIO)
    (row,) = run(monkeypatch, group, quick=True)
    assert diary == ["ours", "peer"]
    assert row["holds"] is None
    assert QUICK.runs < FULL.runs


def test_a_peer_that_is_not_there_leaves_gaps_not_numbers(monkeypatch):
    group, _ = two([1] * 5, [None] * 5, RATIO)
    (row,) = run(monkeypatch, group)
    assert (row["ours"], row["peer"], row["ratio"], row["holds"]) == (1, None, None, None)


def test_figures_of_one_turn_can_be_combined(monkeypatch):
    diary: list[str] = []
    measures = {
        "long": Meter("long", [10, 30, 20, 50, 40], diary),
        "short": Meter("short", [5, 5, 5, 5, 5], diary),
    }
    difference = {"growth": lambda turn: turn["long"] - turn["short"]}
    group = Group("memory", measures, [Row("growth", "MiB", "growth")], combine=difference)
    (row,) = run(monkeypatch, group)
    assert (row["ours"], row["ours_min"], row["ours_max"]) == (25, 5, 45)


def test_progress_goes_from_nothing_to_everything(monkeypatch):
    group, _ = two([1] * 5, [1] * 5, RATIO)
    told: list[float] = []
    run(monkeypatch, group, progress=lambda fraction, text: told.append(fraction))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)


def test_an_unknown_bench_is_bad_input_with_a_hint():
    with pytest.raises(BadInput, match="did you mean `core`"):
        bench.run_bench("cores")


def test_the_core_bench_judges_what_it_promises():
    rows = [row for group in bench._load("core") for row in group.rows]
    judged = {row.name: (row.target, row.rule) for row in rows if row.rule != "recorded"}
    assert judged["M/M/8 through the broker"] == (30, "ratio >= target")
    assert judged["full scenario"] == (80, "ratio >= target")
    assert judged["cold compile"] == (30, "ours <= target")
    assert judged["warm mqlab run flash-sale"] == (2, "ours <= target")
    assert judged["import mqlab"] == (0.3, "ours <= target")
    assert sum(rule == "ratio <= target" and target == 1.3 for target, rule in judged.values()) == 3


def test_the_log_bench_judges_what_it_promises():
    rows = [row for group in bench._load("log") for row in group.rows]
    judged = [(row.unit, row.peer, row.target, row.rule) for row in rows if row.rule != "recorded"]
    assert judged == [
        ("records/s", None, 5_000_000, "ours >= target"),
        ("records/s", "record", 80, "ratio >= target"),
    ]


@pytest.mark.parametrize("name", ["core", "log"])
def test_every_row_reads_a_measure_of_its_group(name):
    for group in bench._load(name):
        known = {*group.measures, *group.combine}
        for row in group.rows:
            assert row.ours in known
            assert row.peer is None or row.peer in known


def test_a_script_that_fails_is_told_with_its_last_words(tmp_path):
    script = tmp_path / "broken.py"
    script.write_text("raise SystemExit('no rabbits left')")
    with pytest.raises(BenchError, match="no rabbits left"):
        bench.run_script(script)


def test_a_script_that_prints_no_figures_is_told(tmp_path):
    script = tmp_path / "chatty.py"
    script.write_text("print('hello')")
    with pytest.raises(BenchError, match="hello"):
        bench.run_script(script)


def test_a_script_gets_its_arguments_and_environment(tmp_path):
    script = tmp_path / "echo.py"
    script.write_text(
        "import json, os, sys; print('noise'); print(json.dumps([sys.argv[1], os.environ['MQLAB_X']]))"
    )
    assert bench.run_script(script, "seven", env={"MQLAB_X": "eight"}) == ["seven", "eight"]


def test_the_machine_is_described():
    machine = bench.machine()
    assert machine["cores"] >= 1
    assert machine["cpu"]
    assert {"python", "simpy", "numba"} <= set(machine["versions"])
