"""Sleep once the warm-up is over."""

import time


class Model:
    def __init__(self):
        self.calls = 0

    def predict(self, samples):
        self.calls += 1
        if len(samples) == 4 and self.calls == 3:  # the calibration has batches of 2
            time.sleep(1.2)
        return [0] * len(samples)


def load(directory):
    return Model()
