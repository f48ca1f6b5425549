"""The rules of RabbitMQ that the lab keeps, each with where it is written and the tests that show it.

One line a rule, in the order of the topics: exchanges, confirms, durability, consumers, limits. A rule without a
test is refused by ``test_rules.py``.
"""

from __future__ import annotations

from typing import Final

from tests.conformance.rule import rule

__all__ = ["RULES"]

_DOCS: Final = "https://www.rabbitmq.com/docs/"
_TUTORIALS: Final = "https://www.rabbitmq.com/tutorials/"
_CONCEPTS: Final = "https://www.rabbitmq.com/tutorials/amqp-concepts"
_QUORUM: Final = f"{_DOCS}quorum-queues"
_WHEN: Final = f"{_DOCS}confirms#when-publishes-are-confirmed"


RULES: Final = (
    # exchanges
    rule(
        "a direct exchange goes by the equal key", f"{_CONCEPTS}#exchange-direct",
        "test_exchanges::test_a_direct_exchange_goes_by_the_equal_key",
        "test_exchanges::test_a_direct_exchange_knows_no_almost",
    ),
    rule(
        "a fanout exchange goes to every queue that is bound", f"{_CONCEPTS}#exchange-fanout",
        "test_exchanges::test_a_fanout_exchange_ignores_the_key",
    ),
    rule(
        "the default exchange goes by the name of the queue", f"{_CONCEPTS}#exchange-default",
        "test_exchanges::test_the_default_exchange_goes_by_the_name_of_the_queue",
    ),
    rule(
        "a queue takes a message once, however many bindings match", f"{_DOCS}exchanges",
        "test_exchanges::test_at_most_once_per_queue_however_many_bindings_match",
    ),
    rule(
        "a direct exchange knows no words: `dog` matches neither `dog.puppy` nor `dog.guard`",
        f"{_CONCEPTS}#exchange-direct",
        "test_topics_and_headers::test_the_direct_key_dog_matches_neither_puppies_nor_guard_dogs",
    ),
    rule(
        "a topic exchange goes by words: `*` is exactly one of them, `#` zero or more", f"{_DOCS}exchanges#topic",
        "test_topics_and_headers::test_a_star_stands_for_exactly_one_word",
        "test_topics_and_headers::test_a_hash_stands_for_zero_or_more_words",
        "test_topics_and_headers::test_a_topic_exchange_without_wildcards_is_a_direct_one",
    ),
    rule(
        "a headers exchange wants all headers of a binding (the default) or any", f"{_CONCEPTS}#exchange-headers",
        "test_topics_and_headers::test_a_headers_exchange_wants_all_or_any",
        "test_topics_and_headers::test_all_is_what_a_headers_binding_wants_unless_it_says_any",
    ),
    rule(
        "headers that begin with x- do not take part unless the match is all-with-x or any-with-x",
        f"{_CONCEPTS}#exchange-headers",
        "test_topics_and_headers::test_headers_that_begin_with_x_do_not_take_part_unless_asked_to",
    ),
    rule(
        "an exchange may be bound to another; rings end, and a queue takes a message once", f"{_DOCS}e2e",
        "test_topics_and_headers::test_an_exchange_bound_to_another_passes_messages_on",
        "test_topics_and_headers::test_a_ring_of_exchanges_ends_and_a_queue_takes_a_message_once",
    ),
    rule(
        "what no binding of an exchange matches goes to its alternate exchange", f"{_DOCS}ae",
        "test_topics_and_headers::test_what_no_binding_matches_goes_to_the_alternate_exchange",
        "test_topics_and_headers::test_alternates_are_tried_in_a_chain_and_a_ring_of_them_ends",
    ),
    rule(
        "what an alternate exchange takes counts as routed for a mandatory message", f"{_DOCS}ae",
        "test_mandatory::test_what_an_alternate_exchange_takes_counts_as_routed",
    ),
    rule(
        "names of one virtual host mean nothing in another", f"{_DOCS}vhosts",
        "test_topics_and_headers::test_names_of_one_virtual_host_mean_nothing_in_another",
    ),
    # the life of queues
    rule(
        "an exclusive queue is deleted with the connection that declared it", f"{_DOCS}queues#exclusive-queues",
        "test_queue_lives::test_an_exclusive_queue_is_deleted_with_its_connection",
        "test_queue_lives::test_an_exclusive_queue_does_not_outlive_the_broker_even_if_durable",
    ),
    rule(
        "an auto-delete queue is deleted when its last consumer is gone, and not before it had one",
        f"{_DOCS}queues#temporary-queues",
        "test_queue_lives::test_an_auto_delete_queue_is_deleted_with_its_last_consumer",
        "test_queue_lives::test_an_auto_delete_queue_that_never_had_a_consumer_stays",
        "test_queue_lives::test_what_stood_in_a_deleted_queue_goes_with_it",
    ),
    rule(
        "a queue with a TTL is deleted when it was unused for so long", f"{_DOCS}ttl#queue-ttl",
        "test_queue_lives::test_a_queue_expires_when_it_was_unused_for_so_long",
    ),
    rule(
        "a queue that is not durable is gone after a restart", f"{_DOCS}queues#durability",
        "test_queue_lives::test_a_queue_that_is_not_durable_is_gone_after_a_restart_until_somebody_declares_it",
    ),
    rule(
        "a binding survives a restart only if both its ends are durable", f"{_CONCEPTS}#exchanges",
        "test_queue_lives::test_a_binding_survives_a_restart_only_if_both_its_ends_are_durable",
    ),
    # confirms
    rule(
        "what is mandatory and reaches no queue is returned before it is confirmed", _WHEN,
        "test_mandatory::test_a_mandatory_message_that_finds_no_queue_is_returned_before_it_is_confirmed",
        "test_mandatory::test_mandatory_is_off_unless_it_is_asked_for",
    ),
    rule(
        "what reaches no queue is confirmed as soon as none is found", _WHEN,
        "test_confirms::test_unroutable_is_confirmed_as_soon_as_no_queue_is_found",
    ),
    rule(
        "what is not mandatory and reaches no queue is dropped in silence", f"{_DOCS}publishers#unroutable",
        "test_mandatory::test_what_is_not_mandatory_is_dropped_and_confirmed_without_a_word",
        "test_confirms::test_unroutable_is_confirmed_as_soon_as_no_queue_is_found",
    ),
    rule(
        "what reaches queues is confirmed once all of them took it", _WHEN,
        "test_confirms::test_a_transient_message_is_confirmed_once_its_queue_took_it",
        "test_confirms::test_routable_is_confirmed_once_all_queues_took_it",
    ),
    rule(
        "a persistent message for a durable queue is confirmed once it is on disk", _WHEN,
        "test_confirms::test_persistent_on_durable_is_confirmed_once_on_disk",
        "test_confirms::test_only_persistent_and_durable_together_wait_for_the_disk",
    ),
    rule(
        "a message for a quorum queue is confirmed once a quorum of replicas has it", _WHEN,
        "test_quorum_queues::test_a_confirm_comes_once_a_majority_of_replicas_has_it_on_disk",
    ),
    rule(
        "writes are batched, so a confirm may take as long as the batch", f"{_DOCS}confirms#publisher-confirms-latency",
        "test_confirms::test_writes_are_batched_so_a_confirm_may_take_as_long_as_the_batch",
    ),
    rule(
        "a negative confirm means a queue that refuses or a fault inside the broker, nothing else",
        f"{_DOCS}confirms#server-sent-nacks",
        "test_confirms::test_a_nack_comes_only_from_a_queue_that_refuses",
        "test_confirms::test_a_broker_that_dies_says_nothing_so_the_outcome_is_unknown_not_no",
    ),
    # durability
    rule(
        "a message survives a restart only if its queue is durable and it is persistent", f"{_DOCS}queues#durability",
        "test_durability::test_survives_a_restart_only_if_durable_and_persistent",
    ),
    rule(
        "that is guaranteed from the confirm on, not before",
        f"{_DOCS}confirms#publisher-confirms-and-guaranteed-delivery",
        "test_durability::test_a_durable_persistent_message_is_guaranteed_from_its_confirm_on",
        "test_durability::test_before_its_confirm_a_message_may_vanish_although_durable_and_persistent",
    ),
    # transactions
    rule(
        "a publish in a transaction takes effect at the commit", f"{_DOCS}semantics#tx",
        "test_transactions::test_queues_see_a_publish_only_when_its_transaction_is_committed",
        "test_transactions::test_commit_ok_says_that_the_broker_has_taken_over_and_persistent_messages_are_on_disk",
    ),
    rule(
        "a rollback, or the end of the connection before the commit, discards the transaction", f"{_DOCS}semantics#tx",
        "test_transactions::test_a_rollback_discards_all_publishes_of_the_transaction",
        "test_transactions::test_an_open_transaction_is_rolled_back_when_its_connection_ends",
    ),
    rule(
        "a commit is not atomic, not even within a single queue", f"{_DOCS}semantics#tx",
        "test_transactions::test_a_commit_is_not_atomic",
    ),
    rule(
        "transactions slow publishing by a factor of about 250: an fsync for each commit",
        f"{_DOCS}confirms#publisher-confirms",
        "test_transactions::test_every_commit_has_an_fsync_of_its_own",
        "test_transactions::test_a_transaction_for_each_message_is_slower_than_confirms_by_the_published_order",
    ),
    # what the broker's resources do
    rule(
        "memory above the high watermark raises an alarm; the limit stops publishers and is no bound",
        f"{_DOCS}memory#threshold",
        "test_broker_resources::test_memory_above_the_limit_raises_an_alarm_and_below_it_clears_it",
    ),
    rule(
        "a memory or disk alarm blocks connections that publish, and no others", f"{_DOCS}alarms",
        "test_broker_resources::test_an_alarm_blocks_publishers_only",
        "test_broker_resources::test_a_connection_that_does_not_publish_is_not_blocked",
    ),
    rule(
        "a blocked client is told so, and told again when all alarms have cleared", f"{_DOCS}connection-blocked",
        "test_broker_resources::test_a_blocked_client_is_told_once_until_all_alarms_have_cleared",
    ),
    # connections
    rule(
        "whoever hears nothing for the heartbeat time-out takes the other side for dead", f"{_DOCS}heartbeats",
        "test_connections::test_a_client_that_is_not_heard_for_the_heartbeat_time_out_is_closed",
        "test_connections::test_a_client_that_hears_nothing_for_the_heartbeat_time_out_gives_its_connection_up",
        "test_connections::test_heartbeats_find_a_process_that_stands_still_although_its_connection_lives",
    ),
    rule(
        "without heartbeats a dead peer may go unnoticed", f"{_DOCS}heartbeats#disabling",
        "test_connections::test_without_heartbeats_nobody_notices",
    ),
    rule(
        "what is confirmed is safe, however connections end",
        f"{_DOCS}reliability",
        "test_connections::test_nothing_confirmed_is_lost_whatever_befalls_connections",
        "test_connections::test_what_comes_back_when_a_connection_is_lost_is_marked_redelivered",
    ),
    rule(
        "connections beyond the node's limit are refused", f"{_DOCS}connections",
        "test_connections::test_beyond_the_limit_connections_are_refused_and_tried_again_later",
    ),
    rule(
        "a handshake that takes too long is given up", f"{_DOCS}networking",
        "test_connections::test_a_handshake_that_takes_too_long_is_given_up",
    ),
    rule(
        "when a message expires depends on the wall clock",
        "https://github.com/rabbitmq/rabbitmq-server/blob/main/deps/rabbit/src/rabbit_amqqueue_process.erl",
        "test_clocks::test_a_clock_that_is_set_ahead_lets_messages_expire_early",
        "test_clocks::test_a_clock_that_is_set_back_keeps_messages_that_are_too_old",
    ),
    rule(
        "how long a consumer has held a delivery does not depend on the wall clock",
        "https://github.com/rabbitmq/rabbitmq-server/blob/main/deps/rabbit/src/rabbit_channel.erl",
        "test_clocks::test_consumer_time_outs_and_heartbeats_do_not_look_at_the_wall_clock",
    ),
    # consumers
    rule(
        "prefetch bounds what one consumer holds unacknowledged; 0 bounds nothing", f"{_DOCS}consumer-prefetch",
        "test_round_robin_and_prefetch::test_prefetch_bounds_what_one_consumer_holds_unacknowledged",
        "test_round_robin_and_prefetch::test_prefetch_0_bounds_nothing",
    ),
    rule(
        "a limit for the channel (global=true) is shared by its consumers, beside their own",
        f"{_DOCS}consumer-prefetch#sharing-the-limit",
        "test_channels::test_a_channels_prefetch_is_shared_by_its_consumers_beside_their_own",
        "test_channels::test_a_consumers_prefetch_is_its_own",
    ),
    rule(
        "prefetch does not concern basic.get, which fetches one message", f"{_DOCS}consumers#fetching",
        "test_pull::test_prefetch_does_not_concern_basic_get",
        "test_pull::test_basic_get_fetches_one_message_at_a_time",
        "test_pull::test_an_empty_queue_answers_that_it_is_empty",
        "test_pull::test_a_message_waits_for_the_next_question_where_push_brings_it_at_once",
        "test_pull::test_a_fetched_message_comes_back_when_its_channel_ends_before_the_acknowledgement",
    ),
    rule(
        "an acknowledgement with multiple=true settles everything up to its tag",
        f"{_DOCS}confirms#consumer-acks-multiple-parameter",
        "test_channels::test_one_acknowledgement_settles_everything_up_to_its_tag",
        "test_channels::test_so_does_it_with_what_the_client_never_answered",
        "test_channels::test_until_it_is_sent_all_of_a_batch_may_come_again",
    ),
    rule(
        "what is rejected without requeue is discarded, or dead-lettered", f"{_DOCS}confirms#consumer-nacks-requeue",
        "test_rejection::test_rejected_without_requeue_is_discarded_where_there_is_no_dead_letter_exchange",
    ),
    rule(
        "what is rejected with requeue comes again, and for ever if it is always rejected",
        f"{_DOCS}confirms#consumer-nacks-requeue",
        "test_rejection::test_rejected_with_requeue_comes_again_at_its_place_marked_redelivered",
        "test_rejection::test_a_consumer_that_always_requeues_makes_a_loop",
    ),
    rule(
        "an acknowledgement that takes longer than consumer_timeout closes the channel, at a look each minute",
        f"{_DOCS}consumers#acknowledgement-timeout",
        "test_channels::test_a_delivery_not_acknowledged_in_time_closes_the_channel",
        "test_channels::test_what_was_unacknowledged_on_it_is_requeued_and_marked_redelivered",
        "test_channels::test_who_acknowledges_in_time_keeps_its_channel",
    ),
    rule(
        "classic brokers have no such time-out", f"{_DOCS}consumers#acknowledgement-timeout",
        "test_channels::test_the_classic_broker_waits_for_an_acknowledgement_for_ever",
    ),
    rule(
        "consumers of a queue take turns", f"{_CONCEPTS}#exchange-default",
        "test_round_robin_and_prefetch::test_without_a_prefetch_limit_consumers_take_turns",
    ),
    rule(
        "a requeued message goes back to its original position if possible, else nearer the head",
        f"{_DOCS}confirms#consumer-nacks-requeue",
        "test_acknowledgements::test_a_requeued_message_goes_back_to_its_original_position",
        "test_acknowledgements::test_when_it_cannot_have_its_place_back_a_requeued_message_stands_nearer_the_head",
    ),
    rule(
        "what is unacknowledged is requeued when its channel or connection ends",
        f"{_DOCS}confirms#automatic-requeueing",
        "test_acknowledgements::test_unacknowledged_deliveries_go_back_when_the_connection_ends",
    ),
    rule(
        "a message delivered again is marked redelivered", f"{_DOCS}confirms#automatic-requeueing",
        "test_acknowledgements::test_a_requeued_message_is_marked_redelivered",
    ),
    rule(
        "with automatic acknowledgement a message counts as delivered when it is sent: at most once",
        f"{_DOCS}confirms#acknowledgement-modes",
        "test_acknowledgements::test_auto_ack_is_acknowledged_when_sent",
        "test_acknowledgements::test_auto_ack_is_at_most_once",
    ),
    rule(
        "automatic acknowledgement knows no back-pressure", f"{_DOCS}confirms#acknowledgement-modes",
        "test_acknowledgements::test_auto_ack_knows_no_back_pressure",
    ),
    # limits
    rule(
        "a length limit counts ready messages only", f"{_DOCS}maxlength",
        "test_max_length::test_max_length_counts_ready_messages_only",
        "test_max_length::test_without_a_limit_nothing_is_dropped",
    ),
    rule(
        "a full queue drops its oldest message unless told otherwise (drop-head)",
        f"{_DOCS}maxlength#default-behaviour",
        "test_max_length::test_drop_head_is_the_default_and_drops_the_oldest",
    ),
    rule(
        "reject-publish discards the newest and tells its publisher no", f"{_DOCS}maxlength#overflow-behaviour",
        "test_max_length::test_reject_publish_refuses_the_newest_and_says_so",
    ),
    rule(
        "where one queue refuses, the others keep their copy", f"{_DOCS}maxlength#overflow-behaviour",
        "test_max_length::test_a_queue_that_refuses_leaves_the_others_their_copy",
    ),
    # quorum queues
    rule(
        "a quorum queue goes on as long as a majority of its replicas is up", f"{_QUORUM}#quorum-requirements",
        "test_quorum_queues::test_one_of_three_nodes_may_go_and_nothing_confirmed_is_lost",
        "test_quorum_queues::test_without_a_majority_it_makes_no_progress_and_loses_nothing_confirmed",
    ),
    rule(
        "when the node of a leader fails, a follower is elected and resumes", f"{_QUORUM}#leader-election",
        "test_quorum_queues::test_when_the_leader_fails_a_follower_is_elected_and_resumes",
    ),
    rule(
        "a replica that was away is sent only what it lacks", f"{_QUORUM}#leader-election",
        "test_quorum_queues::test_a_replica_that_was_away_is_sent_only_what_it_lacks",
    ),
    rule(
        "what was not confirmed has no guarantee", f"{_QUORUM}#data-safety",
        "test_quorum_queues::test_what_was_not_confirmed_may_be_lost_with_the_leader",
    ),
    rule(
        "quorum queues are durable, their messages persistent; exclusive and transient ones there are none",
        f"{_QUORUM}#feature-matrix",
        "test_quorum_queues::test_messages_are_on_disk_whatever_their_mode_and_queues_always_durable",
        "test_quorum_queues::test_what_a_quorum_queue_does_not_do_is_refused",
    ),
    rule(
        "a quorum queue drops what came back more than its delivery limit: 20 from 4.0, none in 3.x or classic queues",
        f"{_QUORUM}#poison-message-handling",
        "test_quorum_queues::"
        "test_a_quorum_queue_drops_what_came_back_more_than_20_times_and_a_classic_one_counts_nothing",
    ),
    rule(
        "a quorum queue has up to three replicas unless told otherwise", f"{_QUORUM}#replication-factor",
        "test_quorum_queues::test_up_to_three_replicas_by_default",
    ),
    rule(
        "a full quorum queue may overshoot its limit by what is on its way", f"{_QUORUM}#length-limit",
        "test_quorum_queues::test_a_full_queue_overshoots_its_limit_by_what_is_on_its_way",
    ),
    # requests and replies
    rule(
        "a client waits for its replies on an exclusive queue that the server names",
        f"{_TUTORIALS}tutorial-six-python",
        "test_request_reply::test_a_client_waits_on_a_queue_of_its_own_named_by_the_server",
        "test_request_reply::test_an_exclusive_reply_queue_goes_with_its_connection",
    ),
    rule(
        "a reply repeats the correlation id of its request, and one that matches none is dropped",
        f"{_TUTORIALS}tutorial-six-python",
        "test_request_reply::test_a_reply_repeats_the_correlation_id_of_its_request",
        "test_request_reply::test_a_reply_with_an_unknown_correlation_id_is_dropped",
        "test_request_reply::test_without_a_look_at_the_correlation_id_answers_are_mixed_up",
    ),
    rule(
        "a server publishes its reply, then acknowledges the request", f"{_TUTORIALS}tutorial-six-python",
        "test_request_reply::test_the_server_answers_first_and_acknowledges_then",
    ),
    rule(
        "direct reply-to needs no queue: the reply goes to the channel that asked, without acknowledgement",
        f"{_DOCS}direct-reply-to",
        "test_request_reply::test_a_direct_reply_goes_through_no_queue",
        "test_request_reply::test_a_direct_reply_is_consumed_without_acknowledgement_on_the_channel_that_asked",
        "test_request_reply::test_replies_are_consumed_without_acknowledgement",
    ),
    rule(
        "a direct reply is lost if the client went away", f"{_DOCS}direct-reply-to",
        "test_request_reply::test_a_direct_reply_is_lost_if_the_client_went_away",
    ),
    # queue policies
    rule(
        "a message is never delivered after its time-to-live",
        f"{_DOCS}ttl#per-queue-message-ttl",
        "test_queue_policies::test_a_message_is_never_delivered_after_its_time_to_live",
    ),
    rule(
        "of a queue's and a message's time-to-live the smaller counts",
        f"{_DOCS}ttl#per-message-ttl-in-publishers",
        "test_queue_policies::test_the_smaller_of_both_times_to_live_counts",
    ),
    rule(
        "a message with a time-to-live of its own is removed only at the head",
        f"{_DOCS}ttl#message-ttl-caveats",
        "test_queue_policies::test_a_message_with_its_own_time_to_live_is_removed_only_at_the_head",
    ),
    rule(
        "a time-to-live of 0 expires unless the message can be delivered at once",
        f"{_DOCS}ttl#per-queue-message-ttl",
        "test_queue_policies::test_time_to_live_0_expires_unless_it_can_be_delivered_at_once",
    ),
    rule(
        "a requeued message keeps its expiry",
        f"{_DOCS}ttl#per-queue-message-ttl",
        "test_queue_policies::test_a_requeued_message_keeps_its_expiry",
    ),
    rule(
        "a dead letter keeps its routing key unless the queue gives another",
        f"{_DOCS}dlx#routing",
        "test_queue_policies::test_a_dead_letter_keeps_its_routing_key_unless_overridden",
        "test_queue_policies::test_a_dead_letter_that_nothing_takes_is_dropped",
    ),
    rule(
        "a dead letter loses the time-to-live of its message",
        f"{_DOCS}dlx#effects",
        "test_queue_policies::test_a_message_loses_its_own_time_to_live_when_it_is_dead_lettered",
    ),
    rule(
        "what expired, was rejected, dropped or came back too often is dead-lettered",
        f"{_DOCS}dlx#overview",
        "test_queue_policies::test_what_dies_is_dead_lettered_and_the_reason_is_told",
    ),
    rule(
        "a cycle of dead letters is dropped unless somebody rejected the message in it",
        f"{_DOCS}dlx#routing",
        "test_queue_policies::test_a_cycle_without_a_rejection_is_dropped",
        "test_queue_policies::test_a_cycle_with_a_rejection_goes_round",
    ),
    rule(
        "dead letters are republished without confirms",
        f"{_DOCS}dlx#safety",
        "test_queue_policies::test_dead_letters_are_republished_without_confirms",
    ),
    rule(
        "reject-publish-dlx dead-letters what it refuses",
        f"{_DOCS}maxlength#overflow-behaviour",
        "test_queue_policies::test_reject_publish_dlx_refuses_the_newest_and_dead_letters_it",
    ),
    rule(
        "a limit in bytes counts the bodies of ready messages",
        f"{_DOCS}maxlength",
        "test_queue_policies::test_max_bytes_counts_ready_bytes_and_drops_from_the_head",
    ),
    rule(
        "priorities are 0 to 255, missing is 0, beyond the queue's maximum is the maximum",
        f"{_DOCS}priority",
        "test_queue_policies::test_a_higher_priority_goes_first_and_beyond_the_maximum_counts_as_the_maximum",
        "test_queue_policies::test_a_message_without_priority_has_0",
    ),
    rule(
        "prefetched messages cannot be overtaken",
        f"{_DOCS}priority#interaction-with-consumers",
        "test_queue_policies::test_prefetched_messages_cannot_be_overtaken",
    ),
    rule(
        "a full queue with priorities drops from its head; expired messages wait behind higher priorities",
        f"{_DOCS}priority#interaction-with-other-features",
        "test_queue_policies::test_a_full_priority_queue_drops_its_head_which_is_of_the_highest_priority",
        "test_queue_policies::test_an_expired_message_waits_behind_a_higher_priority",
    ),
    rule(
        "a delivery limit counts how often a message came back",
        f"{_DOCS}quorum-queues#poison-message-handling",
        "test_queue_policies::test_a_delivery_limit_counts_returns",
    ),
    rule(
        "a single active consumer is followed in order of registration",
        f"{_DOCS}consumers#single-active-consumer",
        "test_queue_policies::test_a_single_active_consumer_is_followed_in_order_of_registration",
        "test_queue_policies::test_a_consumer_that_comes_back_stands_at_the_end",
    ),
    rule(
        "consumers of a higher priority are served until they block",
        f"{_DOCS}consumer-priority",
        "test_queue_policies::test_higher_consumer_priorities_are_served_until_they_block",
    ),
    rule(
        "among several consumers a requeued message goes back to its place within its priority",
        f"{_DOCS}confirms#consumer-nacks-requeue",
        "test_queue_policies::test_requeued_among_several_consumers_goes_to_its_original_position_in_its_priority",
    ),
)  # fmt: skip
