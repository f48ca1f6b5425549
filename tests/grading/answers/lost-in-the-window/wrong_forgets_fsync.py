# loses: a loss of power
# It takes what is written for safe.
def lost_orders(rate_per_s, collect_ms, fsync_ms, power):
    busy = rate_per_s * fsync_ms / 1000 > 1  # more than one order comes while the disk writes
    window_ms = fsync_ms if busy else collect_ms
    in_memory = rate_per_s * window_ms / 1000 / 2  # on average the window is half full
    not_synced = 0
    return in_memory + not_synced
