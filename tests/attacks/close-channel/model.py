"""Close the channel."""

import os
import sys
import time


WORKER = sys.modules["__main__"]


def reply(channel, kind, n=0, payload=b""):
    if kind == b"PRED":
        os.close(channel._replies)
        time.sleep(1.2)
    os.write(channel._replies, WORKER.HEADER.pack(kind, n, len(payload)) + payload)


WORKER.Channel.reply = reply


class Model:
    def predict(self, samples):
        return [0] * len(samples)


def load(directory):
    return Model()
