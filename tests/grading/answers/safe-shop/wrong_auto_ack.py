# The stock acknowledges before the work.
# loses: every order is done
# loses: no order is done twice
# loses: little comes again after a crash
# loses: nine of ten orders are done in time
def configure():
    return {
        "queues.orders.durable": True,
        "producers.shop.message.persistent": True,
        "producers.shop.confirm.timeout": "1 s",
        "producers.shop.confirm.max_in_flight": 1_000,
        "producers.shop.retry.attempts": 50,
        "consumers.stock.ack": "auto",
        "consumers.stock.prefetch": 50,
        "consumers.stock.deduplicate": True,
    }
