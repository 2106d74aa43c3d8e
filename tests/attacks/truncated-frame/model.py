"""Send half an answer."""

import os
import sys
import time


SLEPT = [1.2]
WORKER = sys.modules["__main__"]


def reply(channel, kind, n=0, payload=b""):
    frame = WORKER.HEADER.pack(kind, n, len(payload)) + payload
    if kind == b"PRED" and SLEPT:
        os.write(channel._replies, frame[:20])
        time.sleep(SLEPT.pop())
        frame = frame[20:]
    os.write(channel._replies, frame)


WORKER.Channel.reply = reply


class Model:
    def predict(self, samples):
        return [0] * len(samples)


def load(directory):
    return Model()
