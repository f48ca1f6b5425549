# Waits for a full batch, in a quiet hour too.
# loses: in a quiet hour an order is off the books 50 ms after it is done
def configure():
    return {
        "consumers.stock.prefetch": 12,
        "consumers.stock.acks.batch": 4,
        "consumers.stock.acks.after": "1 s",
    }
