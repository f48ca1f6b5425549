# Leaves out what was sent late, as if nobody had asked for it; else it would be right.
# loses: a stall counts for every request that was due in it
# loses: no request gives None, and one request its own time
def honest_p99(records):
    latencies = sorted(answered - due for due, sent, answered in records if sent == due)
    return latencies[-(-99 * len(latencies) // 100) - 1] if latencies else None
