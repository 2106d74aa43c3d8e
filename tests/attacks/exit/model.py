"""Leave without a word."""

import os


class Model:
    def predict(self, samples):
        os._exit(7)


def load(directory):
    return Model()
