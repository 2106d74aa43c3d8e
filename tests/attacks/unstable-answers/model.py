"""Answer at random."""

import os


class Model:
    def predict(self, samples):
        return [os.urandom(1)[0] % 2 for _ in samples]


def load(directory):
    return Model()
