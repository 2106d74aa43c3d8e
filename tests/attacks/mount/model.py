"""Mount a file system, where nobody else sees it."""

import ctypes
import os


LIBC = ctypes.CDLL(None, use_errno=True)
NEWUSER, NEWNS = 0x10000000, 0x00020000


class Model:
    def predict(self, samples):
        child = os.fork()
        if child == 0:
            for result in (
                LIBC.unshare(NEWUSER | NEWNS),
                LIBC.mount(b"none", os.environ["HOME"].encode(), b"tmpfs", 0, None),
            ):
                if result < 0:
                    os._exit(ctypes.get_errno())
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code:
            raise OSError(code, os.strerror(code))
        print("GOT IT", flush=True)
        return [0] * len(samples)


def load(directory):
    return Model()
