"""Sleep while it is imported."""

import time


time.sleep(1.2)


class Model:
    def predict(self, samples):
        return [0] * len(samples)


def load(directory):
    return Model()
