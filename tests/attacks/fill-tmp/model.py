"""Fill the folder that can be written to."""

import os


class Model:
    def predict(self, samples):
        try:
            with open(os.path.join(os.environ['HOME'], 'full'), 'wb') as file:
                for _ in range(64):  # MiB, against a limit of 16
                    file.write(bytes(1 << 20))
        except OSError:
            return [0] * len(samples)
        return [1] * len(samples)


def load(directory):
    return Model()
