"""Score with what is not a number."""

class Model:
    def predict(self, samples):
        return [[float('nan')] * 8 for _ in samples]


def load(directory):
    return Model()
