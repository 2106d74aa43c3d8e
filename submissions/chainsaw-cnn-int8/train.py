"""Train the network of ``chainsaw-cnn-torch``, and write it in whole numbers as ``network.onnx``.

    python submissions/chainsaw-cnn-int8/train.py [OUTPUT_DIRECTORY] [--weights FOLDER]

The scales of what flows between the layers are those of 256 clips of the sample train split.
``--weights`` names a folder with a ``weights.safetensors`` that is there already. Needs the extras
torch and onnx.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from audio import mel_filters
from model import MELS, spectra
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
    quant_pre_process,
)

from harness.tasks import load_task

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CONVERTED_BY = HERE.parent / "chainsaw-cnn-onnx" / "train.py"
SEED = 0
CLIPS = 256


class Spectra(CalibrationDataReader):
    """Hands out the spectra of the first clips, one batch of 32 after another."""

    def __init__(self, made: npt.NDArray[np.float32]) -> None:
        self._batches = iter(np.array_split(made, CLIPS // 32))

    def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
        """Return the next batch, or ``None`` after the last."""
        batch = next(self._batches, None)
        return None if batch is None else {"spectra": batch}


def main() -> None:
    """Write ``network.onnx`` into the output folder."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("output", type=Path, nargs="?", default=HERE)
    options.add_argument("--weights", type=Path)
    given = options.parse_args()
    train = load_task(ROOT, "chainsaw").load_data("sample", SEED).warm_up  # the train split
    clips = [clip for clip in train.samples(range(CLIPS)) if isinstance(clip, bytes)]
    made, heard = spectra(clips, mel_filters(MELS))
    with tempfile.TemporaryDirectory() as temporary:
        weights = ["--weights", given.weights] if given.weights else []
        subprocess.run([sys.executable, CONVERTED_BY, temporary, *weights], check=True)
        whole = Path(temporary) / "whole.onnx"  # its weights are no longer in half precision
        quant_pre_process(Path(temporary) / "network.onnx", whole, skip_symbolic_shape=True)
        quantize_static(
            whole,
            given.output / "network.onnx",
            Spectra(made[heard]),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
    print(f"{(given.output / 'network.onnx').stat().st_size} bytes")


if __name__ == "__main__":
    main()
