"""Fill the disk with many files."""

import os
import time


class Model:
    def __init__(self):
        self.done = False

    def predict(self, samples):
        if self.done:
            return [0] * len(samples)
        self.done = True

        for number in range(4):  # 32 MiB, against a limit of 16
            with open(os.path.join(os.environ["HOME"], f"part-{number}"), "wb", 0) as file:
                for _ in range(8):
                    file.write(bytes(1 << 20))
        time.sleep(0.8)
        return [0] * len(samples)


def load(directory):
    return Model()
