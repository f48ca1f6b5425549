# Says that no request at all took 0 ms.
# loses: no request gives None, and one request its own time
def honest_p99(records):
    latencies = sorted(answered - due for due, sent, answered in records)
    return latencies[-(-99 * len(latencies) // 100) - 1] if latencies else 0.0
