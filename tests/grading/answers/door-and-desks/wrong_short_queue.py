# Refuses whoever would have to wait.
# loses: at most 22 % are refused
def configure():
    return {
        "queues.orders.durable": True,
        "queues.orders.overflow": "reject-publish",
        "queues.orders.max_length": 50,
        "consumers.stock.count": 12,
        "consumers.stock.prefetch": 2,
        "consumers.stock.ack": "manual",
    }
