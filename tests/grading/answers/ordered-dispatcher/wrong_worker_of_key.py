# Binds each key to a worker, as partitions do: whoever shares a worker with a hot key waits behind it.
# loses: a hot key holds up nobody else
class Dispatcher:
    def __init__(self, workers, post):
        self.post, self.workers = post, workers
        self.lines = [[] for _ in range(workers)]
        self.busy = set()

    def arrived(self, message, key):
        self.lines[key % self.workers].append(message)
        self.hand_out(key % self.workers)

    def finished(self, worker, message, ok):
        self.busy.discard(worker)
        if ok:
            self.lines[worker].pop(0)
        self.hand_out(worker)

    def hand_out(self, worker):
        if self.lines[worker] and worker not in self.busy:
            self.busy.add(worker)
            self.post.give(worker, self.lines[worker][0])
