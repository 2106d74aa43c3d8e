"""Read through a symbolic link."""

import json
import os
from pathlib import Path

FACTS = json.loads((Path(__file__).parent / "facts.json").read_text())


class Model:
    def predict(self, samples):
        link = Path(os.environ["HOME"]) / "link"
        if not link.is_symlink():
            link.symlink_to(FACTS["labels"])
        print(link.read_text(), flush=True)
        return [0] * len(samples)


def load(directory):
    return Model()
