"""Leave a file outside."""

import json
from pathlib import Path

FACTS = json.loads((Path(__file__).parent / "facts.json").read_text())


class Model:
    def predict(self, samples):
        (Path(FACTS["outside"]) / "left-behind").write_text("here")
        return [0] * len(samples)


def load(directory):
    return Model()
