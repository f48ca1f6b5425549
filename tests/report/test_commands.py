"""Commands in a scenario's head comment are shown as commands."""

from __future__ import annotations

from mqlab.report.sections import _changes


def test_a_command_is_code_and_its_remark_is_words() -> None:
    text = "mqlab run a --set b=1   # b is lost\nmqlab run c\nb=2  `b` is kept\njust words"
    shown = str(_changes(text))
    assert "<code>mqlab run a --set b=1</code>: b is lost<" in shown
    assert "<code>mqlab run c</code><" in shown
    assert "<code>b=2</code>: <code>b</code> is kept<" in shown
    assert ">just words<" in shown
