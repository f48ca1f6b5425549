"""Findings against a contract, and conservation."""

from types import SimpleNamespace

import pytest

from mqlab.checks import ANOMALIES, conservation, judge
from mqlab.errors import ConservationError
from mqlab.systems.base import Promise
from mqlab.trace.fates import Cause, Fate
from tests.support.traces import AUDIT, MS, all_labels, fate_row, processed, trace

LOST = fate_row(0, sent_ns=1, confirmed_ns=2 * MS, fate=Fate.LOST, cause=Cause.WIRE)
FORBIDDEN, ALLOWED = Promise(False, "it is promised"), Promise(True, "nobody promised")


def by_name(findings):
    return {finding.name: finding for finding in findings}


def test_one_finding_for_each_anomaly_in_order():
    assert tuple(finding.name for finding in judge(trace([LOST]), {})) == ANOMALIES


@pytest.mark.parametrize(("promise", "violated"), [(FORBIDDEN, True), (ALLOWED, False)])
def test_what_happened_is_held_against_the_contract(promise, violated):
    finding = by_name(judge(trace([LOST]), {"lost": promise}))["lost"]
    assert (finding.count, finding.examples, finding.violated) == (1, (0,), violated)
    assert (finding.permitted, finding.because) == (promise.permitted, promise.because)


def test_what_did_not_happen_violates_nothing():
    findings = judge(trace([processed(0)]), dict.fromkeys(ANOMALIES, FORBIDDEN))
    assert not any(finding.violated for finding in findings)


def test_a_contract_that_is_silent_permits():
    finding = by_name(judge(trace([LOST]), {}))["lost"]
    assert finding.permitted
    assert "says nothing" in finding.because


def test_counts_alone_judge_nothing_and_say_why():
    for finding in judge(trace([LOST], level="counts"), {"lost": FORBIDDEN}):
        assert finding.count is None
        assert finding.not_judged
        assert not finding.violated


def test_the_model_tells_who_asks_for_confirms():
    def asking(confirm):
        asks = SimpleNamespace(name="buyers", learns=confirm is not None, request=None)
        return SimpleNamespace(topics=(), queues=(), producers=[asks])

    run = trace([processed(0, confirmed_ns=-1)])
    counts = [
        by_name(judge(run, {}, model=asking(confirm)))["recovered"].count for confirm in (object(), None)
    ]
    assert counts == [1, 0]
    assert by_name(judge(run, {}))["recovered"].count is None


# --- conservation -----------------------------------------------------------------------------------------

ROWS = [
    processed(0),
    processed(1),
    processed(1, 2, copy=1, queue=AUDIT),
    fate_row(2, fate=Fate.LOST, cause=Cause.CLIENT_BUFFER),
]


def changed(**labels):
    counted = dict.fromkeys(all_labels(), 0) | {"processed": 3, "lost:client_buffer": 1}
    return {"fates": counted | labels}


@pytest.mark.parametrize("level", ["counts", "fates", "events"])
def test_a_run_whose_fates_add_up_is_conserved(level):
    conservation(trace(ROWS, level=level))


@pytest.mark.parametrize(
    ("counters", "words"),
    [
        (changed(processed=2), r"fates add up to 3, but 4 obligations are owed \(-1\)"),
        (changed(in_flight=2), r"\(\+2\)"),
        (changed(processed=5, in_flight=-1, **{"lost:client_buffer": 0}), "less than never"),
        (changed(processed=2, expired=1), "expired: 1 counted, 0 rows; processed: 2 counted, 3 rows"),
        (changed(**{"lost:client_buffer": 0, "lost:wire": 1}), "lost:client_buffer: 0 counted, 1 rows"),
    ],
)
def test_a_difference_is_named(counters, words):
    with pytest.raises(ConservationError, match=words):
        conservation(trace(ROWS, changed=counters))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([*ROWS, processed(0, 3)], "message 0 stand in two places"),
        ([processed(0), processed(0, 1)], "copy 0 of message 0 has two rows"),
        ([processed(0, copy=1, queue=AUDIT), processed(0, 1)], "copy 0 of message 0 has two rows, or"),
    ],
)
def test_an_obligation_ends_once(rows, words):
    with pytest.raises(ConservationError, match=words):
        conservation(trace(rows))


def test_a_missing_row_is_noticed():
    run = trace(ROWS)
    with pytest.raises(ConservationError, match="there are 4 rows for 5 obligations"):
        conservation(trace(ROWS, changed={
            "messages": run.counters.messages | {"owed": 5}, **changed(processed=4),
        }))  # fmt: skip
