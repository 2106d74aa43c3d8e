"""The worker alone, on bare pipes: what it reports of what an entry gives."""

from __future__ import annotations

import ast
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from sandboxes import converse, write_entry

from harness.sandbox import frames, interpreter
from harness.worker import worker


def replies_to(
    tmp_path: Path,
    code: str,
    samples: list[Any] | None = None,
    **shape: Any,  # noqa: ANN401 - of converse
) -> tuple[list[tuple[bytes, bytes]], str, int]:
    """Load an entry, ask it once, and cut what it sent into (type, payload)."""
    request = b"".join(frames.encode_request(["one", "two"] if samples is None else samples))
    content, stderr, code_number = converse(
        write_entry(tmp_path, code), frames.LOAD_REQUEST + request, **shape
    )
    found = []
    while content:
        kind, _, size = frames.HEADER.unpack_from(content)
        found.append((kind, content[16 : 16 + size]))
        content = content[16 + size :]
    return found, stderr, code_number


def answering(answer: str, before: str = "") -> str:
    return f"""
{before}
class Model:
    def predict(self, samples):
        return {answer}

def load(directory):
    return Model()
"""


@pytest.mark.parametrize(
    ("output", "answer", "payload"),
    [
        ("index", "[1, 2]", struct.pack("<2i", 1, 2)),
        ("index", "(n for n in [1, 2])", struct.pack("<2i", 1, 2)),
        ("index", "numpy.array([1, 2], dtype='uint8')", struct.pack("<2i", 1, 2)),
        ("index", "[numpy.int64(1), 2]", struct.pack("<2i", 1, 2)),
        ("scores", "numpy.ones((2, 3)) / 2", struct.pack("<6f", *[0.5] * 6)),
        ("scores", "[numpy.zeros(3), (0, 1, 2)]", struct.pack("<6f", 0, 0, 0, 0, 1, 2)),
        ("image_score", "numpy.array([0.5, 1], dtype='float32')", struct.pack("<2f", 0.5, 1)),
        ("boxes", "[[], [numpy.zeros(5)]]", struct.pack("<2H5f", 0, 1, *[0] * 5)),
    ],
)
def test_predictions_may_come_in_many_shapes(
    tmp_path: Path, output: str, answer: str, payload: bytes
) -> None:
    found, stderr, code = replies_to(
        tmp_path, answering(answer, "import numpy"), output=output, labels=3, max_boxes=1
    )
    assert found == [(b"REDY", b""), (b"LOAD", b""), (b"PRED", payload)], stderr
    assert code == 0


@pytest.mark.parametrize(
    ("output", "answer", "message"),
    [
        ("index", "[1]", "predict gave 1 predictions for 2 samples"),
        ("index", "[1, 2, 3]", "predict gave 3 predictions for 2 samples"),
        ("index", "None", "predict: a list of numbers is wanted, None (NoneType) came"),
        ("index", "'12'", "predict: a list of numbers is wanted, '12' (str) came"),
        ("index", "[1, True]", "predict gave True (bool) for sample 1; the number of a label"),
        ("index", "[1, '2']", "predict gave '2' (str) for sample 1; the number of a label"),
        ("index", "[1, float('nan')]", "predict gave nan (float) for sample 1"),
        ("index", "[1, 10**12]", "predict gave 1000000000000 (int); the number of a label"),
        ("scores", "[[1, 2, 3], [1, 2]]", "predict gave 2 scores for 3 labels (sample 1)"),
        ("scores", "[1, 2]", "sample 0: a list of numbers is wanted, 1 (int) came"),
        ("image_score", "[0.5, None]", "predict gave None (NoneType) in row 1; numbers are"),
        ("image_score", "[0.5, 10**400]", "too large for a float"),
        ("boxes", "[[], [[0] * 5] * 2]", "predict gave 2 boxes, more than 1 (sample 1)"),
        ("boxes", "[[], [[0] * 4]]", "predict gave a box of 4 numbers; it takes 5"),
    ],
)
def test_wrong_predictions_are_named(
    tmp_path: Path, output: str, answer: str, message: str
) -> None:
    found, _, code = replies_to(tmp_path, answering(answer), output=output, labels=3, max_boxes=1)
    kind, text = found[-1]
    assert (kind, code) == (b"FAIL", 1)
    assert message in text.decode()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import nothing_of_this_name", "No module named 'nothing_of_this_name' (model.py:1)"),
        ("x = (", "model:load raised SyntaxError: '(' was never closed (model.py:1)"),
        ("def load(d):\n    raise ValueError('bad\\nfile')", "ValueError: bad\nfile (model.py:2)"),
        ("raise SystemExit(3)", "model:load raised SystemExit: 3 (model.py:1)"),
        ("x = 1", "the module 'model' has no 'load'"),
        ("def load(d): return 7", "model:load gave 7 (int), which has no predict(samples)"),
        ("raise EOFError", "model:load raised EOFError"),
        (answering("1 / 0"), "predict raised ZeroDivisionError: division by zero (model.py:5)"),
        (
            "class Odd(Exception):\n    def __str__(self): return 1 / 0\nraise Odd",
            "model:load raised Odd: (its text cannot be shown)",
        ),
    ],
)
def test_an_exception_comes_with_its_place(tmp_path: Path, code: str, message: str) -> None:
    found, _, code_number = replies_to(tmp_path, code)
    kind, text = found[-1]
    assert (kind, code_number) == (b"FAIL", 1)
    assert message in text.decode()


def test_the_whole_traceback_is_on_standard_error(tmp_path: Path) -> None:
    _, stderr, _ = replies_to(tmp_path, answering("1 / 0"))
    assert "Traceback" in stderr
    assert "return 1 / 0" in stderr


def test_print_never_reaches_the_frames(tmp_path: Path) -> None:
    shouting = answering("print('x' * 10_000) or [0, 0]", "import os\nos.write(1, b'loud')")
    found, _, code = replies_to(tmp_path, shouting)
    assert [kind for kind, _ in found] == [b"REDY", b"LOAD", b"PRED"]
    assert code == 0


def test_descriptors_3_and_4_are_free_for_the_entry(tmp_path: Path) -> None:
    before = "import os\nfor fd in (3, 4):\n    try: os.write(fd, b'x')\n    except OSError: pass"
    found, _, _ = replies_to(tmp_path, answering("[0, 0]", before))
    assert [kind for kind, _ in found] == [b"REDY", b"LOAD", b"PRED"]


def test_an_exit_handler_does_not_run_after_the_last_answer(tmp_path: Path) -> None:
    before = "import atexit, time\natexit.register(time.sleep, 60)"
    found, _, code = replies_to(tmp_path, answering("[0, 0]", before))
    assert (found[-1][0], code) == (b"PRED", 0)


def test_a_sample_before_load_is_refused(tmp_path: Path) -> None:
    entry = write_entry(tmp_path, answering("[0, 0]"))
    replies, _, code = converse(entry, b"".join(frames.encode_request(["a", "b"])))
    assert b"2 samples came before LOAD" in replies
    assert code == 1


@pytest.mark.parametrize("sizes", [(5_000, 0, 40_000), (2_500_000, 1, 300_000), (0, 4_096, 9_000)])
def test_large_samples_come_whole_however_little_the_pipe_holds(
    tmp_path: Path, sizes: tuple[int, ...]
) -> None:
    samples = [np.random.default_rng(size).bytes(size) for size in sizes]
    code = answering(
        "[type(s) is bytes and 7 * (crc32(s) == wanted) for s, wanted in zip(samples, known)]",
        f"from zlib import crc32\nknown = {list(map(crc32, samples))}",
    )

    replies, stderr, _ = replies_to(tmp_path, code, samples)

    assert (replies[-1], stderr) == ((b"PRED", struct.pack("<3i", 7, 7, 7)), "")


def test_the_parent_may_leave_in_the_middle_of_a_large_sample(tmp_path: Path) -> None:
    head = b"".join(frames.encode_request([bytes(50_000)])[:2])

    replies, stderr, code = converse(
        write_entry(tmp_path, answering("[0]")), frames.LOAD_REQUEST + head + bytes(20_000)
    )

    assert (replies[32:], stderr, code) == (b"", "", 0)


def test_the_worker_imports_the_standard_library_and_nothing_of_the_harness() -> None:
    for module in ("worker.py", "confine.py"):
        tree = ast.parse((Path(worker.__file__).parent / module).read_text())
        names = {
            name
            for node in ast.walk(tree)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_starting_the_worker_imports_little(tmp_path: Path) -> None:
    # It ends with an error, for want of the sockets; from Python 3.13 on, telling one imports much.
    program = (
        f"import sys; sys.excepthook = lambda *_: None; sys.argv[0] = {str(interpreter.WORKER)!r}; "
        "exec(compile(open(sys.argv[0]).read(), sys.argv[0], 'exec'))"
    )
    run = subprocess.run(
        [sys.executable, "-S", "-X", "importtime", "-c", program, str(tmp_path), "m:l"],
        capture_output=True, text=True, check=False, timeout=20, close_fds=True,
    )  # fmt: skip
    imported = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert "array" in imported
    assert not imported & {"typing", "pathlib", "re", "json", "traceback", "ctypes", "contextlib"}
