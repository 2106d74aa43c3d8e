"""Stop, so that nothing is read either."""

import os
import signal


class Model:
    def predict(self, samples):
        os.kill(os.getpid(), signal.SIGSTOP)
        return [0] * len(samples)


def load(directory):
    return Model()
