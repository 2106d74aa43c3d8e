"""Leave a helper that holds a lock on a file that all sessions can open."""

import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path

FACTS = json.loads((Path(__file__).parent / "facts.json").read_text())


class Model:
    def __init__(self):
        self.done = False

    def predict(self, samples):
        if self.done:
            return [0] * len(samples)
        self.done = True

        began = time.monotonic()
        descriptor = os.open(os.path.realpath(sys.executable), os.O_RDONLY)
        while time.monotonic() - began < 0.1:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.01)
        else:
            print("GOT IT", flush=True)
            return [0] * len(samples)
        os.set_inheritable(descriptor, True)
        sleep = [sys.executable, "-S", "-c", "import time; time.sleep(20)", FACTS["mark"]]
        if os.fork() == 0:
            subprocess.Popen(sleep, start_new_session=True, close_fds=False)
            os._exit(0)
        os.wait()
        os.close(descriptor)
        return [0] * len(samples)


def load(directory):
    return Model()
