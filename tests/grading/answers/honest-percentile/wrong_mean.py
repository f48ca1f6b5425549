# The mean, which is near nobody.
# loses: with all requests on time the percentile is right
# loses: a stall counts for every request that was due in it
def honest_p99(records):
    latencies = [answered - due for due, sent, answered in records]
    return sum(latencies) / len(latencies) if latencies else None
