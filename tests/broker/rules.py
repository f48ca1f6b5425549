"""Which rules of RabbitMQ the real broker keeps, with the tests that show it; and which it has no occasion to keep.

The rules are those of ``tests/conformance/rabbitmq/rules.py``, by their text.
"""

R, C, L, M, W, S, T = (
    f"test_{name}::test_"
    for name in ("routing", "consuming", "limits", "misuse", "waiting", "stress", "transactions")
)
JS, JC, JP = (f"journal.test_{name}::test_" for name in ("surviving", "confirming", "power"))

KEPT = {
    "a direct exchange goes by the equal key": R + "an_exchange_goes_by_its_type",
    "a fanout exchange goes to every queue that is bound": R + "an_exchange_goes_by_its_type",
    "the default exchange goes by the name of the queue": R + "the_default_exchange_goes_by_the_name_of_the_queue",
    "a queue takes a message once, however many bindings match": (
        R + "a_queue_takes_a_message_once_however_many_bindings_match"
    ),
    "a direct exchange knows no words: `dog` matches neither `dog.puppy` nor `dog.guard`": (
        R + "an_exchange_goes_by_its_type"
    ),
    "a topic exchange goes by words: `*` is exactly one of them, `#` zero or more": R + "an_exchange_goes_by_its_type",
    "a headers exchange wants all headers of a binding (the default) or any": (
        R + "a_headers_exchange_wants_all_or_any_and_looks_at_each_message"
    ),
    "headers that begin with x- do not take part unless the match is all-with-x or any-with-x": (
        R + "headers_that_begin_with_x_do_not_take_part_unless_asked_to"
    ),
    "an exchange may be bound to another; rings end, and a queue takes a message once": (
        R + "exchanges_may_be_bound_to_exchanges_even_in_a_ring"
    ),
    "what no binding of an exchange matches goes to its alternate exchange": (
        R + "what_no_binding_matches_goes_to_the_alternate_and_counts_as_routed"
    ),
    "what an alternate exchange takes counts as routed for a mandatory message": (
        R + "what_no_binding_matches_goes_to_the_alternate_and_counts_as_routed"
    ),
    "names of one virtual host mean nothing in another": R + "names_of_one_virtual_host_mean_nothing_in_another",
    "an exclusive queue is deleted with the connection that declared it": (
        L + "an_exclusive_queue_goes_with_its_connection"
    ),
    "an auto-delete queue is deleted when its last consumer is gone, and not before it had one": (
        L + "an_auto_delete_queue_goes_with_its_last_consumer_and_not_before_it_had_one"
    ),
    "a queue with a TTL is deleted when it was unused for so long": (
        L + "a_queue_expires_when_it_was_unused_for_so_long"
    ),
    "what is mandatory and reaches no queue is returned before it is confirmed": (
        R + "a_mandatory_message_that_finds_no_queue_is_returned_before_it_is_confirmed"
    ),
    "what reaches no queue is confirmed as soon as none is found": (
        R + "a_mandatory_message_that_finds_no_queue_is_returned_before_it_is_confirmed"
    ),
    "what is not mandatory and reaches no queue is dropped in silence": (
        R + "a_mandatory_message_that_finds_no_queue_is_returned_before_it_is_confirmed"
    ),
    "what reaches queues is confirmed once all of them took it": (
        L + "reject_publish_refuses_the_newest_says_so_and_leaves_others_their_copy"
    ),
    "a negative confirm means a queue that refuses or a fault inside the broker, nothing else": (
        L + "reject_publish_refuses_the_newest_says_so_and_leaves_others_their_copy"
    ),
    "memory above the high watermark raises an alarm; the limit stops publishers and is no bound": (
        L + "memory_above_the_limit_stops_publishers_until_it_is_less"
    ),
    "a memory or disk alarm blocks connections that publish, and no others": (
        W + "publishers_wait_for_memory_and_go_on_when_there_is_room"
    ),
    "what is confirmed is safe, however connections end": S + "consumers_that_come_and_go_lose_nothing",
    "prefetch bounds what one consumer holds unacknowledged; 0 bounds nothing": (
        C + "prefetch_bounds_what_one_consumer_holds"
    ),
    "a limit for the channel (global=true) is shared by its consumers, beside their own": (
        C + "a_channels_prefetch_is_shared_by_its_consumers_beside_their_own"
    ),
    "prefetch does not concern basic.get, which fetches one message": C + "prefetch_does_not_concern_a_fetch",
    "an acknowledgement with multiple=true settles everything up to its tag": (
        C + "one_acknowledgement_settles_everything_up_to_its_tag"
    ),
    "what is rejected without requeue is discarded, or dead-lettered": C + "what_is_rejected_for_good_is_discarded",
    "what is rejected with requeue comes again, and for ever if it is always rejected": (
        C + "a_requeued_message_goes_back_to_its_place_marked_redelivered"
    ),
    "consumers of a queue take turns": C + "consumers_of_a_queue_take_turns",
    "a requeued message goes back to its original position if possible, else nearer the head": (
        C + "a_requeued_message_goes_back_to_its_place_marked_redelivered"
    ),
    "what is unacknowledged is requeued when its channel or connection ends": (
        C + "what_is_unacknowledged_goes_back_when_its_connection_ends"
    ),
    "a message delivered again is marked redelivered": (
        C + "a_requeued_message_goes_back_to_its_place_marked_redelivered"
    ),
    "with automatic acknowledgement a message counts as delivered when it is sent: at most once": (
        C + "auto_ack_is_acknowledged_when_sent_and_lost_with_the_connection"
    ),
    "automatic acknowledgement knows no back-pressure": (
        C + "auto_ack_is_acknowledged_when_sent_and_lost_with_the_connection"
    ),
    "a length limit counts ready messages only": L + "a_length_limit_counts_ready_messages_only",
    "a full queue drops its oldest message unless told otherwise (drop-head)": (
        L + "a_full_queue_drops_its_oldest_message"
    ),
    "reject-publish discards the newest and tells its publisher no": (
        L + "reject_publish_refuses_the_newest_says_so_and_leaves_others_their_copy"
    ),
    "where one queue refuses, the others keep their copy": (
        L + "reject_publish_refuses_the_newest_says_so_and_leaves_others_their_copy"
    ),
    "a client waits for its replies on an exclusive queue that the server names": (
        C + "a_reply_finds_its_way_by_reply_to"
    ),
    "a reply repeats the correlation id of its request, and one that matches none is dropped": (
        C + "a_reply_finds_its_way_by_reply_to"
    ),
    "a message is never delivered after its time-to-live": L + "a_message_is_never_delivered_after_its_time_to_live",
    "of a queue's and a message's time-to-live the smaller counts": L + "the_smaller_of_both_times_to_live_counts",
    "a message with a time-to-live of its own is removed only at the head": (
        L + "a_message_with_its_own_time_to_live_is_removed_only_at_the_head_also_of_a_plain_queue"
    ),
    "a time-to-live of 0 expires unless the message can be delivered at once": (
        L + "time_to_live_0_expires_unless_it_can_be_delivered_at_once"
    ),
    "a requeued message keeps its expiry": L + "a_requeued_message_keeps_its_expiry",
    "a dead letter keeps its routing key unless the queue gives another": (
        L + "what_dies_is_dead_lettered_with_its_reason_and_its_key"
    ),
    "a dead letter loses the time-to-live of its message": (
        L + "what_dies_is_dead_lettered_with_its_reason_and_its_key"
    ),
    "what expired, was rejected, dropped or came back too often is dead-lettered": (
        L + "what_dies_is_dead_lettered_with_its_reason_and_its_key"
    ),
    "a cycle of dead letters is dropped unless somebody rejected the message in it": (
        L + "a_cycle_without_a_rejection_is_dropped"
    ),
    "dead letters are republished without confirms": L + "a_dead_letter_that_nothing_takes_is_dropped",
    "reject-publish-dlx dead-letters what it refuses": L + "reject_publish_dlx_dead_letters_what_it_refuses",
    "a limit in bytes counts the bodies of ready messages": (
        L + "a_limit_in_bytes_counts_the_bodies_of_ready_messages"
    ),
    "priorities are 0 to 255, missing is 0, beyond the queue's maximum is the maximum": (
        L + "higher_priority_goes_first_and_missing_is_0"
    ),
    "prefetched messages cannot be overtaken": L + "prefetched_messages_cannot_be_overtaken",
    "a full queue with priorities drops from its head; expired messages wait behind higher priorities": (
        L + "a_full_priority_queue_drops_its_head"
    ),
    "a delivery limit counts how often a message came back": L + "a_delivery_limit_counts_returns",
    "a single active consumer is followed in order of registration": (
        C + "a_single_active_consumer_is_followed_in_order_of_registration"
    ),
    "consumers of a higher priority are served until they block": (
        C + "higher_consumer_priorities_are_served_until_they_block"
    ),
    "a publish in a transaction takes effect at the commit": T + "nothing_happens_before_the_commit_and_all_of_it_then",
    "a rollback, or the end of the connection before the commit, discards the transaction": (
        T + "a_rollback_or_the_end_of_the_connection_discards_it"
    ),
    "among several consumers a requeued message goes back to its place within its priority": (
        L + "what_came_back_finds_its_place_within_its_priority"
    ),
    "a queue that is not durable is gone after a restart": (
        JS + "persistent_messages_in_durable_queues_survive_and_others_do_not"
    ),
    "a message survives a restart only if its queue is durable and it is persistent": (
        JS + "persistent_messages_in_durable_queues_survive_and_others_do_not"
    ),
    "a binding survives a restart only if both its ends are durable": (
        JS + "an_exchange_survives_if_it_is_durable_and_a_binding_if_both_its_ends_are"
    ),
    "a persistent message for a durable queue is confirmed once it is on disk": (
        JC + "a_persistent_message_for_a_durable_queue_is_confirmed_once_it_is_synced"
    ),
    "writes are batched, so a confirm may take as long as the batch": (
        JC + "who_publishes_while_a_sync_is_under_way_shares_the_next"
    ),
    "transactions slow publishing by a factor of about 250: an fsync for each commit": (
        JC + "each_commit_waits_for_a_sync_of_its_own"
    ),
    "that is guaranteed from the confirm on, not before": JP + "with_always_nothing_confirmed_is_lost",
}  # fmt: skip

NO_REPLICAS = "there is one broker and no quorum queue"
NO_WIRE = "clients and broker are one process: nothing to shake hands on, to fall silent, or to fill up"

NO_OCCASION = {
    "a message for a quorum queue is confirmed once a quorum of replicas has it": NO_REPLICAS,
    "a quorum queue goes on as long as a majority of its replicas is up": NO_REPLICAS,
    "when the node of a leader fails, a follower is elected and resumes": NO_REPLICAS,
    "a replica that was away is sent only what it lacks": NO_REPLICAS,
    "what was not confirmed has no guarantee": NO_REPLICAS,
    "quorum queues are durable, their messages persistent; exclusive and transient ones there are none": NO_REPLICAS,
    "a quorum queue drops what came back more than its delivery limit: 20 from 4.0, none in 3.x or classic queues": (
        NO_REPLICAS
    ),
    "a quorum queue has up to three replicas unless told otherwise": NO_REPLICAS,
    "a full quorum queue may overshoot its limit by what is on its way": NO_REPLICAS,
    "a commit is not atomic, not even within a single queue": "here it is: all of it happens, or nothing",
    "a blocked client is told so, and told again when all alarms have cleared": NO_WIRE,
    "whoever hears nothing for the heartbeat time-out takes the other side for dead": NO_WIRE,
    "without heartbeats a dead peer may go unnoticed": NO_WIRE,
    "connections beyond the node's limit are refused": NO_WIRE,
    "a handshake that takes too long is given up": NO_WIRE,
    "direct reply-to needs no queue: the reply goes to the channel that asked, without acknowledgement": NO_WIRE,
    "a direct reply is lost if the client went away": NO_WIRE,
    "when a message expires depends on the wall clock": "the clock is a steady one, or the test's",
    "how long a consumer has held a delivery does not depend on the wall clock": "nobody asks how long",
    "an acknowledgement that takes longer than consumer_timeout closes the channel, at a look each minute": (
        "it does as classic brokers do: it waits for ever"
    ),
    "classic brokers have no such time-out": "that is so here, and shows in nothing that happens",
    "a server publishes its reply, then acknowledges the request": "that is the server's business, not the broker's",
}
