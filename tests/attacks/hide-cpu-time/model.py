"""Work in a child whose time is handed on to nobody."""

import os
import signal
import time


def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    print(f"burned {seconds}", flush=True)


class Model:
    def __init__(self):
        self.done = False

    def predict(self, samples):
        if self.done:
            return [0] * len(samples)
        self.done = True

        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        for _ in range(10):
            if os.fork() == 0:
                burn(0.03)
                os._exit(0)
            try:
                os.wait()
            except ChildProcessError:  # it is gone, and was counted for nobody
                pass
        return [0] * len(samples)


def load(directory):
    return Model()
