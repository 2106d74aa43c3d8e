"""Read the end of the kernel's log."""

import ctypes
import os


LIBC = ctypes.CDLL(None, use_errno=True)


def checked(result):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


SYSLOG, READ_ALL = 103, 3


class Model:
    def predict(self, samples):
        room = ctypes.create_string_buffer(4096)
        checked(LIBC.syscall(SYSLOG, READ_ALL, room, len(room)))
        print("GOT IT", flush=True)
        return [0] * len(samples)


def load(directory):
    return Model()
