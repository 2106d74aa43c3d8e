"""Score with NaN."""


class Model:
    def predict(self, samples):
        return [[0.5, float("nan")] for _ in samples]


def load(directory):
    return Model()
