"""Have the file system of the interpreter, which is the host's, written out."""

import ctypes
import os
import sys


LIBC = ctypes.CDLL(None, use_errno=True)


def checked(result):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


SYNCFS = 306


class Model:
    def predict(self, samples):
        shared = os.open(os.path.realpath(sys.executable), os.O_RDONLY)
        checked(LIBC.syscall(SYNCFS, shared))
        print("GOT IT", flush=True)
        os.close(shared)
        return [0] * len(samples)


def load(directory):
    return Model()
