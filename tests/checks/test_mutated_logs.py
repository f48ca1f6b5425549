"""Take the trace of a run that is in order, break one thing, and exactly the check that is meant speaks up."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from mqlab.checks import judge
from mqlab.engines.simulation import SimulationEngine
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Rows
from tests.support.logs import log, reader, topic
from tests.support.models import event_rows

MODEL = log(topics=[topic(partitions=2)], consumers=[reader(count=2)], duration_ns=60_000_000)


@cache
def good():
    return SimulationEngine().run(MODEL)


def spoken(rows):
    """Names of the anomalies that are found when the run's events are these."""
    order = np.argsort(rows["time_ns"], kind="stable")
    broken = replace(good(), events=Rows(rows[order]))
    return {finding.name for finding in judge(broken, {}, model=MODEL) if finding.count}


def polls(rows):
    """Rows of polls from one partition, which one member reads; the other member never sees it."""
    got = rows[rows["kind"] == Kind.DELIVERED]
    mine = got[got["queue"] == got[0]["queue"]]
    assert len(set(mine["actor"].tolist())) == 1
    assert len(mine) > 10
    return mine, got[got["queue"] != got[0]["queue"]]


def without(rows, row):
    return rows[~((rows["kind"] == row["kind"]) & (rows["message"] == row["message"]))]


def changed(row, **fields):
    new = row.copy()
    for name, value in fields.items():
        new[name] = value
    return new.reshape(1)


def appended_again(rows):
    log_end = rows[rows["kind"] == Kind.APPENDED]["first"].max() + 100
    first = rows[rows["kind"] == Kind.APPENDED][3]
    return np.r_[rows, changed(first, first=log_end, copy=1, time_ns=rows["time_ns"].max())]


def one_offset_given_another_record(rows):
    mine, others = polls(rows)
    return np.r_[rows, changed(mine[4], message=others[0]["message"], actor=others[0]["actor"])]


def polled_once_more(rows):
    mine, _ = polls(rows)
    at = np.flatnonzero((rows["kind"] == Kind.DELIVERED) & (rows["message"] == mine[5]["message"]))[0]
    return np.insert(rows, at + 1, rows[at])


def polled_by_another_member(rows):
    mine, others = polls(rows)
    return np.r_[without(rows, mine[5]), changed(mine[5], actor=others[0]["actor"])]


def passed_over_at_a_new_beginning(rows):
    mine, _ = polls(rows)
    begin = changed(mine[5], kind=Kind.CLIENT_RESTARTED, message=-1, queue=-1)
    at = np.flatnonzero((rows["kind"] == Kind.DELIVERED) & (rows["message"] == mine[5]["message"]))[0]
    return np.r_[rows[:at], begin, rows[at + 1 :]]


MUTATIONS = {
    appended_again: {"log_duplicate"},
    one_offset_given_another_record: {"inconsistent_offsets"},
    polled_once_more: {"nonmonotonic"},
    polled_by_another_member: {"skipped"},
    passed_over_at_a_new_beginning: {"unseen"},
}


def test_the_run_is_in_order():
    assert spoken(event_rows(good())) == set()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_one_thing_broken_is_one_anomaly(mutation):
    assert spoken(mutation(event_rows(good()).copy())) == MUTATIONS[mutation]


def test_a_poll_that_is_missing_is_skipped_and_unseen():
    rows = event_rows(good())
    assert spoken(without(rows, polls(rows)[0][5])) == {"skipped", "unseen"}
