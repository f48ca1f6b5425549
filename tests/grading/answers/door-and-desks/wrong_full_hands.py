# The desks fetch a hundred orders each: the limit of the queue does not count them.
# loses: 99 % of the orders are done within 3.3 s
def configure():
    return {
        "queues.orders.durable": True,
        "queues.orders.overflow": "reject-publish",
        "queues.orders.max_length": 850,
        "consumers.stock.count": 12,
        "consumers.stock.prefetch": 100,
        "consumers.stock.ack": "manual",
    }
