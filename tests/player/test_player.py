"""The player: what a film holds, and what a browser makes of it."""

import json
import shutil
import subprocess

import pytest

import mqlab
from mqlab.errors import BadInput
from mqlab.player import EVENTS_MAX, player
from mqlab.scenario import loads
from mqlab.trace.kinds import Kind

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SHOP = """\
name: shop <script>alert(1)</script>
system: rabbitmq
duration: 2 s
drain: 2 s
producers:
  till: {arrivals: {constant: {rate: 10/s, start: 50 ms}}, message: {persistent: true}, link: {latency: 10 ms}}
queues:
  orders: {durable: true}
consumers:
  stock: {prefetch: 1, service: 150 ms, link: {latency: 10 ms}, connection: {reconnect: 100 ms}}
faults:
  - {at: 1 s, crash: broker, for: 500 ms}
"""


@pytest.fixture(scope="module")
def run():
    return mqlab.run(loads(SHOP.replace("shop <script>alert(1)</script>", "shop")), trace="events")


@pytest.fixture(scope="module")
def film(run):
    return run.player(start="0 s", stop="3 s").film


def named(film, name):
    return next(i for i, lane in enumerate(film["lanes"]) if lane["name"] == name)


def test_lanes_stand_in_three_columns(film):
    assert [(lane["name"], lane["column"]) for lane in film["lanes"]] == [
        ("broker", 1), ("orders", 1), ("till", 0), ("stock", 2)]  # fmt: skip


def test_every_send_is_a_move_and_takes_as_long_as_the_link(run, film):
    events = run.events
    sent = (events["kind"].isin(["sent", "dispatched", "ack_sent"]) & (events["time_ns"] < 3_000_000_000)).sum()
    arrived = [move for move in film["moves"] if move[6] == "arrives"]
    assert len(film["moves"]) == sent
    assert {end - begin for begin, end, _, _, what, _, _ in arrived if what == "publish"} == {10_000_000}


def test_depths_are_those_of_the_queue(run, film):
    """The film counts from events what the core counts by itself, at the end of every bin.

    Not while the broker is down: what was unacknowledged is back in the queue then, but nobody has told yet.
    """
    steps = film["depths"][named(film, "orders")]
    counters = run.trace.counters
    ends = [(i + 1) * counters.bin_ns for i in range(len(counters.series["ready"]))]
    up = [i for i, end in enumerate(ends) if not 1_000_000_000 <= end <= 1_500_000_000]
    seen = [[depth for at, depth in steps if at < ends[i]][-1] for i in up]
    assert seen == counters.series["ready"][up].tolist()
    assert max(seen) > 2


def test_a_film_that_begins_later_knows_what_stands_there(run, film):
    whole = film["depths"][named(film, "orders")]
    later = run.player(start="900 ms", stop="1.9 s").film
    depth = [depth for at, depth in whole if at < 900_000_000][-1]
    assert later["depths"][named(later, "orders")][0] == [0, depth]
    assert depth > 0


def test_a_crash_takes_the_broker_down_for_as_long_as_it_lasts(film):
    broker = named(film, "broker")
    assert [each[:2] for each in film["down"] if each[2] == broker] == [[1_000_000_000, 1_500_000_000]]


def test_work_lasts_as_long_as_the_service(film):
    spans = {end - begin for begin, end, lane, _ in film["work"] if lane == named(film, "stock")}
    assert 150_000_000 in spans


def test_the_log_has_a_line_for_each_event(run, film):
    assert len(film["log"]) == (run.events["time_ns"] < 3_000_000_000).sum()
    assert [0 <= at <= film["length_ns"] for at, *_ in film["log"]] == [True] * len(film["log"])
    texts = " ".join(text for _, text, _, _ in film["log"])
    assert "message 0: created (till)" in texts
    assert "broker crashes" in texts


def test_a_film_is_plain_and_bounded(film):
    assert json.loads(json.dumps(film, allow_nan=False)) == film
    long = mqlab.run("flash-sale", trace="events").player(start="0 s", stop="30 s").film
    assert len(long["log"]) == EVENTS_MAX
    assert [lane["name"] for lane in long["lanes"] if lane["kind"] == "producer"] == ["buyers (200)"]


def test_what_cannot_be_played_says_so(run):
    counts = mqlab.run(loads(SHOP.replace(" <script>alert(1)</script>", "")), trace="counts")
    assert "kept no events" in counts.player().film["note"]
    assert "Nothing happened" in run.player(start="3.9 s", stop="3.99 s").film["note"]
    with pytest.raises(BadInput, match="no time between 2 s and 1 s"):
        run.player(start="2 s", stop="1 s")
    with pytest.raises(BadInput, match="soon"):
        run.player(start="soon")


def test_no_text_of_a_film_ends_the_script(run):
    shown = player(run.trace, run.model)
    shown.film["title"] = "</script><b>"
    assert "</script><b>" not in shown.fragment()
    assert shown.html().count("</script>") == 1


def test_every_kind_of_event_is_either_in_the_queue_or_not():
    from mqlab.player.film import _IN, _OUT, _STAYING

    assert not set(_IN) & set(_OUT)
    assert not set(_STAYING) & set(_OUT)
    assert {Kind.DISPATCHED, Kind.EVICTED, Kind.VANISHED} <= set(_OUT)


def test_a_notebook_gets_a_widget(run):
    pytest.importorskip("anywidget")
    bundle = run.player()._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "application/vnd.jupyter.widget-view+json" in data


DRIVE = """
const root = el.querySelector(".mqlab-player"), [back, play, step] = el.querySelectorAll("button");
const said = () => [...root.lastChild.children].map((line) => line.textContent).slice(-1)[0];
const seen = [];
step.onclick(); seen.push(root.dataset.now, said());
step.onclick(); step.onclick(); seen.push(root.dataset.now);
back.onclick(); seen.push(root.dataset.now);
const slider = el.querySelector("input");
slider.value = 5000; slider.oninput();
seen.push(root.dataset.now, el.querySelectorAll("rect[fill^='url']").length);
const out = document.createElement("pre"); out.id = "seen"; out.textContent = JSON.stringify(seen);
document.body.appendChild(out);
"""


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine (Debian: apt-get install chromium)")
def test_a_browser_steps_scrubs_and_shows_the_crash(run, film, tmp_path):
    page = run.player(start="0 s", stop="3 s").html()
    marker = "render({ model: { get: () => film }, el });\n"
    assert page.count(marker) == 1
    (tmp_path / "film.html").write_text(page.replace(marker, marker + DRIVE), encoding="utf-8")
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000", "--dump-dom",
         f"file://{tmp_path}/film.html"], capture_output=True, text=True, timeout=60, check=True)  # fmt: skip
    seen = json.loads(done.stdout.partition('<pre id="seen">')[2].partition("</pre>")[0])
    times = sorted({at for at, *_ in film["log"]})
    assert seen[0] == str(times[0])
    assert "message 0" in seen[1]
    assert (seen[2], seen[3]) == (str(times[2]), str(times[1]))
    assert seen[4] == str(int(film["length_ns"] * 0.5 + 0.5))
    assert seen[5] == 1, "at half time the broker is hatched: it is down"


def test_a_film_of_a_log_counts_what_is_still_to_be_polled():
    run = mqlab.run("kafka-unclean-election", trace="events")
    film = run.player(start="4.9 s", stop="6.2 s").film
    steps = film["depths"][[lane["name"] for lane in film["lanes"]].index("orders")]
    assert len(steps) > 3
    assert max(number for _, number in steps) > 1500
    assert min(number for _, number in steps) == 0  # the new leader had no more than the group had polled
    assert [time for time, _ in steps] == sorted(time for time, _ in steps)
