"""Threads for the tests of the ring."""

import threading

import pytest


@pytest.fixture
def in_thread():
    """Run a function in a thread of its own; give what it raised, or None."""

    def run(function):
        raised = []

        def body():
            try:
                function()
            except Exception as error:
                raised.append(error)

        thread = threading.Thread(target=body)
        thread.start()
        thread.join(60)
        assert not thread.is_alive()
        return raised[0] if raised else None

    return run
