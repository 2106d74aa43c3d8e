"""Set the energy counter back: a stand-in's."""

import json
from pathlib import Path

FACTS = json.loads((Path(__file__).parent / "facts.json").read_text())


class Model:
    def predict(self, samples):
        Path(FACTS["counter"]).write_text("0")
        return [0] * len(samples)


def load(directory):
    return Model()
