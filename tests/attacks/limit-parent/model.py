"""Ask for a limit of the harness; it is left as it is."""

import json
import resource
from pathlib import Path

FACTS = json.loads((Path(__file__).parent / "facts.json").read_text())


class Model:
    def predict(self, samples):
        resource.prlimit(FACTS["parent"], resource.RLIMIT_FSIZE)
        print("GOT IT", flush=True)
        return [0] * len(samples)


def load(directory):
    return Model()
