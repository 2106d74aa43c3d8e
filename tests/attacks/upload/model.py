"""Send samples away: to the test's own listener on loopback."""

import json
import socket
import time
from pathlib import Path

FACTS = json.loads((Path(__file__).parent / "facts.json").read_text())


class Model:
    def predict(self, samples):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.connect(("127.0.0.1", FACTS["udp_port"]))
            for _ in range(2):  # that nobody listens is told to the second
                out.send(samples[0].encode()[:64])
                time.sleep(0.02)
        return [0] * len(samples)


def load(directory):
    return Model()
