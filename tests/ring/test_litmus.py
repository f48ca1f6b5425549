"""What the ring leans on never fails; that a machine shows violations without it is reported, not asserted."""

import pytest

from mqlab.jit import JIT
from mqlab.ring import BadRing, litmus


@pytest.mark.parametrize("name", litmus.LITMUS)
def test_with_its_order_nothing_is_violated(name):
    assert litmus.run(name, ordered=True, rounds=20_000 if JIT else 200).violations == 0


@pytest.mark.parametrize("name", litmus.LITMUS)
def test_without_it_the_test_still_ends_and_counts(name):
    assert litmus.run(name, ordered=False, rounds=5_000 if JIT else 200).violations >= 0


def test_unknown_names_are_refused():
    with pytest.raises(BadRing, match="did you mean `message-passing`"):
        litmus.run("mesage-passing", ordered=True)


def test_the_tool_prints_a_line_for_each(capsys, monkeypatch):
    monkeypatch.setattr(litmus, "run", lambda name, *, ordered, rounds: litmus.Outcome(name, ordered, rounds, 0))
    litmus.main()
    assert len(capsys.readouterr().out.splitlines()) == 1 + 2 * len(litmus.LITMUS)
