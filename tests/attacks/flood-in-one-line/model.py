"""Print one line that is longer than is allowed."""

import os


class Model:
    def __init__(self):
        self.done = False

    def predict(self, samples):
        if self.done:
            return [0] * len(samples)
        self.done = True

        for _ in range(256):  # 1 MiB, against a limit of 64 KiB
            os.write(2, b"x" * 4096)
        return [0] * len(samples)


def load(directory):
    return Model()
