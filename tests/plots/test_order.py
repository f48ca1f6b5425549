"""The picture of order: who is drawn as late is who the check counts as late."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

import mqlab
from mqlab.plots import caption, draw
from mqlab.plots.look import RED


@pytest.fixture(scope="module")
def disordered() -> mqlab.Run:
    return mqlab.run("order-lost-one-nack", overrides=["duration=2 s"])


def titles(figure: Figure) -> list[str]:
    return [axes.get_title(loc="left") for axes in figure.axes]


def labels_of_late_lines(figure: Figure) -> set[str]:
    return {text.get_text() for text in figure.axes[0].texts if text.get_color() == RED}


def test_late_messages_are_those_of_the_check(disordered: mqlab.Run) -> None:
    late = disordered.summary["anomalies"]["out_of_order"]
    figure = disordered.plot("order")
    assert late > 0
    assert titles(figure)[1].endswith(f" {late} late")
    assert labels_of_late_lines(figure) & {str(message) for message in disordered.which("out_of_order")}
    assert f"{late} message" in caption("order", disordered.trace, disordered.model)


def test_a_key_of_ones_own(disordered: mqlab.Run) -> None:
    figure = disordered.plot("order", key=3)
    assert titles(figure)[0].endswith("of key 3")
    shown = {int(text.get_text()) for text in figure.axes[0].texts}
    fates = disordered.fates
    assert shown <= set(fates.loc[fates["key"] == 3, "message"])


def test_a_key_that_nobody_has_is_said_in_words(disordered: mqlab.Run) -> None:
    figure = draw("order", disordered.trace, key=999)
    assert not figure.axes
    assert any("key 999" in text.get_text() for text in figure.texts)


def test_order_that_was_kept_crosses_nothing() -> None:
    kept = mqlab.run("order-kept-one-consumer", overrides=["duration=1 s"])
    assert not labels_of_late_lines(kept.plot("order"))
    assert "No line crosses" in caption("order", kept.trace, kept.model)


def test_loss_is_not_disorder() -> None:
    lossy = mqlab.run("loss-consumer-auto-ack")
    assert lossy.summary["anomalies"]["lost"] > 0
    assert titles(lossy.plot("order"))[1].endswith(f" {lossy.summary['anomalies']['out_of_order']} late")
