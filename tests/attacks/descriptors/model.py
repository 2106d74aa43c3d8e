"""Open more files than are allowed."""

import os


class Model:
    def __init__(self):
        self.done = False

    def predict(self, samples):
        if self.done:
            return [0] * len(samples)
        self.done = True

        held = [os.open("/dev/null", os.O_RDONLY) for _ in range(300)]  # against a limit of 256
        for descriptor in held:
            os.close(descriptor)
        return [0] * len(samples)


def load(directory):
    return Model()
