# Lets everybody in: nobody is refused, and many wait too long.
# loses: 99 % of the orders are done within 3.3 s
def configure():
    return {
        "queues.orders.durable": True,
        "queues.orders.overflow": "reject-publish",
        "queues.orders.max_length": 100000,
        "consumers.stock.count": 12,
        "consumers.stock.prefetch": 2,
        "consumers.stock.ack": "manual",
    }
