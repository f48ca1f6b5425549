"""Whatever is wrong with a scenario, one message says what, where, and how to mend it."""

from __future__ import annotations

import pytest

from mqlab.errors import ScenarioError
from mqlab.scenario import loads
from tests.bad_input import corpus
from tests.bad_input.corpus import GOOD, OVERRIDES, Broken
from tests.support.gather import gathered

TABLE = corpus.TABLE + [row for rows in gathered("bad_input", "broken_", "TABLE") for row in rows]
PYDANTIC = ("Input should be", "Field required", "Extra inputs", "validation error", "pydantic", "type=")


def refusal(text: str, *overrides: str) -> ScenarioError:
    with pytest.raises(ScenarioError) as caught:
        loads(text, file="broken.yaml", overrides=overrides)
    return caught.value


def test_what_is_broken_below_is_good_to_begin_with() -> None:
    assert loads(GOOD).name == "shop"


@pytest.mark.parametrize("broken", TABLE, ids=[row.name for row in TABLE])
def test_says_what_where_and_how_to_mend_it(broken: Broken) -> None:
    error = refusal(broken.text)
    place = error.place
    assert place is not None
    assert (place.file, place.line, place.column) == ("broken.yaml", broken.line, broken.column), str(error)
    assert broken.what in error.what
    assert broken.mend in error.mend
    assert "\n" not in str(error)
    assert not any(word in str(error) for word in PYDANTIC)


def test_corpus_has_many_kinds_and_no_name_twice() -> None:
    names = [row.name for row in TABLE]
    assert len(set(names)) == len(names) >= 60


@pytest.mark.parametrize(("override", "what", "mend"), OVERRIDES)
def test_an_override_is_its_own_place(override: str, what: str, mend: str) -> None:
    error = refusal(GOOD, override)
    assert what in error.what
    assert mend in error.mend
    assert str(error.place) == f"--set {override}"


def test_the_first_of_several_mistakes_is_told() -> None:
    text = GOOD.replace("poisson: 100/s", "poisson: 100").replace("service: 4 ms", "service: 4")
    assert refusal(text).place.line == 5  # type: ignore[union-attr]


def test_crlf_and_byte_order_mark_are_welcome() -> None:
    assert loads(GOOD.replace("\n", "\r\n")).model == loads(GOOD).model
    assert loads("\ufeff" + GOOD).model == loads(GOOD).model


def test_places_are_right_in_files_with_crlf() -> None:
    place = refusal(GOOD.replace("poisson", "poison").replace("\n", "\r\n")).place
    assert place is not None
    assert (place.line, place.column) == (5, 21)
