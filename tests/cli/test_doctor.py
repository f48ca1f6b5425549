"""``mqlab doctor`` and ``mqlab bench``."""

import pytest

from mqlab.cli import doctor

RESULT = {
    "bench": "core",
    "machine": {"cores": 2, "cpu": "a processor", "versions": {"mqlab": "0.1.0"}},
    "rows": [
        {"name": "m/m/8", "unit": "messages/s", "ours": 5e6, "peer": 1.5e5, "peer_name": "SimPy 4",
         "ratio": 33.3, "target": 30.0, "holds": True},
        {"name": "import", "unit": "s", "ours": 0.03, "peer": None, "peer_name": None, "ratio": None,
         "target": None, "holds": None},
    ],
}  # fmt: skip


def test_doctor_finds_this_machine_fit(call):
    ending = call("doctor")
    assert (ending.code, ending.err) == (0, "")
    found = call("doctor", "--json").object
    assert found["healthy"] is True
    subjects = {row["subject"]: row for row in found["findings"]}
    assert {"Python", "numba", "JIT", "kernel cache", "cores", "disk", *doctor.SERVICES} <= set(subjects)
    assert all(row["state"] in ("good", "missing", "broken") and row["text"] for row in found["findings"])


def test_doctor_tells_a_service_that_answers_from_one_that_does_not(monkeypatch):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(doctor, "SERVICES", {"Rabbit": port})
        assert [found.state for found in doctor._services()] == ["good"]
    assert [found.state for found in doctor._services()] == ["missing"]


def test_doctor_fails_if_something_needed_is_broken(call, monkeypatch):
    monkeypatch.setattr(doctor, "LIBRARIES", ("numba", "no-such-library"))
    ending = call("doctor")
    assert ending.code == 1
    assert "no-such-library" in ending.out
    assert call("doctor", "--json").object["healthy"] is False


def test_a_cache_that_cannot_be_written_is_told(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MQLAB_CACHE_DIR", str(tmp_path / "file"))
    found = doctor._cache()
    assert found.state == "missing"
    assert "MQLAB_CACHE_DIR" in found.text


@pytest.fixture
def bench(monkeypatch):
    """Every bench gives the same result."""
    asked = []

    def run_bench(name, progress=None, *, quick=False):
        asked.append((name, quick))
        progress(1.0, "done")
        return RESULT

    monkeypatch.setattr("mqlab.bench.run_bench", run_bench)
    return asked


def test_bench_prints_what_was_measured(call, bench):
    assert call("bench", "core", "--json", "--quick").object == RESULT
    ending = call("bench", "core")
    assert ending.code == 0
    assert "5,000,000" in ending.out
    assert "SimPy 4" in ending.out
    assert bench == [("core", True), ("core", False)]


def test_bench_below_its_target_is_exit_code_1(call, bench, monkeypatch):
    monkeypatch.setitem(RESULT["rows"][0], "holds", False)
    assert call("bench", "core").code == 1
