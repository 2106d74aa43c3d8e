"""Die by a signal."""

import os
import signal
import time


class Model:
    def predict(self, samples):
        os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(5)


def load(directory):
    return Model()
