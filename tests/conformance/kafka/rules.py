"""The rules of Apache Kafka that the lab keeps, each with where it is written and the tests that show it."""

from __future__ import annotations

from typing import Final

from tests.conformance.rule import rule

__all__ = ["RULES"]

_DOCS: Final = "https://kafka.apache.org/documentation/#"
_PRODUCER: Final = f"{_DOCS}producerconfigs_"
_CONSUMER: Final = f"{_DOCS}consumerconfigs_"

RULES: Final = (
    # producers
    rule(
        "acks=all: the leader answers once every replica in sync has the batch", f"{_PRODUCER}acks",
        "test_producers::test_acks_all_waits_for_every_replica_in_sync",
    ),
    rule(
        "acks=1: the leader answers once it has the batch itself", f"{_PRODUCER}acks",
        "test_producers::test_acks_1_waits_for_the_leader_alone",
        "test_replicas::test_what_was_acknowledged_with_acks_1_may_be_lost_with_its_leader",
    ),
    rule(
        "acks=0: the producer waits for no answer, and retries have no effect", f"{_PRODUCER}acks",
        "test_producers::test_acks_0_hears_nothing_and_sends_nothing_again",
    ),
    rule(
        "an idempotent producer writes exactly one copy of each record, however often it sends",
        f"{_PRODUCER}enable.idempotence",
        "test_producers::test_an_idempotent_producer_that_sends_again_is_appended_once",
        "test_producers::test_without_idempotence_what_is_sent_again_may_be_appended_twice",
    ),
    rule(
        "idempotence needs at most five requests in flight, and acks=all", f"{_PRODUCER}enable.idempotence",
        "test_producers::test_idempotence_allows_five_requests_in_flight_and_no_more",
        "test_producers::test_idempotence_asks_for_acks_all",
    ),
    rule(
        "a batch is sent when it is full, or when it has lingered", f"{_PRODUCER}linger.ms",
        "test_producers::test_a_batch_leaves_when_it_is_full_or_has_lingered",
    ),
    rule(
        "what could not be delivered in delivery.timeout.ms is reported as an error", f"{_PRODUCER}delivery.timeout.ms",
        "test_producers::test_the_time_for_delivery_ends_in_an_error",
    ),
    rule(
        "records with the same key go to the same partition", f"{_DOCS}intro_concepts_and_terms",
        "test_producers::test_records_with_the_same_key_stand_in_the_same_partition",
    ),
    # replicas
    rule(
        "only committed records are ever given to a consumer", f"{_DOCS}replication",
        "test_replicas::test_only_what_every_replica_in_sync_has_is_given_to_consumers",
    ),
    rule(
        "a node whose session ends leaves the replicas in sync, and joins them again once it has caught up",
        f"{_DOCS}replication",
        "test_replicas::test_a_node_whose_session_ends_is_in_sync_no_more_and_comes_back_when_it_has_caught_up",
    ),
    rule(
        "a committed record is not lost as long as one replica in sync is alive", f"{_DOCS}replication",
        "test_replicas::test_a_replica_in_sync_leads_next_and_nothing_acknowledged_is_lost",
    ),
    rule(
        "with fewer replicas in sync than min.insync.replicas, acks=all is refused; other acks are not",
        f"{_DOCS}topicconfigs_min.insync.replicas",
        "test_replicas::test_with_fewer_in_sync_than_demanded_acks_all_is_refused",
        "test_replicas::test_with_fewer_in_sync_than_demanded_acks_1_is_still_taken",
    ),
    rule(
        "without unclean elections a partition waits for a replica that was in sync",
        f"{_DOCS}design_uncleanleader",
        "test_replicas::test_without_unclean_elections_nobody_leads_until_one_in_sync_is_back",
    ),
    rule(
        "an unclean election takes the first replica that is back, and loses what it does not have",
        f"{_DOCS}design_uncleanleader",
        "test_replicas::test_an_unclean_election_loses_what_the_new_leader_does_not_have",
    ),
    # consumers
    rule(
        "a consumer sees records in the order in which they stand in the log", f"{_DOCS}intro_concepts_and_terms",
        "test_consumers::test_a_partition_is_read_in_the_order_in_which_it_was_written",
    ),
    rule(
        "each partition is read by exactly one member of a group", f"{_DOCS}design_consumerposition",
        "test_consumers::test_a_partition_belongs_to_one_member_of_a_group",
    ),
    rule(
        "a poll returns at most max.poll.records", f"{_CONSUMER}max.poll.records",
        "test_consumers::test_a_poll_gives_no_more_records_than_asked_for",
    ),
    rule(
        "processing before committing is at least once, committing before processing at most once",
        f"{_DOCS}semantics",
        "test_consumers::test_committing_after_the_work_is_at_least_once",
        "test_consumers::test_committing_before_the_work_is_at_most_once",
    ),
    rule(
        "automatic commits are made every auto.commit.interval.ms", f"{_CONSUMER}auto.commit.interval.ms",
        "test_consumers::test_automatic_commits_repeat_what_was_polled_since_the_last_one",
    ),
    rule(
        "whoever takes a partition over begins at the committed offset", f"{_DOCS}design_consumerposition",
        "test_consumers::test_a_consumer_that_comes_back_reads_on_where_its_group_committed",
    ),
)
