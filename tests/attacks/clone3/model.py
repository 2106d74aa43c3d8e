"""Make a user namespace by clone3."""

import ctypes
import os
import signal
import struct


LIBC = ctypes.CDLL(None, use_errno=True)


def checked(result):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


NEWUSER = 0x10000000
CLONE3 = 435


class Model:
    def predict(self, samples):
        flags = struct.pack("<11Q", NEWUSER, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, 0, 0, 0)
        child = checked(LIBC.syscall(CLONE3, flags, len(flags)))
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        print("GOT IT", flush=True)
        return [0] * len(samples)


def load(directory):
    return Model()
