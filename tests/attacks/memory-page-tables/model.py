"""Take more memory than is allowed, in what the kernel needs to say that pages hold nothing."""

import mmap
import time

NO_RESERVE, NO_HUGE_PAGES = 0x4000, 15
REACH = 1 << 21  # of a table, of 4 KiB


class Model:
    def __init__(self):
        self.done = False

    def predict(self, samples):
        if self.done:
            return [0] * len(samples)
        self.done = True

        tables = 32768  # 128 MiB, against a limit of 64
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NO_RESERVE
        held = mmap.mmap(-1, tables * REACH, flags=flags, prot=mmap.PROT_READ)
        held.madvise(NO_HUGE_PAGES)
        for number in range(tables):
            held[number * REACH]
        time.sleep(0.3)
        return [0] * len(samples)


def load(directory):
    return Model()
