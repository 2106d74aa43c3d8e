"""Leave a file for the next session."""

import json
import os
from pathlib import Path

FACTS = json.loads((Path(__file__).parent / "facts.json").read_text())


class Model:
    def __init__(self):
        self.done = False

    def predict(self, samples):
        if self.done:
            return [0] * len(samples)
        self.done = True

        kept = f"/dev/shm/{FACTS['mark']}"
        if os.path.exists(kept):
            print("GOT IT", flush=True)
            os.unlink(kept)
        else:
            open(kept, "w").close()
        return [0] * len(samples)


def load(directory):
    return Model()
