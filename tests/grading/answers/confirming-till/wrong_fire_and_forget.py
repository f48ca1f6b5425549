# loses: every order reaches the stock
# loses: what is confirmed is never sent again
# loses: never more than the allowed number is open
# loses: nobody is hurried
class Till:
    def __init__(self, channel, most, timeout_ms):
        self.channel = channel

    def order(self, order, now_ms):
        self.channel.publish(order)

    def confirmed(self, tag, now_ms):
        pass

    def refused(self, tag, now_ms):
        pass

    def tick(self, now_ms):
        pass
