"""Name a label that the task does not have."""


class Model:
    def predict(self, samples):
        return [2] * len(samples)


def load(directory):
    return Model()
