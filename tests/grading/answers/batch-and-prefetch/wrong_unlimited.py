# Lets the broker hand out all it has.
# loses: a crash brings back at most 60 orders
def configure():
    return {
        "consumers.stock.prefetch": 0,
        "consumers.stock.acks.batch": 3,
        "consumers.stock.acks.after": "10 ms",
    }
