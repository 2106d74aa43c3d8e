"""Stop; a child wakes it up too late."""

import os
import signal
import time


class Model:
    def __init__(self):
        self.done = False

    def predict(self, samples):
        if self.done:
            return [0] * len(samples)
        self.done = True

        me = os.getpid()
        if os.fork() == 0:
            time.sleep(1.2)
            os.kill(me, signal.SIGCONT)
            os._exit(0)
        os.kill(me, signal.SIGSTOP)
        return [0] * len(samples)


def load(directory):
    return Model()
