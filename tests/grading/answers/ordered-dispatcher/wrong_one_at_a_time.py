# One message at a time: the order is kept, and all workers but one are idle.
# loses: different keys are done at the same time
# loses: a hot key holds up nobody else
class Dispatcher:
    def __init__(self, workers, post):
        self.post, self.line, self.busy = post, [], False

    def arrived(self, message, key):
        self.line.append(message)
        self.hand_out()

    def finished(self, worker, message, ok):
        self.busy = False
        if ok:
            self.line.pop(0)
        self.hand_out()

    def hand_out(self):
        if self.line and not self.busy:
            self.busy = True
            self.post.give(0, self.line[0])
