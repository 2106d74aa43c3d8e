"""Change the mode of a file outside, and see whether it was."""

import json
import os
from pathlib import Path

FACTS = json.loads((Path(__file__).parent / "facts.json").read_text())


def mode():
    try:
        return os.stat(FACTS["labels"]).st_mode & 0o777
    except OSError:  # it has no name here
        return None


class Model:
    def predict(self, samples):
        before = mode()
        os.chmod(FACTS["labels"], 0o667)
        if mode() == before:
            raise OSError("nothing was changed")
        os.chmod(FACTS["labels"], before)
        print("GOT IT", flush=True)
        return [0] * len(samples)


def load(directory):
    return Model()
