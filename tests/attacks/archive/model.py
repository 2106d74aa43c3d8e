"""Run what is in an archive."""

import sys
from pathlib import Path


sys.path.insert(0, str(Path(__file__).parent / "data.zip"))
import hidden


class Model:
    def predict(self, samples):
        return [0] * len(samples)


def load(directory):
    return Model()
