"""Attach to a process: here to its own child, which any user may."""

import ctypes
import os
import signal
import time


LIBC = ctypes.CDLL(None, use_errno=True)


def checked(result):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


ATTACH = 16


class Model:
    def predict(self, samples):
        child = os.fork()
        if child == 0:
            time.sleep(10)
            os._exit(0)
        try:
            checked(LIBC.ptrace(ATTACH, child, None, None))
            print("GOT IT", flush=True)
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        return [0] * len(samples)


def load(directory):
    return Model()
