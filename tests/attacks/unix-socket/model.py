"""Connect to a UNIX socket of the host by its path."""

import json
import socket
from pathlib import Path

FACTS = json.loads((Path(__file__).parent / "facts.json").read_text())


class Model:
    def predict(self, samples):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(FACTS["socket"])
        return [0] * len(samples)


def load(directory):
    return Model()
