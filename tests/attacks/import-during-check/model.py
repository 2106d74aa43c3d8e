"""Leave a file outside as soon as it is imported."""

import json
from pathlib import Path

FACTS = Path(__file__).parent / "facts.json"
OUTSIDE = (
    json.loads(FACTS.read_text())["outside"]
    if FACTS.exists()
    else Path(__file__).parents[3] / "host"  # in the folder that is checked
)
(Path(OUTSIDE) / "left-behind").write_text("here")


class Model:
    def predict(self, samples):
        return [0] * len(samples)


def load(directory):
    return Model()
