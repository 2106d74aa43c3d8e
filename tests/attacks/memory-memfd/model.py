"""Take more memory than is allowed."""

import os
import time


class Model:
    def __init__(self):
        self.done = False

    def predict(self, samples):
        if self.done:
            return [0] * len(samples)
        self.done = True

        self.held = [os.memfd_create(f"{number}") for number in range(12)]
        for descriptor in self.held:  # 96 MiB, against a limit of 64
            os.write(descriptor, bytes(8 << 20))
        time.sleep(0.8)
        for descriptor in self.held:
            os.close(descriptor)
        return [0] * len(samples)


def load(directory):
    return Model()
