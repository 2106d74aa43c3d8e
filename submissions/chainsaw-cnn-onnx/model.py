"""A small convolutional network over the log-mel spectrum of a clip, run by ONNX Runtime."""

from __future__ import annotations

import os
from pathlib import Path

# Before NumPy is imported: the threads that its matrix products start cost more than they save.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt
import onnxruntime
from audio import FRAMES, WINDOW, decode, fit, log_mel, mel_filters

MELS = 64
HOP = 512
WINDOWS = (FRAMES - WINDOW) // HOP + 1
LABELS = 2


def spectra(
    samples: list[bytes], filters: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return (n, 1, 69, 64), each of mean 0, and (n,): which clips have sound."""
    made = np.zeros((len(samples), 1, WINDOWS, MELS), np.float32)
    heard = np.zeros(len(samples), np.bool_)
    for number, sample in enumerate(samples):
        signal = decode(sample)
        if signal.size:
            bands = log_mel(fit(signal), filters, HOP)
            made[number, 0] = bands - bands.mean()
            heard[number] = True
    return made, heard


class Classifier:
    """The entry's model."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._silent = int(session.get_modelmeta().custom_metadata_map["silent"])
        """The label of a clip without a frame, or that cannot be decoded."""
        self._filters = mel_filters(MELS)

    def predict(self, samples: list[bytes]) -> npt.NDArray[np.float32]:
        """Return scores (n, 2); not probabilities."""
        if not samples:
            return np.zeros((0, LABELS), np.float32)
        made, heard = spectra(samples, self._filters)
        scores: npt.NDArray[np.float32] = self._session.run(None, {"spectra": made})[0]
        scores[~heard] = np.eye(LABELS, dtype=np.float32)[self._silent]
        return scores


def load(directory: Path) -> Classifier:
    """Read the network that ``train.py`` wrote."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # a second core would be paid for, and saves little
    options.inter_op_num_threads = 1
    return Classifier(
        onnxruntime.InferenceSession(
            directory / "network.onnx", options, providers=["CPUExecutionProvider"]
        )
    )
