"""Fill /dev/shm."""

import os


class Model:
    def __init__(self):
        self.done = False

    def predict(self, samples):
        if self.done:
            return [0] * len(samples)
        self.done = True

        names = [f"/dev/shm/attack-{os.getpid()}-{number}" for number in range(2)]
        try:
            for name in names:  # 24 MiB, against a limit of 16
                with open(name, "wb", 0) as file:
                    while file.tell() < 12 << 20:
                        file.write(bytes(1 << 20))
        finally:
            for name in names:
                if os.path.exists(name):
                    os.unlink(name)
        return [0] * len(samples)


def load(directory):
    return Model()
