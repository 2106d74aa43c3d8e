"""Write one large file."""

import os


class Model:
    def __init__(self):
        self.done = False

    def predict(self, samples):
        if self.done:
            return [0] * len(samples)
        self.done = True

        with open(os.path.join(os.environ["HOME"], "full"), "wb", 0) as file:
            while file.tell() < 24 << 20:  # against a limit of 16 MiB
                file.write(bytes(1 << 20))
        return [0] * len(samples)


def load(directory):
    return Model()
