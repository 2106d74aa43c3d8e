"""Take a lease on a file of its own user: whoever opens it to write waits until it is given back."""

import fcntl
import os
from pathlib import Path


class Model:
    def predict(self, samples):
        file = Path(os.environ["HOME"]) / "leased"
        file.write_text("here")
        with file.open() as leased:
            fcntl.fcntl(leased, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            print("GOT IT", flush=True)
        return [0] * len(samples)


def load(directory):
    return Model()
