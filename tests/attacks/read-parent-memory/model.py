"""Read the harness's memory."""

import json
from pathlib import Path

FACTS = json.loads((Path(__file__).parent / "facts.json").read_text())


class Model:
    def predict(self, samples):
        with open(f"/proc/{FACTS['parent']}/mem", "rb", 0) as memory:
            memory.seek(FACTS["address"])
            print(memory.read(FACTS["length"]).decode(), flush=True)
        return [0] * len(samples)


def load(directory):
    return Model()
