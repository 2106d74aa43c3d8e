"""Connect to an abstract UNIX socket of the host."""

import json
import socket
from pathlib import Path

FACTS = json.loads((Path(__file__).parent / "facts.json").read_text())


class Model:
    def predict(self, samples):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect("\0" + FACTS["abstract"])
        return [0] * len(samples)


def load(directory):
    return Model()
