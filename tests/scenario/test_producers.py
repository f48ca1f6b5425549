"""Arrivals, sizes, keys and buffers as a person writes them, and recordings that travel with their scenario."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest

import mqlab
from mqlab.errors import RunFolderError, ScenarioError
from mqlab.model import Arrivals, Buffer, Distribution, Keys, Phase, ProducerGroup, Recording, Step
from mqlab.scenario import estimate, load, loads
from tests.support.models import MS, S

SHOP = """\
system: rabbitmq
duration: 10 s
producers:
  shop: {{arrivals: {arrivals}, to: {to}, {more}}}
queues: {{orders: {{}}, q_0: {{}}, q_1: {{}}, q_2: {{}}}}
"""


def shop(arrivals: str = "{poisson: 100/s}", to: str = "orders", more: str = "count: 1") -> ProducerGroup:
    return loads(SHOP.format(arrivals=arrivals, to=to, more=more)).model.producers[0]


def messages(arrivals: str, more: str = "count: 1") -> int:
    return estimate(loads(SHOP.format(arrivals=arrivals, to="orders", more=more)).model).messages


# --- arrivals ---


def test_pieces_as_a_list_or_with_limits() -> None:
    steps = "[{from: 0 s, rate: 100/s}, {from: 4 s, rate: 0/s}, {from: 5 s, rate: 2k/s}]"
    expected = (Step(0, 100.0), Step(4 * S, 0.0), Step(5 * S, 2000.0))
    assert shop(f"{{piecewise: {steps}}}").arrivals == Arrivals("piecewise", stop_ns=10 * S, steps=expected)
    limited = shop(f"{{piecewise: {{steps: {steps}, start: 1 s, stop: 9 s, messages: 7}}}}").arrivals
    assert (limited.start_ns, limited.stop_ns, limited.messages_max) == (S, 9 * S, 7)
    assert shop(f"{{piecewise: {steps}}}", more="count: 3, each: true").arrivals.steps[0] == Step(0, 300.0)
    assert messages(f"{{piecewise: {steps}}}") == 400 + 10_000
    assert messages(f"{{piecewise: {{steps: {steps}, stop: 6 s}}}}") == 400 + 2000


def test_bursts() -> None:
    arrivals = shop("{burst: {every: 4 s, of: 500, over: 200 ms}}").arrivals
    assert arrivals == Arrivals("burst", stop_ns=10 * S, every_ns=4 * S, of=500, over_ns=200 * MS)
    assert shop("{burst: {every: 4 s, of: 500}}", more="count: 2, each: true").arrivals.of == 1000
    assert messages("{burst: {every: 4 s, of: 500}}") == 1500
    assert messages("{burst: {every: 3 s, of: 500, over: 2 s}}") == 3 * 500 + 250


def test_states_in_a_ring_or_with_weights() -> None:
    ring = shop("{mmpp: [{rate: 10/s, stay: 9 s}, {rate: 500/s, stay: 1 s}]}").arrivals
    assert ring.phases == (Phase(10.0, 9 * S, (0.0, 1.0)), Phase(500.0, S, (1.0, 0.0)))
    assert messages("{mmpp: [{rate: 10/s, stay: 9 s}, {rate: 500/s, stay: 1 s}]}") == 590
    weighed = "{mmpp: {states: [{rate: 0, stay: 1 s, next: [0, 3, 1]}, {rate: 80/s, stay: 1 s, next: [1, 0, 0]}, "
    weighed += "{rate: 800/s, stay: 1 s, next: [1, 0, 0]}], start: 2 s}}"
    assert shop(weighed).arrivals.phases[0].following == (0.0, 0.75, 0.25)
    assert messages(weighed) == round(8 * (0.375 * 80 + 0.125 * 800))


def test_self_exciting_arrivals() -> None:
    arrivals = shop("{hawkes: {base: 20/s, branching: 0.8, decay: 1 s}}").arrivals
    assert arrivals == Arrivals("hawkes", 20.0, stop_ns=10 * S, branching=0.8, decay_ns=S)
    climb = 1 - math.exp(-10 / 5)
    assert messages("{hawkes: {base: 20/s, branching: 0.8, decay: 1 s}}") == int(100 * (10 - 0.8 * 5 * climb))


# --- recordings ---


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a scenario whose arrivals are traces/day.csv."""
    (tmp_path / "traces").mkdir()
    text = SHOP.format(arrivals="{trace: traces/day.csv}", to="orders", more="count: 1")
    (tmp_path / "day.yaml").write_text(text + "name: day\n")
    lines = ["# a day", "time_s,key,size_bytes", "0.25,7,100", "0.25,0,300", "", "9.5, 3, 200", ""]
    (tmp_path / "traces" / "day.csv").write_text("\n".join(lines))
    return tmp_path


def test_a_recording_is_read_beside_the_scenario(folder: Path) -> None:
    scenario = load(folder / "day.yaml")
    group = scenario.model.producers[0]
    times = (250 * MS, 250 * MS, 9500 * MS)
    assert group.arrivals.recording == Recording(times, (7, 0, 3), (100, 300, 200), "traces/day.csv")
    assert group.message.keys == Keys("recorded", 8)
    assert group.message.size_bytes == 200
    assert estimate(scenario.model).messages == 3
    assert dict(scenario.attached) == {"traces/day.csv": (folder / "traces" / "day.csv").read_text()}
    quick = load(folder / "day.yaml", overrides=["producers.shop.arrivals={trace: {file: traces/day.csv, speed: 10}}"])
    assert quick.model.producers[0].arrivals.recording.times_ns[-1] == 950 * MS  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("unit", "ns"), [("time_s", 1_500_000_001), ("time_ms", 1_500_000), ("time_us", 1500), ("time_ns", 2)]
)
def test_times_have_a_unit_and_are_exact(folder: Path, unit: str, ns: int) -> None:
    (folder / "traces" / "day.csv").write_text(f"{unit}\n1.5000000006\n")
    assert load(folder / "day.yaml").model.producers[0].arrivals.recording.times_ns == (ns,)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("content", "line", "what", "mend"),
    [
        ("time_s\n1\n0.5\n", 3, "before that of the line above", "sort"),
        ("time_s\n-1\n", 2, "`-1` is not a time", "0.25"),
        ("time_s\n1 s\n", 2, "`1 s` is not a time", "0.25"),
        ("time_s\nnan\n", 2, "`nan` is not a time", "0.25"),
        ("time_s\n1e99\n", 2, "beyond 30 days", "speed"),
        ("time_s,key\n1\n", 2, "1 values for 2 columns", "mend the line"),
        ("# x\n\ntime_s,key\n1,red\n", 4, "`red` is not a key", "whole number"),
        ("time_s,size_bytes\n1,9999999999\n", 2, "is not a size", "1073741824"),
        ("tine_s\n1\n", 1, "unknown column `tine_s`", "`time_s`"),
        ("key\n1\n", 1, "one column of times", "time_s,key"),
        ("time_s,time_ms\n1,1\n", 1, "one column of times", "time_s,key"),
        ("time_s,time_s\n1,1\n", 1, "there twice", "leave one out"),
        ("time_s\n", 1, "no message", "0.25"),
        ("", 1, "no message", "0.25"),
    ],
)
def test_a_broken_recording_is_told_with_file_and_line(
    folder: Path, content: str, line: int, what: str, mend: str
) -> None:
    file = folder / "traces" / "day.csv"
    file.write_text(content)
    with pytest.raises(ScenarioError) as caught:
        load(folder / "day.yaml")
    assert what in caught.value.what
    assert mend in caught.value.mend
    assert (caught.value.place.file, caught.value.place.line) == (str(file), line)  # type: ignore[union-attr]


def test_a_recording_of_the_wrong_kind_is_refused_at_its_field(folder: Path) -> None:
    file = folder / "traces" / "day.csv"
    for content, what in ((b"\xff\xfe", "not UTF-8"), (b"x" * (32 * 2**20 + 1), "33,554,433 bytes")):
        file.write_bytes(content)
        with pytest.raises(ScenarioError, match=what) as caught:
            load(folder / "day.yaml")
        assert str(caught.value.place) == f"{folder / 'day.yaml'}:4:28"
    file.unlink()
    file.mkdir()
    with pytest.raises(ScenarioError, match="cannot be read"):
        load(folder / "day.yaml")


@pytest.mark.parametrize(
    ("override", "what"),
    [
        ("producers.shop.message={key: {uniform: 3}}", "`key` is said here and in the column `key`"),
        ("producers.shop.message={size: 1 KiB}", "`size` is said here and in the column `size_bytes`"),
        ("producers.shop.each=true", "`each` multiplies rates"),
        ("duration=100 ms", "begins when arrivals are over"),
    ],
)
def test_a_recording_and_the_scenario_must_not_contradict_each_other(folder: Path, override: str, what: str) -> None:
    more = ["producers.shop.count=2"] if "each" in override else []
    with pytest.raises(ScenarioError, match=what):
        load(folder / "day.yaml", overrides=[*more, override])


def test_a_run_folder_carries_its_recording_and_can_be_replayed_without_the_original(folder: Path) -> None:
    out = folder / "runs" / "one"
    run = mqlab.run(folder / "day.yaml", out=out)
    shutil.rmtree(folder / "traces")
    (folder / "day.yaml").unlink()
    again = mqlab.load(out)
    assert again.model == run.model
    assert mqlab.run(out / "scenario.yaml").trace.digest == run.trace.digest
    assert (out / "traces" / "day.csv").is_file()


def test_a_run_folder_with_a_recording_is_replaced_unless_somebody_put_a_file_beside_it(folder: Path) -> None:
    out = folder / "runs" / "one"
    mqlab.run(folder / "day.yaml", out=out)
    mqlab.run(folder / "day.yaml", out=out, seed=2)
    (out / "traces" / "mine.csv").write_text("time_s\n1\n")
    with pytest.raises(RunFolderError, match=r"also holds traces/mine.csv"):
        mqlab.run(folder / "day.yaml", out=out)


# --- sizes, keys, buffers ---


def test_sizes_are_one_or_a_distribution() -> None:
    assert shop(more="message: {size: 2 KiB}").message.size_bytes == 2048
    assert shop(more="message: {size: {constant: 2 KiB}}").message.sizes is None
    message = shop(more="message: {size: {lognormal: {mean: 1 KiB, cv: 2}}}").message
    assert (message.size_bytes, message.sizes) == (1024, Distribution("lognormal", (1024.0, 2.0)))
    assert shop(more="message: {size: {exponential: 3 kB}}").message.sizes == Distribution("exponential", (3000.0,))
    two = shop(more="message: {size: {hyperexponential: {p: 90 %, mean1: 1 kB, mean2: 11 kB}}}").message
    assert two.size_bytes == 2000
    assert shop(more="message: {size: {uniform: {low: 1 B, high: 3 B}}}").message.size_bytes == 2


def test_routing_keys_follow_the_business_key() -> None:
    group = shop(to='{routing_key: {by_key: "q_{key}"}}', more="message: {key: {zipf: {s: 1, keys: 3}}}")
    assert group.destination.by_key
    names, weights = zip(*group.destination.routing_keys, strict=True)
    assert names == ("q_0", "q_1", "q_2")
    assert weights == pytest.approx((6 / 11, 3 / 11, 2 / 11))
    even = shop(to='{routing_key: {by_key: "q_{key}"}}', more="message: {key: {sequence: 2}}")
    assert even.destination.routing_keys == (("q_0", 0.5), ("q_1", 0.5))


def test_a_buffer_in_short_and_in_full() -> None:
    assert shop().buffer is None
    assert shop(more="buffer: 10").buffer == Buffer(10, "block")
    assert shop(more="buffer: {max: 0, when_full: drop-oldest}").buffer == Buffer(0, "drop-oldest")
    scenario = loads(SHOP.format(arrivals="{poisson: 1/s}", to="orders", more="buffer: {max: 5}"))
    used = {path: value for path, value, _ in scenario.defaults_used}
    assert used["producers.shop.buffer.when_full"] == "block"
