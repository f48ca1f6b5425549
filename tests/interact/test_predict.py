"""Predictions: what is kept, what is refused, and how they stand beside the outcome."""

import re

import numpy as np
import pytest

import mqlab
from mqlab.errors import BadInput
from mqlab.interact import predicting

QUESTION = "How many of the 1,000 orders are lost?"


def orders(**options):
    return mqlab.predict(QUESTION, unit="orders", **options)


def test_without_a_person_the_outcome_is_shown_all_the_same():
    guess = orders()
    assert guess.value is None
    assert str(guess.beside(71)) == repr(guess.beside(71)) == "You predicted nothing. It is 71 orders."
    assert guess.beside(71).right is None
    assert guess.beside(71)._repr_html_() is None


@pytest.mark.parametrize(
    ("predicted", "outcome", "said"),
    [
        (50, 71, "You predicted 50 orders. It is 71 orders: 21 more."),
        (71, 71, "You predicted 71 orders. It is 71 orders: exactly that."),
        (1, 71, "You predicted 1 order. It is 71 orders: 70 more, 71 times as much."),
        (1000, 71, "You predicted 1,000 orders. It is 71 orders: 929 less, you said 14 times as much."),
        (0, 71, "You predicted 0 orders. It is 71 orders: 71 more."),
        (2.5, 0, "You predicted 2.5 orders. It is 0 orders: 2.5 less."),
    ],
)
def test_numbers_stand_side_by_side_with_how_far_off(predicted, outcome, said):
    assert str(orders().set(predicted).beside(outcome)) == said


def test_percentages_differ_by_points():
    guess = mqlab.predict("How busy is it?", unit="%").set(80)
    assert str(guess.beside(90)) == "You predicted 80 %. It is 90 %: 10 percentage points more."


def test_numbers_of_numpy_are_numbers():
    beside = orders().set(np.int64(71)).beside(np.int64(71))
    assert beside.right is True
    assert type(beside.outcome) is int


@pytest.mark.parametrize("text", ["1,000", "1_000", " 1000 ", "1000 orders", "1e3"])
def test_a_number_may_be_written_as_people_write_it(text):
    assert orders().set(text).value == 1000


@pytest.mark.parametrize("value", ["many", "nan", "inf", True, [3], "", "9" * 400 + "e999"])
def test_what_is_no_number_is_refused_and_nothing_changes(value):
    guess = orders().set(3)
    with pytest.raises(BadInput, match="is not a number"):
        guess.set(value)
    assert guess.value == 3


def test_bounds_are_kept():
    guess = orders(low=0, high=1000)
    with pytest.raises(BadInput, match="it is from 0 to 1,000 orders"):
        guess.set(1001)
    assert mqlab.predict("At least?", low=1).bounds == "at least 1"
    assert mqlab.predict("At most?", high=1).bounds == "at most 1"
    assert mqlab.predict("Anything?").bounds == ""


@pytest.mark.parametrize("bounds", [{"low": 5, "high": 1}, {"low": 1, "high": 1}])
def test_bounds_that_hold_no_number_are_refused(bounds):
    with pytest.raises(BadInput, match="no number is from"):
        orders(**bounds)


def test_bounds_are_numbers():
    with pytest.raises(BadInput, match="`nan` is not a number"):
        orders(low=float("nan"))


def test_choices_are_compared_as_they_are():
    guess = mqlab.predict("Where?", choices=["the till", "the broker"])
    assert str(guess.beside("the till")) == "You predicted nothing. It is: the till."
    assert str(guess.set("the broker").beside("the till")) == "You predicted: the broker. It is: the till."
    assert str(guess.beside("the broker")) == "You predicted: the broker. So it is."
    with pytest.raises(BadInput, match="did you mean"):
        guess.set("the brokr")
    with pytest.raises(BadInput, match="none of the choices; choose from: "):
        guess.beside("the moon")


def test_choices_may_be_numbers():
    guess = mqlab.predict("How many copies?", choices=[1, 2, 3]).set("2")
    assert guess.value == 2
    assert guess.beside(2).right


def test_an_answer_is_kept_when_the_cell_is_run_again():
    orders().set(50)
    assert orders().value == 50
    assert orders().set(None).value is None


def test_another_question_begins_anew():
    orders().set(50)
    assert orders(high=10).value is None
    assert mqlab.predict("How many are late?", unit="orders").value is None


def test_a_question_and_its_choices_are_needed():
    with pytest.raises(BadInput, match="no question"):
        mqlab.predict("  ")
    with pytest.raises(BadInput, match="no question"):
        mqlab.predict(5)
    for few in ([], ["one"], ["same", "same"]):
        with pytest.raises(BadInput, match="choose from"):
            mqlab.predict("Which?", choices=few)


def test_the_text_form_names_what_is_asked_and_kept():
    guess = mqlab.predict("Where?", choices=["a", "b"])
    assert repr(guess) == "Where?\n  - a\n  - b\n  You have not predicted yet."
    assert repr(orders().set(50)).endswith("You predict 50 orders.")


def test_the_picture_shows_both_and_escapes_what_it_is_given():
    bars = mqlab.predict("How much?", unit="<b>").set(25).beside(100)._repr_html_()
    assert [float(wide) for wide in re.findall(r"width:max\(2px,([\d.]+)%", bars)] == [15.0, 60.0]
    assert "<b>" not in re.sub(r"<b style.*?>|</?b>", "", bars.replace('<b style="white-space:nowrap">', ""))
    marks = mqlab.predict("Which?", choices=["<i>", "b"]).set("b").beside("<i>")._repr_html_()
    assert "<i>" not in marks
    assert "● you predicted this" in marks
    assert "✓ so it is" in marks


def test_two_zeros_can_be_drawn():
    assert "exactly that" in orders().set(0).beside(0)._repr_html_()


def test_without_ipywidgets_it_is_text(monkeypatch):
    monkeypatch.setattr(predicting, "find_spec", lambda name: None)
    assert orders()._repr_mimebundle_() == {"text/plain": f"{QUESTION}\n  You have not predicted yet."}


class TestWidget:
    """The field and the buttons, moved as a person would."""

    @pytest.fixture(autouse=True)
    def _installed(self):
        pytest.importorskip("ipywidgets")

    @staticmethod
    def parts(guess):
        question, line, said = guess.widget().children
        return question, line.children[0], said

    def test_a_notebook_gets_a_widget_and_the_text(self):
        bundle = orders()._repr_mimebundle_()
        assert "application/vnd.jupyter.widget-view+json" in bundle
        assert bundle["text/plain"].startswith(QUESTION)

    def test_what_is_typed_is_kept_and_confirmed(self):
        guess = orders(low=0, high=1000)
        _, field, said = self.parts(guess)
        assert field.placeholder == "a number from 0 to 1,000"
        field.value = "1000"
        assert guess.value == 1000
        assert (field.value, "Kept" in said.value) == ("1,000", True)
        field.value = ""
        assert guess.value is None

    def test_what_cannot_be_understood_says_so_and_keeps_the_last_answer(self):
        guess = orders(high=1000)
        _, field, said = self.parts(guess)
        field.value = "50"
        field.value = "many <b>"
        assert guess.value == 50
        assert "`many &lt;b&gt;` is not a number" in said.value
        field.value = "5000"
        assert guess.value == 50
        assert "at most 1,000 orders" in said.value

    def test_setting_by_code_moves_the_field(self):
        guess = orders()
        _, field, _ = self.parts(guess)
        guess.set(50)
        assert field.value == "50"
        guess.value = None
        assert field.value == ""

    def test_a_choice_is_clicked(self):
        guess = mqlab.predict("How many copies?", choices=[0, 1])
        _, buttons, said = self.parts(guess)
        assert buttons.value is None
        buttons.value = 0
        assert guess.value == 0
        assert "Kept" in said.value

    def test_one_widget_however_often_it_is_shown(self):
        assert orders().widget() is orders().widget()
        assert self.parts(mqlab.predict("A <b>?"))[0].value == "<b>A &lt;b&gt;?</b>"
