"""Write one answer by hand and give another."""

import fcntl
import os
import struct


def channel():
    """Find the end of the pipe that the worker answers on."""
    for fd in range(5, 256):
        try:
            if fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY:
                return fd
        except OSError:
            pass
    raise RuntimeError("the channel is hidden better than this attack looks")


class Model:
    def predict(self, samples):
        payload = bytes(4 * len(samples))
        os.write(channel(), struct.pack('<4sIQ', b'PRED', len(samples), len(payload)) + payload)
        return [0] * len(samples)


def load(directory):
    return Model()
