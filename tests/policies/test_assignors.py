"""Assignors: everything is somebody's, shares are even, and little moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.policies.assignors import ASSIGNORS, Owned, Partition, Shares, Sizes

TOPICS = ("x", "y", "z")
SIZES = st.dictionaries(st.sampled_from(TOPICS), st.integers(1, 7), min_size=1)
MEMBERS = st.sets(st.integers(0, 20), min_size=1, max_size=6)


def everything(sizes: Sizes) -> list[Partition]:
    return sorted((topic, number) for topic, size in sizes.items() for number in range(size))


def settled(name: str, members: set[int], sizes: Sizes, owned: Owned) -> Shares:
    """What a group has when its rebalances are over: a cooperative one takes two."""
    subscriptions = dict.fromkeys(members, sorted(sizes))
    assignor = ASSIGNORS[name]
    shares = assignor.assign(subscriptions, sizes, owned)
    return assignor.assign(subscriptions, sizes, shares) if assignor.cooperative else shares


@pytest.mark.parametrize("name", ASSIGNORS)
@given(members=MEMBERS, others=MEMBERS, sizes=SIZES)
def test_every_partition_has_one_reader(name: str, members: set[int], others: set[int], sizes: Sizes) -> None:
    before = settled(name, others, sizes, {})
    after = settled(name, members, sizes, before)
    assert sorted(after) == sorted(members)
    assert sorted(p for share in after.values() for p in share) == everything(sizes)


@pytest.mark.parametrize("name", ["roundrobin", "sticky", "cooperative-sticky"])
@given(members=MEMBERS, others=MEMBERS, sizes=SIZES)
def test_shares_differ_by_one_at_most(name: str, members: set[int], others: set[int], sizes: Sizes) -> None:
    lengths = [len(share) for share in settled(name, members, sizes, settled(name, others, sizes, {})).values()]
    assert max(lengths) - min(lengths) <= 1


@given(members=MEMBERS, sizes=SIZES)
def test_ranges_hang_together_and_are_even_in_each_topic(members: set[int], sizes: Sizes) -> None:
    shares = settled("range", members, sizes, {})
    for topic in sizes:
        lengths = []
        for member in sorted(members):
            numbers = [number for name, number in shares[member] if name == topic]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
            lengths.append(len(numbers))
        assert lengths == sorted(lengths, reverse=True)
        assert lengths[0] - lengths[-1] <= 1


@given(members=MEMBERS, others=MEMBERS, sizes=SIZES)
def test_sticky_moves_no_more_than_evenness_demands(members: set[int], others: set[int], sizes: Sizes) -> None:
    before = settled("sticky", others, sizes, {})
    after = settled("sticky", members, sizes, before)
    total, quota = len(everything(sizes)), sorted((len(before.get(m, ())) for m in members), reverse=True)
    share, more = divmod(total, len(members))
    kept_at_best = sum(min(has, share + (place < more)) for place, has in enumerate(quota))
    kept = sum(len(set(after[m]) & set(before.get(m, ()))) for m in members)
    assert kept == kept_at_best


@given(members=MEMBERS, others=MEMBERS, sizes=SIZES)
def test_cooperative_never_gives_away_what_somebody_still_reads(
    members: set[int], others: set[int], sizes: Sizes
) -> None:
    before = settled("cooperative-sticky", others, sizes, {})
    owned = {member: share for member, share in before.items() if member in members}
    first = ASSIGNORS["cooperative-sticky"].assign(dict.fromkeys(members, sorted(sizes)), sizes, owned)
    for member, share in first.items():
        for other, had in owned.items():
            assert other == member or not set(share) & set(had)
    second = ASSIGNORS["cooperative-sticky"].assign(dict.fromkeys(members, sorted(sizes)), sizes, first)
    assert sorted(p for share in second.values() for p in share) == everything(sizes)
    assert all(set(share) <= set(second[member]) for member, share in first.items())


@pytest.mark.parametrize("name", ASSIGNORS)
def test_who_does_not_want_a_topic_gets_nothing_of_it(name: str) -> None:
    shares = ASSIGNORS[name].assign({"a": ["x"], "b": ["x", "y"], "c": []}, {"x": 4, "y": 4, "z": 2}, {})
    assert {topic for topic, _ in shares["a"]} == {"x"}
    assert shares["c"] == []
    assert sorted(p for share in shares.values() for p in share) == everything({"x": 4, "y": 4})


@pytest.mark.parametrize("name", ASSIGNORS)
@given(members=MEMBERS, sizes=SIZES)
def test_the_order_of_names_does_not_matter(name: str, members: set[int], sizes: Sizes) -> None:
    listed = sorted(members)
    one = ASSIGNORS[name].assign(dict.fromkeys(listed, sorted(sizes)), sizes, {})
    other = ASSIGNORS[name].assign(
        dict.fromkeys(reversed(listed), sorted(sizes, reverse=True)), dict(reversed(list(sizes.items()))), {}
    )
    assert one == other
