# Any idle worker takes the oldest message, whatever its key: a hot key takes all workers.
# loses: no message overtakes another of its key
# loses: what has failed is done before what follows it
# loses: a hot key holds up nobody else
class Dispatcher:
    def __init__(self, workers, post):
        self.post, self.idle, self.line = post, list(range(workers)), []

    def arrived(self, message, key):
        self.line.append(message)
        self.hand_out()

    def finished(self, worker, message, ok):
        self.idle.append(worker)
        if not ok:
            self.line.insert(0, message)
        self.hand_out()

    def hand_out(self):
        while self.idle and self.line:
            self.post.give(self.idle.pop(), self.line.pop(0))
