"""Answer more than was asked."""

class Model:
    def predict(self, samples):
        return [0] * (len(samples) + 1)


def load(directory):
    return Model()
