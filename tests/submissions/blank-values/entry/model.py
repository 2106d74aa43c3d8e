from pathlib import Path


class Model:
    def predict(self, samples):
        return [0] * len(samples)


def load(directory: Path):
    return Model()
