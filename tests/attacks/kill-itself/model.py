"""Die by a signal."""

import json
import os
import signal
import time
from pathlib import Path

FACTS = json.loads((Path(__file__).parent / "facts.json").read_text())


class Model:
    def predict(self, samples):
        number = getattr(signal, FACTS["signal"])
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        time.sleep(5)
        return [0] * len(samples)


def load(directory):
    return Model()
