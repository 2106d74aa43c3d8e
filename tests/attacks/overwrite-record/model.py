"""Write over records."""

import json
from pathlib import Path

FACTS = json.loads((Path(__file__).parent / "facts.json").read_text())


class Model:
    def predict(self, samples):
        for path in FACTS["records"]:
            Path(path).write_text("{}")
        return [0] * len(samples)


def load(directory):
    return Model()
