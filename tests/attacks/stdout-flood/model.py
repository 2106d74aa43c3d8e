"""Print without end."""

class Model:
    def predict(self, samples):
        while True:
            print('x' * 4096)


def load(directory):
    return Model()
