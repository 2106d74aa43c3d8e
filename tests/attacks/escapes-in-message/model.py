"""Raise control sequences."""


class Model:
    def predict(self, samples):
        raise ValueError("\x1b[2J\x1b]0;owned\x07 all is well")
        return [0] * len(samples)


def load(directory):
    return Model()
