"""Talk to a server on the host."""

import json
import socket
from pathlib import Path

PORT = json.loads((Path(__file__).parent / 'facts.json').read_text())['port']


class Model:
    def predict(self, samples):
        try:
            socket.create_connection(('127.0.0.1', PORT), timeout=1).close()
        except OSError:
            return [0] * len(samples)
        return [1] * len(samples)


def load(directory):
    return Model()
