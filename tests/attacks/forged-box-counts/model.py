"""Announce boxes that are not there."""

import os
import sys


WORKER = sys.modules["__main__"]


def reply(channel, kind, n=0, payload=b""):
    if kind == b"PRED":
        payload = b"\xff\xff" * n
    os.write(channel._replies, WORKER.HEADER.pack(kind, n, len(payload)) + payload)


WORKER.Channel.reply = reply


class Model:
    def predict(self, samples):
        return [[]] * len(samples)


def load(directory):
    return Model()
