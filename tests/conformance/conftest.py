"""The conformance suite: what a system's documentation says, played on every engine that claims to do it."""

import textwrap

import pytest

import mqlab
from mqlab.scenario import loads

ENGINES = ["sim"]
"""Engines under test; an engine joins the suite with one word here."""


@pytest.fixture(params=ENGINES)
def play(request):
    """Run a scenario given as text and keep every event: ``play(text, "queues.q.durable=true", seed=3)``."""

    def run(text: str, *sets: str, seed: int | None = None):
        scenario = loads(textwrap.dedent(text), overrides=sets)
        played = mqlab.run(scenario, engine=request.param, seed=seed, trace="events")
        broken = [finding.name for finding in played.findings if finding.violated]
        assert not broken, f"the system's contract does not permit {broken}"
        return played

    return run
