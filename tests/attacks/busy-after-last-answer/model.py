"""Burn after the last answer, for less than the deadline."""

import os
import time


EXIT = os._exit


def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    print(f"burned {seconds}", flush=True)


class Model:
    def predict(self, samples):
        os._exit = lambda code: (burn(0.2), EXIT(0))
        return [0] * len(samples)


def load(directory):
    return Model()
