"""Change the mode of a file outside: to what it is."""

import json
import os
from pathlib import Path

FACTS = json.loads((Path(__file__).parent / "facts.json").read_text())


class Model:
    def predict(self, samples):
        os.chmod(FACTS["labels"], 0o666)
        print("GOT IT", flush=True)
        return [0] * len(samples)


def load(directory):
    return Model()
