# Counts from the moment when a request was sent: what many load tests do.
# loses: a stall counts for every request that was due in it
# loses: no request gives None, and one request its own time
def honest_p99(records):
    if not records:
        return None
    latencies = sorted(answered - sent for due, sent, answered in records)
    return latencies[-(-99 * len(latencies) // 100) - 1]
