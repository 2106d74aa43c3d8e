"""Put a page of its own folder out of the kernel's cache, by a call on its own process."""

import ctypes
import os
import mmap
from pathlib import Path


LIBC = ctypes.CDLL(None, use_errno=True)


def checked(result):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


PIDFD_OPEN, PROCESS_MADVISE, PAGE_OUT = 434, 440, 21
HERE = Path(__file__).parent


class Range(ctypes.Structure):
    _fields_ = [("start", ctypes.c_void_p), ("size", ctypes.c_size_t)]


class Model:
    def predict(self, samples):
        with open(HERE / "model.py", "rb") as file:
            os.fsync(file.fileno())  # it was just copied
            page = mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE)
        page[0]  # mapped, and not changed
        start = ctypes.addressof(ctypes.c_char.from_buffer(page))
        itself = checked(LIBC.syscall(PIDFD_OPEN, os.getpid(), 0))
        part = Range(start, mmap.PAGESIZE)
        checked(LIBC.syscall(PROCESS_MADVISE, itself, ctypes.byref(part), 1, PAGE_OUT, 0))
        print("GOT IT", flush=True)
        return [0] * len(samples)


def load(directory):
    return Model()
