"""Run more processes than are allowed."""

import os
import time


class Model:
    def predict(self, samples):
        for _ in range(40):  # against a limit of 16
            if os.fork() == 0:
                time.sleep(20)
                os._exit(0)
        time.sleep(10)
        return [0] * len(samples)


def load(directory):
    return Model()
