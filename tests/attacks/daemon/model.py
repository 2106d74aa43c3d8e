"""Leave a process behind; the runner looks for it."""

import json
import os
import subprocess
import sys
from pathlib import Path

FACTS = json.loads((Path(__file__).parent / "facts.json").read_text())


class Model:
    def __init__(self):
        self.done = False

    def predict(self, samples):
        if self.done:
            return [0] * len(samples)
        self.done = True

        if os.fork() == 0:
            sleep = [sys.executable, "-S", "-c", "import time; time.sleep(20)", FACTS["mark"]]
            subprocess.Popen(sleep, start_new_session=True)
            os._exit(0)
        os.wait()
        return [0] * len(samples)


def load(directory):
    return Model()
