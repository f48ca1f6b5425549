# Puts what has failed to the end of its key's line.
# loses: what has failed is done before what follows it
class Dispatcher:
    def __init__(self, workers, post):
        self.post, self.idle = post, list(range(workers))
        self.lines, self.key_of, self.busy = {}, {}, set()

    def arrived(self, message, key):
        self.key_of[message] = key
        self.lines.setdefault(key, []).append(message)
        self.hand_out()

    def finished(self, worker, message, ok):
        key = self.key_of[message]
        self.idle.append(worker)
        self.busy.discard(key)
        if not ok:
            self.lines[key].append(message)
        self.hand_out()

    def hand_out(self):
        for key, line in self.lines.items():
            if line and self.idle and key not in self.busy:
                self.busy.add(key)
                self.post.give(self.idle.pop(), line.pop(0))
