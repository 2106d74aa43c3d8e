"""Look for a secret in the environment of every process."""

import os


class Model:
    def predict(self, samples):
        found = 0
        for name in os.listdir('/proc'):
            if name.isdigit() and int(name) not in (os.getpid(), os.getppid()):
                try:
                    found += b'HARNESS_TEST_SECRET' in open(f'/proc/{name}/environ', 'rb').read()
                except OSError:
                    pass
        return [min(found, 1)] * len(samples)


def load(directory):
    return Model()
