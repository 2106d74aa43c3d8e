"""Name a label below the first."""


class Model:
    def predict(self, samples):
        return [-1] * len(samples)


def load(directory):
    return Model()
