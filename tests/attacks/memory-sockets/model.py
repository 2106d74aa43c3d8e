"""Take more memory than is allowed."""

import socket
import time


class Model:
    def __init__(self):
        self.done = False

    def predict(self, samples):
        if self.done:
            return [0] * len(samples)
        self.done = True

        self.held = [each for _ in range(300) for each in socket.socketpair()]
        for each in self.held:  # up to some 100 MiB, against a limit of 64
            each.setblocking(False)
            try:
                while True:
                    each.send(bytes(8192))
            except BlockingIOError:
                pass
        time.sleep(0.8)
        for each in self.held:
            each.close()
        return [0] * len(samples)


def load(directory):
    return Model()
