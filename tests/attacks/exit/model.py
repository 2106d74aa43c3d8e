"""Leave without a word."""

import os


class Model:
    def predict(self, samples):
        os._exit(7)
        return [0] * len(samples)


def load(directory):
    return Model()
