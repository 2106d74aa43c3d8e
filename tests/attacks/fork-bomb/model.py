"""Run more processes than are allowed."""

import os
import time


class Model:
    def __init__(self):
        self.done = False

    def predict(self, samples):
        if self.done:
            return [0] * len(samples)
        self.done = True

        for _ in range(40):  # against a limit of 16
            if os.fork() == 0:
                time.sleep(10)
                os._exit(0)
        time.sleep(0.6)
        return [0] * len(samples)


def load(directory):
    return Model()
