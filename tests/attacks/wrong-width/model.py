"""Send one score a sample where there are two labels."""

import os
import sys


WORKER = sys.modules["__main__"]


def reply(channel, kind, n=0, payload=b""):
    if kind == b"PRED":
        payload = payload[: 4 * n]
    os.write(channel._replies, WORKER.HEADER.pack(kind, n, len(payload)) + payload)


WORKER.Channel.reply = reply


class Model:
    def predict(self, samples):
        return [[0.0, 1.0]] * len(samples)


def load(directory):
    return Model()
