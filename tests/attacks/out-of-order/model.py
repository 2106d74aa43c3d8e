"""Send predictions where LOAD is due."""

import os
import sys


WORKER = sys.modules["__main__"]


def reply(channel, kind, n=0, payload=b""):
    if kind == b"LOAD":
        kind, n, payload = b"PRED", 2, bytes(8)
    os.write(channel._replies, WORKER.HEADER.pack(kind, n, len(payload)) + payload)


WORKER.Channel.reply = reply


class Model:
    def predict(self, samples):
        return [0] * len(samples)


def load(directory):
    return Model()
