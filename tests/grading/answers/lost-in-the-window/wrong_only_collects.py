# loses: a crash of the process, a slow disk
# loses: a loss of power
# It forgets that the disk is busy.
def lost_orders(rate_per_s, collect_ms, fsync_ms, power):
    window_ms = collect_ms
    in_memory = rate_per_s * window_ms / 1000 / 2  # on average the window is half full
    not_synced = rate_per_s * fsync_ms / 1000 if power else 0
    return in_memory + not_synced
