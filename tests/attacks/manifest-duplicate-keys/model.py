"""Nothing: the manifest is the attack."""


class Model:
    def predict(self, samples):
        return [0] * len(samples)


def load(directory):
    return Model()
