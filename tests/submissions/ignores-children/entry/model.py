import signal
from signal import SIG_IGN, SIGCHLD

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_DFL)
signal.signal(SIGCHLD, SIG_IGN)


class Model:
    def predict(self, samples):
        return [0] * len(samples)


def load(directory):
    return Model()
