"""Every test begins with a reader who has not predicted anything."""

import pytest

from mqlab.interact import predicting


@pytest.fixture(autouse=True)
def nothing_asked(monkeypatch):
    monkeypatch.setattr(predicting, "_asked", {})
