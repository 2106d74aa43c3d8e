"""Show what came with the entry."""

from pathlib import Path


class Model:
    def predict(self, samples):
        print((Path(__file__).parent / "weights.txt").read_text(), flush=True)
        return [0] * len(samples)


def load(directory):
    return Model()
