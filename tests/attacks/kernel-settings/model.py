"""Open a setting of the kernel for writing."""

import os


class Model:
    def predict(self, samples):
        os.close(os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY))  # nothing is written
        print("GOT IT", flush=True)
        return [0] * len(samples)


def load(directory):
    return Model()
