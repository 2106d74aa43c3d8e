"""Work at load."""

import time


def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    print(f"burned {seconds}", flush=True)


class Model:
    def predict(self, samples):
        return [0] * len(samples)


def load(directory):
    burn(0.4)
    return Model()
