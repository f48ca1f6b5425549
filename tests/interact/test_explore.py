"""Explorers: dials run the scenario and redraw, with sliders and without."""

import gc

import pytest

import mqlab
from mqlab.errors import BadInput
from mqlab.interact import exploring
from mqlab.scenario import load, loads

SHOP = """\
name: shop
system: rabbitmq
duration: 2 s
drain: 2 s
producers:
  till: {arrivals: {constant: 50/s}}
queues:
  orders: {durable: true}
consumers:
  stock: {prefetch: 4, service: 30 ms}
faults:
  - {at: 1 s, crash: broker, for: 200 ms}
"""
CRASH, HANDS, RATE = "faults.0.at", "consumers.stock.count", "producers.till.arrivals.constant.rate"


@pytest.fixture
def shop():
    return loads(SHOP, name="shop")


def shown(bundle):
    """Take the data of what `_repr_mimebundle_` gave, with or without metadata."""
    return bundle[0] if isinstance(bundle, tuple) else bundle


def test_it_begins_where_the_scenario_stands(shop):
    it = mqlab.explore(shop, {CRASH: ("200 ms", "1.8 s"), HANDS: (1, 4), RATE: ("10/s", "100/s")})
    assert it.settings == {CRASH: "1 s", HANDS: 1, RATE: "50/s"}
    assert it.run.trace.digest == mqlab.run(shop).trace.digest


def test_turning_runs_it_as_an_override_would(shop):
    it = mqlab.explore(shop, {CRASH: ("200 ms", "1.8 s"), HANDS: (1, 4)}).set({HANDS: 3, CRASH: "600 ms"})
    same = mqlab.run(loads(SHOP, name="shop", overrides=[f"{HANDS}=3", f"{CRASH}=600 ms"]))
    assert it.settings == {CRASH: "600 ms", HANDS: 3}
    assert it.run.trace.digest == same.trace.digest
    assert it.run.summary["fates"] == same.summary["fates"]


def test_what_stays_stays(shop):
    it = mqlab.explore(shop, {HANDS: (1, 4)}, overrides=["producers.till.message.persistent=true"], seed=9)
    assert it.overrides == ("producers.till.message.persistent=true", f"{HANDS}=1")
    assert it.run.trace.seed == 9
    assert it.run.scenario.model.producers[0].message.persistent


def test_an_override_moves_the_beginning(shop):
    assert mqlab.explore(shop, {HANDS: (1, 4)}, overrides=[f"{HANDS}=3"]).settings == {HANDS: 3}


def test_a_run_keeps_what_its_picture_and_its_figures_need(shop):
    levels = {
        name: mqlab.explore(shop, {HANDS: (1, 4)}, picture=name).run.trace.level
        for name in ("timeline", "latency_over_time", "space_time")
    }
    assert levels == {"timeline": "fates", "latency_over_time": "fates", "space_time": "events"}
    assert mqlab.explore(shop, {HANDS: (1, 4)}, overrides=["duration=20 min"]).run.trace.level == "counts"


def test_what_is_done_twice_is_among_the_figures():
    it = mqlab.explore("duplicate-check-then-act", {HANDS: (1, 16)})
    doubled = it.run.summary["anomalies"]["duplicate_effect"]
    assert doubled
    assert f"{doubled} done twice" in it.figures()
    assert "done twice" not in it.set({HANDS: 1}).figures()


def test_a_small_run_tells_of_doubled_effects():
    it = mqlab.explore("duplicate-check-then-act", {HANDS: (1, 16)})
    twice = it.run.summary["anomalies"]["duplicate_effect"]
    assert twice > 0
    assert f"{twice} done twice" in it.figures()


def test_the_figures_are_those_of_the_run(shop):
    it = mqlab.explore(shop, {HANDS: (1, 4)})
    fates = it.run.summary["fates"]
    said = it.figures()
    assert f"100 created · {fates['processed']} processed · {sum(fates['lost'].values())} lost" in said
    assert f"{fates['gave_up']} given up" in said
    assert repr(it) == f"shop, {HANDS}=1: {said}"


def test_options_go_to_the_picture(shop):
    it = mqlab.explore(shop, {HANDS: (1, 4)}, picture="space_time", message=7)
    assert "7" in it.svg()


def test_a_shipped_scenario_and_its_short_forms():
    first = mqlab.explore("first-run", {"producers.tills.arrivals.constant": ("10/s", "200/s"), HANDS: [1, 2, 4]})
    assert first.settings == {"producers.tills.arrivals.constant": "100/s", HANDS: 1}
    assert mqlab.explore(load("first-run"), {HANDS: (1, 4)}).run.trace.digest == mqlab.run("first-run").trace.digest


def test_what_cannot_be_turned_is_refused_at_once(shop):
    with pytest.raises(BadInput, match="stcok"):
        mqlab.explore(shop, {"consumers.stcok.count": (1, 4)})
    with pytest.raises(BadInput, match="did you mean"):
        mqlab.explore(shop, {HANDS: (1, 4)}, picture="timelin")
    with pytest.raises(BadInput, match="no entry `3`"):
        mqlab.explore(shop, {"faults.3.at": ("1 s", "2 s")})


def test_a_place_where_it_cannot_run_is_refused_and_nothing_changes(shop):
    it = mqlab.explore(shop, {HANDS: (1, 4), "duration": ["2 s", "never"]})
    before = it.run
    with pytest.raises(BadInput, match="never"):
        it.set({HANDS: 2, "duration": "never"})
    assert it.settings == {HANDS: 1, "duration": "2 s"}
    assert it.run is before
    with pytest.raises(BadInput, match="there is no dial"):
        it.set({"consumers.stock.prefetch": 1})
    with pytest.raises(BadInput, match="no position"):
        it.set({HANDS: 5})


def test_without_ipywidgets_the_first_picture_is_shown(shop, monkeypatch):
    monkeypatch.setattr(exploring, "find_spec", lambda name: None)
    it = mqlab.explore(shop, {HANDS: (1, 4)})
    first = it._repr_mimebundle_()
    assert first["image/svg+xml"].startswith("<svg")
    assert first["text/plain"] == repr(it)
    assert it.set({HANDS: 2})._repr_mimebundle_()["image/svg+xml"] != first["image/svg+xml"]


class TestSliders:
    """Sliders moved as a hand would move them."""

    @pytest.fixture(autouse=True)
    def _installed(self):
        pytest.importorskip("ipywidgets")

    def test_moving_a_slider_runs_and_redraws_once(self, shop):
        it = mqlab.explore(shop, {CRASH: ("200 ms", "1.8 s"), HANDS: (1, 4)})
        slider, board = it.sliders[HANDS], it._board
        before, words = board.picture.value, board.figures.value
        slider.value = 4
        assert it.settings[HANDS] == 4
        assert it.run.trace.digest == mqlab.run(loads(SHOP, name="shop", overrides=[f"{HANDS}=4"])).trace.digest
        assert board.picture.value != before
        assert board.figures.value != words
        assert board.draws == 2

    def test_the_collector_is_back_after_a_move(self, shop):
        it = mqlab.explore(shop, {HANDS: (1, 4), "duration": ["2 s", "never"]})
        it.sliders[HANDS].value = 2
        assert gc.isenabled()
        it.sliders["duration"].value = "never"
        assert gc.isenabled()

    def test_turning_by_code_moves_the_sliders_and_draws_once(self, shop):
        it = mqlab.explore(shop, {CRASH: ("200 ms", "1.8 s"), HANDS: (1, 4)})
        sliders = it.sliders
        it.set({HANDS: 2, CRASH: "500 ms"})
        assert (sliders[HANDS].value, sliders[CRASH].value) == (2, "500 ms")
        assert it._board.draws == 2
        it.set({HANDS: 2})
        assert it._board.draws == 2, "nothing was turned"

    def test_a_place_where_it_cannot_run_says_so_below_the_last_picture(self, shop):
        it = mqlab.explore(shop, {HANDS: (1, 4), "duration": ["2 s", "never <b>"]})
        sliders, board = it.sliders, it._board
        picture = board.picture.value
        sliders["duration"].value = "never <b>"
        assert board.picture.value == picture
        assert "never &lt;b&gt;" in board.figures.value
        assert it.settings["duration"] == "2 s"
        sliders[HANDS].value = 2
        assert (sliders["duration"].value, it.settings[HANDS]) == ("2 s", 2)
        assert board.picture.value != picture
        assert "created" in board.figures.value

    def test_each_kind_of_dial_has_its_widget(self, shop):
        kinds = {
            HANDS: (1, 4),
            "queues.orders.durable": [True, False],
            "consumers.stock.ack": ["manual", "auto"],
            "consumers.stock.prefetch": {"one": 1, "two": 2, "four": 4, "eight": 8, "many": 100, "all": 1000},
        }
        names = [type(slider).__name__ for slider in mqlab.explore(shop, kinds).sliders.values()]
        assert names == ["SelectionSlider", "ToggleButtons", "ToggleButtons", "Dropdown"]

    def test_a_notebook_gets_sliders_and_the_text(self, shop):
        data = shown(mqlab.explore(shop, {HANDS: (1, 4)}, names={HANDS: "hands"})._repr_mimebundle_())
        assert "application/vnd.jupyter.widget-view+json" in data
        assert data["text/plain"].startswith(f"shop, {HANDS}=1: 100 created")

    def test_the_picture_says_what_it_shows_and_fits_the_page(self, shop):
        it = mqlab.explore(shop, {HANDS: (1, 4)})
        assert it.sliders
        opening = it._board.picture.value.partition(">")[0]
        assert 'role="img" aria-label="timeline: 100 created' in opening
        assert "max-width:100%" in opening
