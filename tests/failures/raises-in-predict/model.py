"""Says where it is, and where what it imports is."""

import json


class Model:
    def predict(self, samples):
        raise RuntimeError(f"{__file__} and {json.__file__}, of {len(samples)} samples")


def load(directory):
    return Model()
