# loses: nobody is hurried
# After a no it asks again at once.
class Till:
    """A till that keeps every order until the broker has confirmed it."""

    def __init__(self, channel, most, timeout_ms):
        self.channel, self.most, self.timeout_ms = channel, most, timeout_ms
        self.sent_ms = {}  # order without a confirm: when it was sent last, None if never
        self.order_of = {}  # tag: order
        self.open_ms = {}  # tag without an answer: when it was sent

    def order(self, order, now_ms):
        self.sent_ms[order] = None
        self.send(now_ms)

    def confirmed(self, tag, now_ms):
        self.open_ms.pop(tag, None)
        self.sent_ms.pop(self.order_of[tag], None)
        self.send(now_ms)

    def refused(self, tag, now_ms):
        self.open_ms.pop(tag, None)
        if self.order_of[tag] in self.sent_ms:
            self.sent_ms[self.order_of[tag]] = None
        self.send(now_ms)

    def tick(self, now_ms):
        self.send(now_ms)

    def send(self, now_ms):
        self.open_ms = {tag: sent for tag, sent in self.open_ms.items() if now_ms - sent < self.timeout_ms}
        for order, sent in self.sent_ms.items():
            if len(self.open_ms) < self.most and (sent is None or now_ms - sent >= self.timeout_ms):
                tag = self.channel.publish(order)
                self.order_of[tag] = order
                self.open_ms[tag] = self.sent_ms[order] = now_ms
