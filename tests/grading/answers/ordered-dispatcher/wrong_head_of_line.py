# One line for all: if the key of its head is at work, everybody waits.
# loses: a hot key holds up nobody else
class Dispatcher:
    def __init__(self, workers, post):
        self.post, self.idle, self.line = post, list(range(workers)), []
        self.key_of, self.busy = {}, set()

    def arrived(self, message, key):
        self.key_of[message] = key
        self.line.append(message)
        self.hand_out()

    def finished(self, worker, message, ok):
        self.idle.append(worker)
        self.busy.discard(self.key_of[message])
        if not ok:
            self.line.insert(0, message)
        self.hand_out()

    def hand_out(self):
        while self.idle and self.line and self.key_of[self.line[0]] not in self.busy:
            message = self.line.pop(0)
            self.busy.add(self.key_of[message])
            self.post.give(self.idle.pop(), message)
