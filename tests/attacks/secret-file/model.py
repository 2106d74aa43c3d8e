"""Read a file that is no part of the entry."""

import json
from pathlib import Path

SECRET = json.loads((Path(__file__).parent / 'facts.json').read_text())['secret']


class Model:
    def predict(self, samples):
        try:
            open(SECRET).close()
        except OSError:
            return [0] * len(samples)
        return [1] * len(samples)


def load(directory):
    return Model()
