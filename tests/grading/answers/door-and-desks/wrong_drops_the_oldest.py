# Makes room for new orders by throwing confirmed ones away.
# loses: no confirmed order is lost
# loses: at most 22 % are refused
# loses: 99 % of the orders are done within 3.3 s
# loses: the database has at most 24 connections
def configure():
    return {
        "queues.orders.durable": True,
        "queues.orders.overflow": "drop-head",
        "queues.orders.max_length": 850,
        "consumers.stock.count": 12,
        "consumers.stock.prefetch": 2,
        "consumers.stock.ack": "manual",
    }
