"""Make a user namespace."""

import ctypes
import os


LIBC = ctypes.CDLL(None, use_errno=True)


def checked(result):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


NEWUSER = 0x10000000


class Model:
    def predict(self, samples):
        child = os.fork()
        if child == 0:
            os._exit(0 if LIBC.unshare(NEWUSER) == 0 else ctypes.get_errno())
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code:
            raise OSError(code, os.strerror(code))
        print("GOT IT", flush=True)
        return [0] * len(samples)


def load(directory):
    return Model()
