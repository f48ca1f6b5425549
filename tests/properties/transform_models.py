"""Random chains of a consumer that makes a record of each it processes, and of who reads them; and what breaks."""

from __future__ import annotations

from hypothesis import strategies as st

from mqlab.model import Arrivals, Fault, LogTransactions, Model
from tests.support.logs import log, lossy, reader, sender, topic
from tests.support.models import MS, US, every, takes, wire

__all__ = ["transform_models"]


@st.composite
def transform_models(draw: st.DrawFn) -> Model:
    """Offsets go with transactions, acks=all; consumer and producer crash, lose packets and connections."""
    link = draw(st.sampled_from([wire(100 * US), lossy(0.1)]))
    partitions = draw(st.integers(1, 2))
    producers = [
        sender("p", to="orders", arrivals=every(MS, 40)),
        sender("made", to="invoices", arrivals=Arrivals("by_hand", stop_ns=60 * MS), made_by="w", link=link,
               transactions=LogTransactions(0, 0, draw(st.sampled_from([0.0, 0.2]))),
               linger_ns=draw(st.sampled_from([0, MS])), request_timeout_ns=10 * MS,
               delivery_ns=draw(st.sampled_from([40 * MS, 2000 * MS]))),
    ]  # fmt: skip
    consumers = [
        reader("w", of="orders", commit="transaction", service=takes(draw(st.sampled_from([100, 900])) * US),
               max_records=draw(st.integers(1, 10))),
        reader("m", of="invoices", isolation="read_committed"),
    ]  # fmt: skip
    at = st.integers(1, 60).map(lambda ms: ms * MS + 130 * US)
    faults = st.builds(lambda at, kind, whom, lasts: Fault(at, kind, whom, 0 if kind == "reset" else lasts), at,
                       st.sampled_from(["crash", "reset", "silence"]), st.just("made"),
                       st.sampled_from([5 * MS, 30 * MS]))  # fmt: skip
    crashes = st.builds(lambda at, whom, lasts: Fault(at, "crash", whom, lasts), at,
                        st.sampled_from(["w", "made", "a", "b"]), st.sampled_from([5 * MS, 30 * MS]))  # fmt: skip
    return log(
        topics=[topic("orders", partitions, min_insync=2), topic("invoices", partitions, min_insync=2)],
        producers=producers, consumers=consumers, faults=draw(st.lists(faults | crashes, max_size=4)),
        seed=draw(st.integers(1, 99)), duration_ns=60 * MS, drain_ns=5000 * MS,
    )  # fmt: skip
