"""Print control sequences, and die so that they are shown."""

import os


class Model:
    def predict(self, samples):
        os.write(2, b"\x1b[2J\x1b]0;owned\x07 all is well\n")
        os._exit(7)
        return [0] * len(samples)


def load(directory):
    return Model()
