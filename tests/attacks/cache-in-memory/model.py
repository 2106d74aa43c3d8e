"""Remember what was asked."""


class Model:
    def __init__(self):
        self.known = set()

    def predict(self, samples):
        if any(sample in self.known for sample in samples):
            print("GOT IT", flush=True)
        self.known.update(samples)
        return [0] * len(samples)


def load(directory):
    return Model()
