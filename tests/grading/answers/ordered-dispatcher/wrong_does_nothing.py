# Does nothing: nobody is overtaken, and nothing is done.
# loses: every message is done
# loses: no message overtakes another of its key
# loses: what has failed is done before what follows it
# loses: different keys are done at the same time
# loses: a hot key holds up nobody else
class Dispatcher:
    def __init__(self, workers, post):
        pass

    def arrived(self, message, key):
        pass

    def finished(self, worker, message, ok):
        pass
