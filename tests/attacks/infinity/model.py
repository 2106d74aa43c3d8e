"""Score with infinity."""


class Model:
    def predict(self, samples):
        return [[0.5, float("inf")] for _ in samples]


def load(directory):
    return Model()
