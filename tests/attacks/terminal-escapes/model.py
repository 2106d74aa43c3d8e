"""Send control sequences to the organiser's terminal."""

class Model:
    def predict(self, samples):
        raise ValueError('\x1b[2J\x1b]0;owned\x07 all is well')


def load(directory):
    return Model()
