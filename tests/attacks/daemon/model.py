"""Leave a process behind; the runner looks for it."""

import os
import time


class Model:
    def predict(self, samples):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(30)
            os._exit(0)
        os.wait()
        return [0] * len(samples)


def load(directory):
    return Model()
