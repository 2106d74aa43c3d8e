"""Send more than the header says."""

import os
import sys


WORKER = sys.modules["__main__"]


def reply(channel, kind, n=0, payload=b""):
    frame = WORKER.HEADER.pack(kind, n, len(payload)) + payload
    os.write(channel._replies, frame + bytes(64) if kind == b"PRED" else frame)


WORKER.Channel.reply = reply


class Model:
    def predict(self, samples):
        return [0] * len(samples)


def load(directory):
    return Model()
