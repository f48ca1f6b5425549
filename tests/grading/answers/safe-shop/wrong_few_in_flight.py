# The shop waits for ten orders at a time.
# loses: nine of ten orders are done in time
def configure():
    return {
        "queues.orders.durable": True,
        "producers.shop.message.persistent": True,
        "producers.shop.confirm.timeout": "1 s",
        "producers.shop.confirm.max_in_flight": 10,
        "producers.shop.retry.attempts": 50,
        "consumers.stock.ack": "manual",
        "consumers.stock.prefetch": 50,
        "consumers.stock.deduplicate": True,
    }
