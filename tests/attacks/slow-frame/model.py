"""Send an answer byte by byte."""

import os
import sys
import time


SLEPT = [1.2]
WORKER = sys.modules["__main__"]


def reply(channel, kind, n=0, payload=b""):
    frame = WORKER.HEADER.pack(kind, n, len(payload)) + payload
    if kind == b"PRED" and SLEPT:
        for byte in frame:
            os.write(channel._replies, bytes([byte]))
            time.sleep(SLEPT[0] / len(frame))
        SLEPT.clear()
        return
    os.write(channel._replies, frame)


WORKER.Channel.reply = reply


class Model:
    def predict(self, samples):
        return [0] * len(samples)


def load(directory):
    return Model()
