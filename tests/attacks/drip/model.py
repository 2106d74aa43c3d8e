"""Print byte by byte, past the deadline."""

import os
import time


class Model:
    def __init__(self):
        self.calls = 0

    def predict(self, samples):
        self.calls += 1
        if self.calls > 1:
            return [0] * len(samples)
        end = time.monotonic() + 1.2
        for _ in range(4):
            if os.fork() == 0:
                while time.monotonic() < end:
                    os.write(1, b".")
                    time.sleep(0.0002)
                os._exit(0)
        for _ in range(4):
            os.wait()
        return [0] * len(samples)


def load(directory):
    return Model()
