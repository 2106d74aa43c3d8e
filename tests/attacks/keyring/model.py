"""Keep something in a key ring of the kernel, for two seconds."""

import ctypes
import os


LIBC = ctypes.CDLL(None, use_errno=True)


def checked(result):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


ADD_KEY, KEYCTL, USER_KEYRING, SET_TIMEOUT = 248, 250, -4, 15


class Model:
    def predict(self, samples):
        payload = b"seen"
        key = checked(
            LIBC.syscall(ADD_KEY, b"user", b"attack", payload, len(payload), USER_KEYRING)
        )
        LIBC.syscall(KEYCTL, SET_TIMEOUT, key, 2)
        print("GOT IT", flush=True)
        return [0] * len(samples)


def load(directory):
    return Model()
