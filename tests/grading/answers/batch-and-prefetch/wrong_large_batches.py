# Collects too many acknowledgements.
# loses: a crash has at most 24 orders done twice
def configure():
    return {
        "consumers.stock.prefetch": 14,
        "consumers.stock.acks.batch": 12,
        "consumers.stock.acks.after": "40 ms",
    }
