# More desks than connections.
# loses: at most 22 % are refused
# loses: the database has at most 24 connections
def configure():
    return {
        "queues.orders.durable": True,
        "queues.orders.overflow": "reject-publish",
        "queues.orders.max_length": 850,
        "consumers.stock.count": 30,
        "consumers.stock.prefetch": 2,
        "consumers.stock.ack": "manual",
    }
