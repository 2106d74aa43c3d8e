"""Put a page of its own folder out of the kernel's cache, and see that it is not there."""

import os
import time
from pathlib import Path

HERE = Path(__file__).parent


class Model:
    def predict(self, samples):
        descriptor = os.open(HERE / "model.py", os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.fsync(descriptor)  # it was just copied: what is not written yet cannot be dropped
        for _ in range(20):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            try:
                os.preadv(descriptor, [bytearray(1)], 0, os.RWF_NOWAIT)
            except BlockingIOError:
                print("GOT IT", flush=True)
                break
            time.sleep(0.01)
        os.close(descriptor)
        return [0] * len(samples)


def load(directory):
    return Model()
