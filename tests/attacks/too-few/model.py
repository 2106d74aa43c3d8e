"""Answer one sample less."""

import os
import sys


WORKER = sys.modules["__main__"]


def reply(channel, kind, n=0, payload=b""):
    if kind == b"PRED":
        n, payload = n - 1, payload[4:]
    os.write(channel._replies, WORKER.HEADER.pack(kind, n, len(payload)) + payload)


WORKER.Channel.reply = reply


class Model:
    def predict(self, samples):
        return [0] * len(samples)


def load(directory):
    return Model()
