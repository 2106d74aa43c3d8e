"""Connect to a server on the host's loopback, which is the test's own."""

import json
import socket
from pathlib import Path

FACTS = json.loads((Path(__file__).parent / "facts.json").read_text())


class Model:
    def predict(self, samples):
        socket.create_connection(("127.0.0.1", FACTS["tcp_port"]), timeout=1).close()
        return [0] * len(samples)


def load(directory):
    return Model()
