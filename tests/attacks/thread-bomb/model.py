"""Run more threads than are allowed."""

import threading
import time


class Model:
    def __init__(self):
        self.done = False

    def predict(self, samples):
        if self.done:
            return [0] * len(samples)
        self.done = True

        for _ in range(400):
            threading.Thread(target=time.sleep, args=(3,), daemon=True).start()
        time.sleep(0.6)
        return [0] * len(samples)


def load(directory):
    return Model()
