"""Leave out the hard ones."""

class Model:
    def predict(self, samples):
        return [0] * (len(samples) - 1)


def load(directory):
    return Model()
