"""Train the network of ``chainsaw-cnn-torch``, and write it as ``network.onnx``.

    python submissions/chainsaw-cnn-onnx/train.py [OUTPUT_DIRECTORY] [--weights FOLDER]

``--weights`` names a folder with a ``weights.safetensors`` that is there already. Needs the extras
torch and onnx.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper
from safetensors.numpy import load_file

HERE = Path(__file__).resolve().parent
TRAINED_BY = HERE.parent / "chainsaw-cnn-torch" / "train.py"
WINDOWS, MELS = 69, 64
OPSET, IR_VERSION = 17, 8
"""Old enough for every ONNX Runtime of the last years."""
Weights: TypeAlias = dict[str, npt.NDArray[np.float16]]


def build(weights: Weights) -> onnx.ModelProto:
    """Return the network of ``chainsaw-cnn-torch/model.py`` as a graph.

    The weights stay in half precision in the file; the runtime makes them whole once, as it loads.
    """
    silent = int(weights["silent"])
    learnt = sorted(weights.keys() - {"silent"})
    nodes = [
        helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT)
        for name in learnt
    ]
    found = "spectra"
    convolutions = sum(name.endswith(".weight") for name in weights) - 1
    for number in range(convolutions):
        name = f"convolutions.{number}"
        nodes += [
            helper.make_node(
                "Conv", [found, f"{name}.weight", f"{name}.bias"], [name], pads=[1, 1, 1, 1]
            ),
            helper.make_node("Relu", [name], [f"{name}.relu"]),
        ]
        found = f"{name}.relu"
        if number < convolutions - 1:
            nodes.append(
                helper.make_node(
                    "MaxPool", [found], [f"{name}.pool"], kernel_shape=[2, 2], strides=[2, 2]
                )
            )
            found = f"{name}.pool"
    nodes += [
        helper.make_node("ReduceMean", [found], ["mean"], axes=[2], keepdims=0),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Gemm", ["flat", "linear.weight", "linear.bias"], ["scores"], transB=1),
    ]
    floats = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "chainsaw",
        [helper.make_tensor_value_info("spectra", floats, ["n", 1, WINDOWS, MELS])],
        [helper.make_tensor_value_info("scores", floats, ["n", 2])],
        [numpy_helper.from_array(weights[name], f"{name}.half") for name in learnt],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    helper.set_model_props(model, {"silent": str(silent)})
    onnx.checker.check_model(model)
    return model


def main() -> None:
    """Write ``network.onnx`` into the output folder."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("output", type=Path, nargs="?", default=HERE)
    options.add_argument("--weights", type=Path)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.weights or Path(temporary)
        if given.weights is None:
            subprocess.run([sys.executable, TRAINED_BY, folder], check=True)
        model = build(load_file(folder / "weights.safetensors"))
    made = model.SerializeToString(deterministic=True)
    (given.output / "network.onnx").write_bytes(made)
    print(f"{len(made)} bytes")


if __name__ == "__main__":
    main()
