"""Have time run backwards."""

import itertools
import time


TICKS = itertools.count()
time.monotonic = time.perf_counter = lambda: -next(TICKS)


class Model:
    def predict(self, samples):
        return [0] * len(samples)


def load(directory):
    return Model()
