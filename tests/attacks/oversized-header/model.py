"""Announce an answer that no memory holds."""

import fcntl
import os
import struct
import time


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
        os.write(channel(), struct.pack('<4sIQ', b'PRED', len(samples), 1 << 60))
        time.sleep(5)


def load(directory):
    return Model()
