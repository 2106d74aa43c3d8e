"""Be told by a signal who reads in the interpreter's folder: one of the host's, shown to all."""

import fcntl
import os
import signal
import sys


class Model:
    def predict(self, samples):
        heard = []
        signal.signal(signal.SIGIO, lambda *_: heard.append(True))
        program = os.path.realpath(sys.executable)
        folder = os.open(os.path.dirname(program), os.O_RDONLY)
        fcntl.fcntl(folder, fcntl.F_NOTIFY, fcntl.DN_ACCESS)
        with open(program, "rb") as file:  # as a process of the host would
            file.read(1)
        if heard:
            print("GOT IT", flush=True)
        os.close(folder)
        return [0] * len(samples)


def load(directory):
    return Model()
