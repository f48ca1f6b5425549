"""Cards shared max-min fairly, against figures worked out by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mqlab.core.hardware.network import share, transfer
from tests.support.plants import DONE, MB, MS, Bench, S, plant


def network(rates: list[int], ways: list[tuple[int, int]]) -> Bench:
    """Machines with cards of so many bytes/s, and flows between them."""
    made = plant(len(rates))
    for i, rate in enumerate(rates):
        made.ports[2 * i]["rate"] = made.ports[2 * i + 1]["rate"] = rate
    for source, target in ways:
        made.flow(source, target)
    return Bench(made)


def shares(rates: list[int], ways: list[tuple[int, int]]) -> list[int]:
    """What each flow gets when all of them have something to carry."""
    bench = network(rates, ways)
    for flow in range(len(ways)):
        bench.named["slots"][flow]["flow"] = flow
    bench.named["hards"][0]["flowing"] = len(ways)
    share(bench.s)
    return [int(rate) for rate in bench.named["flows"]["rate"]]


def test_one_flow_has_the_whole_card() -> None:
    bench = network([100 * MB] * 2, [(0, 1)])
    transfer(bench.at(0), 0, 50 * MB, 3 * MS, DONE, 7, 0, 0)
    assert bench.play() == [(503 * MS, 7)]


def test_two_flows_share_a_card_until_one_has_finished() -> None:
    # both at 50 MB/s; the small one has gone at 1 s, the other has 50 MB left and the card to itself
    bench = network([100 * MB] * 3, [(0, 1), (0, 2)])
    transfer(bench.at(0), 0, 50 * MB, 0, DONE, 1, 0, 0)
    transfer(bench.s, 1, 100 * MB, 0, DONE, 2, 0, 0)
    assert bench.play() == [(1 * S, 1), (1500 * MS, 2)]


def test_who_comes_later_takes_its_share_from_then_on() -> None:
    # 0.5 s alone: 50 MB; then 50 MB more at half the rate take 1 s
    bench = network([100 * MB] * 3, [(0, 2), (1, 2)])
    transfer(bench.at(0), 0, 100 * MB, 0, DONE, 1, 0, 0)
    transfer(bench.at(500 * MS), 1, 25 * MB, 0, DONE, 2, 0, 0)
    assert bench.play() == [(1 * S, 2), (1250 * MS, 1)]


def test_a_flow_held_up_elsewhere_leaves_its_part_to_others() -> None:
    # machine 1 has a slow card: 10; so the two others into machine 3 have 45 each
    assert shares([100, 10, 100, 100], [(0, 3), (1, 3), (2, 3)]) == [45, 10, 45]


def test_the_textbook_example_of_three_links() -> None:
    # A long flow through two cards, and one flow on each of them alone: 0→1 and 0→2 out of 0; 0→2 and 3→2 into 2.
    assert shares([100, 1000, 60, 1000], [(0, 1), (0, 2), (3, 2)]) == [70, 30, 30]


def test_both_directions_of_a_card_are_apart() -> None:
    assert shares([100, 100], [(0, 1), (1, 0)]) == [100, 100]


def test_a_connection_carries_one_thing_after_the_other() -> None:
    bench = network([100 * MB] * 2, [(0, 1)])
    for number in range(3):
        transfer(bench.at(0), 0, 10 * MB, 0, DONE, number, 0, 0)
    assert bench.play() == [(100 * MS, 0), (200 * MS, 1), (300 * MS, 2)]


def test_cards_without_limit_take_no_time() -> None:
    bench = network([0, 0], [(0, 1)])
    transfer(bench.at(0), 0, 10 * MB, 5, DONE, 1, 0, 0)
    assert bench.play() == [(5, 1)]


@given(
    st.lists(st.integers(0, 10**9), min_size=2, max_size=6),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12),
)
def test_shares_are_max_min_fair(rates: list[int], ways: list[tuple[int, int]]) -> None:
    """Nobody is above a card's rate, and each flow meets a full card where nobody has more than itself."""
    ways = [(a % len(rates), b % len(rates)) for a, b in ways]
    ways = [(a, b) for a, b in ways if rates[a] > 1000 or rates[b] > 1000]
    rates = [rate if rate > 1000 else 0 for rate in rates]
    if not ways:
        return
    got = shares(rates, ways)
    users: dict[tuple[int, int], list[int]] = {}
    for flow, (source, target) in enumerate(ways):
        for end, machine in enumerate((source, target)):
            if rates[machine]:
                users.setdefault((end, machine), []).append(flow)
    for (_, machine), all_of in users.items():
        assert sum(got[flow] for flow in all_of) <= rates[machine]
    for flow, (source, target) in enumerate(ways):
        binding = False
        for card in ((0, source), (1, target)):
            if card in users:
                used = sum(got[other] for other in users[card])
                full = used >= rates[card[1]] - len(ways) ** 2  # what whole numbers leave over
                binding |= full and got[flow] >= max(got[other] for other in users[card]) - len(ways)
        assert binding


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 50 * MB), st.integers(0, 2 * S)), max_size=12))
def test_all_arrives_and_no_card_carries_more_than_it_can(script: list[tuple[int, int, int]]) -> None:
    bench = network([100 * MB] * 4, [(0, 3), (1, 3), (2, 3)])
    for number, (flow, size, time) in enumerate(sorted(script, key=lambda step: step[2])):
        transfer(bench.at(time), flow, size, 0, DONE, number, 0, 0)
    done = bench.play()
    assert sorted(a for _, a in done) == list(range(len(script)))
    total = sum(size for _, size, _ in script)
    assert int(bench.named["ports"]["carried"][7]) == total
    if done:
        first = min(time for _, _, time in script)
        assert max(time for time, _ in done) >= first + total * 10  # ns a byte at 100 MB/s
    assert np.all(bench.named["flows"]["head"] < 0)
