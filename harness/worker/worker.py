"""Serve one entry over the frames of ``docs/reference/frames.md``, inside the sandbox.

    python worker.py <directory of the entry> <module:function>

Standard library only, and few imports: what happens here is billed to the entry, so that a batch
costs next to nothing beyond the entry's own ``predict``. The environment says what an answer
looks like: ``FRUGAL_OUTPUT``, ``FRUGAL_LABELS``, ``FRUGAL_MAX_BOXES``.

What leaves here is not trusted by the parent. The checks below serve the team: they name what
came from ``predict`` while it is still a Python object.
"""

# ruff: noqa: ANN401 - predictions may be anything
from __future__ import annotations

import os
import sys
from array import array
from fcntl import F_DUPFD_CLOEXEC, fcntl
from itertools import chain, pairwise
from operator import index
from struct import Struct, unpack

TYPE_CHECKING = False  # what typing.TYPE_CHECKING is, without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

REQUEST_FD = 3
REPLY_FD = 4
HIDDEN_FD = 64  # out of the way of code that closes or writes to small descriptors
HEADER = Struct("<4sIQ")
MAX_MESSAGE_BYTES = 4096
LARGE_BYTES = 4096  # of a sample: to copy more than that a second time costs more than a read


class Finished(Exception):  # noqa: N818 - nothing went wrong
    """The parent has closed the channel: there will be no more requests."""


class Refused(Exception):  # noqa: N818 - it is an answer, worded for the team
    """The entry gave something that cannot be sent."""


def main(directory: str, entry: str) -> NoReturn:
    """Say hello, then answer requests until the parent closes the channel; never return."""
    channel = Channel(hide(REQUEST_FD), hide(REPLY_FD))
    directory = os.path.abspath(directory)
    channel.reply(b"REDY")
    doing = entry
    model: Any = Unloaded()
    try:
        encode = encoder(dict(os.environ))
        while True:
            kind, n, size = channel.header()
            if kind == b"LOAD":
                doing, model = entry, load(directory, entry)
                channel.reply(b"LOAD")
            else:
                samples = channel.samples(kind, n, size)
                doing = "predict"
                answer = model.predict(samples)
                channel.reply(b"PRED", n, encode(answer, n))
    except Finished:
        leave(0)
    except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt too
        channel.reply(b"FAIL", 0, explain(error, doing, directory))
        show(error)
        leave(1)


def load(directory: str, entry: str) -> Any:
    """Import ``module:function`` from the entry's folder and call it with the folder's path."""
    if sys.flags.no_site:  # the entry has packages of its own: they are its code, and loaded now
        import site  # noqa: PLC0415 - imported, with ``-S``, it changes nothing yet

        site.main()
    from pathlib import Path  # noqa: PLC0415 - a command-line ``--help`` of ours never needs it

    sys.path.insert(0, directory)
    sys.argv = [directory]
    module_name, _, function_name = entry.partition(":")
    __import__(module_name)
    function = getattr(sys.modules[module_name], function_name, None)
    if function is None:
        raise Refused(f"the module {module_name!r} has no {function_name!r}")
    model = function(Path(directory))
    if not callable(getattr(model, "predict", None)):
        raise Refused(f"{entry} gave {shown(model)}, which has no predict(samples)")
    return model


class Unloaded:
    """Stands for the model until there is one."""

    def predict(self, samples: list[Any]) -> Any:
        """Refuse: the parent asked too early."""
        raise Refused(f"{len(samples)} samples came before LOAD")


class Channel:
    """The frames, on two blocking descriptors."""

    def __init__(self, requests: int, replies: int) -> None:
        self._requests = requests
        self._replies = replies
        self._room = memoryview(bytearray(HEADER.size))  # kept: fresh memory costs page faults

    def header(self) -> tuple[bytes, int, int]:
        """Wait for the next request; ``Finished`` when there will be none."""
        return HEADER.unpack(self._read(HEADER.size))

    def samples(self, kind: bytes, n: int, size: int) -> list[str] | list[bytes]:
        """Read the rest of a request of ``n`` samples: ``str`` for TEXT, ``bytes`` for BYTE."""
        start = 8 * (n + 1)
        if kind == b"BYTE" and size > LARGE_BYTES * n:
            offsets = unpack(f"<{n + 1}Q", self._read(start))
            return [self._large(b - a) for a, b in pairwise(offsets)]
        rest = self._read(start + size)
        offsets = unpack(f"<{n + 1}Q", rest[:start])
        if kind == b"TEXT":
            text = str(rest[start:], "utf-8")
            if len(text) == size:  # one byte a character: slices of text need no decoding
                return [text[a:b] for a, b in pairwise(offsets)]
            blob = bytes(rest[start:])  # slices of bytes are decoded faster than those of a view
            return [blob[a:b].decode() for a, b in pairwise(offsets)]
        if kind == b"BYTE":
            return [bytes(rest[start + a : start + b]) for a, b in pairwise(offsets)]
        raise Refused(f"a request of the unknown type {kind!r}")

    def reply(self, kind: bytes, n: int = 0, payload: bytes = b"") -> None:
        """Send one frame, however little the pipe takes at a time."""
        whole = memoryview(HEADER.pack(kind, n, len(payload)) + payload)
        while whole:
            whole = whole[os.write(self._replies, whole) :]

    def _large(self, size: int) -> bytes:
        """Return the next ``size`` bytes, straight from the pipe if it holds them all by now."""
        first = os.read(self._requests, size)
        return first if len(first) == size else first + self._read(size - len(first))

    def _read(self, size: int) -> memoryview:
        """Return the next ``size`` bytes; they stand until the next call."""
        if size > len(self._room):
            self._room = memoryview(bytearray(size))
        whole = rest = self._room[:size]
        while rest:
            got = os.readv(self._requests, [rest])
            if not got:
                raise Finished
            rest = rest[got:]
        return whole


def hide(descriptor: int) -> int:
    """Move a channel out of the way, so that no print and no child of the entry gets at it."""
    moved = fcntl(descriptor, F_DUPFD_CLOEXEC, HIDDEN_FD)
    os.close(descriptor)
    return moved


def encoder(environment: dict[str, str]) -> Callable[[Any, int], bytes]:
    """Return the function (predictions, n) -> payload that the environment asks for."""
    output = environment["FRUGAL_OUTPUT"]
    labels = int(environment["FRUGAL_LABELS"])
    if output == "index":
        return encode_indices
    if output == "scores":
        return lambda predictions, n: encode_scores(predictions, n, labels)
    if output == "image_score":
        return encode_image_scores
    if output == "boxes":
        max_boxes = int(environment["FRUGAL_MAX_BOXES"])
        return lambda predictions, n: encode_boxes(predictions, n, max_boxes)
    raise Refused(f"FRUGAL_OUTPUT is {output!r}, which this worker does not know")


def encode_indices(predictions: Any, n: int) -> bytes:
    """``n`` label positions as int32."""
    values = rows(predictions, n)
    if set(map(type, values)) - {int}:
        values = [whole_number(value, i) for i, value in enumerate(values)]
    try:
        return little_endian(array("i", values))
    except OverflowError:
        largest = max(values, key=abs)
        raise Refused(f"predict gave {shown(largest)}; the number of a label is wanted") from None


def encode_scores(predictions: Any, n: int, labels: int) -> bytes:
    """``n`` rows of one score a label, as float32."""
    table = [as_list(row, f"sample {i}") for i, row in enumerate(rows(predictions, n))]
    if set(map(len, table)) - {labels}:
        i, row = next((i, row) for i, row in enumerate(table) if len(row) != labels)
        raise Refused(f"predict gave {len(row)} scores for {labels} labels (sample {i})")
    return floats(list(chain.from_iterable(table)), labels)


def encode_image_scores(predictions: Any, n: int) -> bytes:
    """``n`` scores as float32."""
    return floats(rows(predictions, n), 1)


def encode_boxes(predictions: Any, n: int, max_boxes: int) -> bytes:
    """``n`` counts as uint16, then five float32 a box: x1, y1, x2, y2, score."""
    per_sample = [as_list(boxes, f"sample {i}") for i, boxes in enumerate(rows(predictions, n))]
    for i, boxes in enumerate(per_sample):
        if len(boxes) > max_boxes:
            raise Refused(f"predict gave {len(boxes)} boxes, more than {max_boxes} (sample {i})")
    boxes = [as_list(box, "a box") for box in chain.from_iterable(per_sample)]
    for box in boxes:
        if len(box) != 5:  # noqa: PLR2004 - x1, y1, x2, y2, score
            raise Refused(f"predict gave a box of {len(box)} numbers; it takes 5")
    counts = array("H", map(len, per_sample))
    return little_endian(counts) + floats(list(chain.from_iterable(boxes)), 5)


def rows(predictions: Any, n: int) -> list[Any]:
    """Return the predictions as a list of ``n``."""
    values = as_list(predictions, "predict")
    if len(values) != n:
        raise Refused(f"predict gave {len(values)} predictions for {n} samples")
    return values


def as_list(value: Any, what: str) -> list[Any]:
    """Return numbers as a list, by ``tolist``, which arrays and tensors have, or by iteration."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list):
        return value
    if not isinstance(value, (str, bytes, dict, set)):
        try:
            return list(value)
        except TypeError:
            pass
    raise Refused(f"{what}: a list of numbers is wanted, {shown(value)} came")


def whole_number(value: Any, i: int) -> int:
    """Return a label position that came as another kind of integer; refuse everything else."""
    if not isinstance(value, bool) and hasattr(value, "__index__"):
        try:
            return index(value)
        except TypeError:  # a tensor of floats has __index__ and refuses
            pass
    raise Refused(f"predict gave {shown(value)} for sample {i}; the number of a label is wanted")


def floats(values: list[Any], width: int) -> bytes:
    """Return numbers as float32; ``width`` of them belong to one sample or box."""
    if set(map(type, values)) - {float, int}:
        for i, value in enumerate(values):
            if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
                what = f"predict gave {shown(value)} in row {i // width}"
                raise Refused(f"{what}; numbers are wanted")
    try:
        return little_endian(array("f", values))
    except OverflowError:
        raise Refused("predict gave a number that is too large for a float") from None


def little_endian(numbers: array[Any]) -> bytes:
    """Return the bytes of an array in the order of the frames."""
    if sys.byteorder != "little":
        numbers.byteswap()
    return numbers.tobytes()


def shown(value: Any) -> str:
    """Show a value of the entry's, short."""
    text = repr(value)
    return f"{text[:60]} ({type(value).__name__})"


def explain(error: BaseException, doing: str, directory: str) -> bytes:
    """Say what went wrong in one line, with the last place in the entry's own files."""
    if isinstance(error, Refused):
        message = str(error)
    else:
        what = f"{type(error).__name__}: {text_of(error)}"
        message = f"{doing} raised {what}{place(error, directory)}"
    return message.encode("utf-8", "backslashreplace")[:MAX_MESSAGE_BYTES]


def text_of(error: BaseException) -> str:
    """Return the text of an exception, whose own ``__str__`` may fail."""
    try:
        return str(error.msg if isinstance(error, SyntaxError) else error)
    except Exception:  # noqa: BLE001 - whatever the entry's class does
        return "(its text cannot be shown)"


def place(error: BaseException, directory: str) -> str:
    """Return `` (model.py:12)``, the last line of the entry's own in the traceback, or nothing."""
    inside = directory + os.sep
    found = ""
    if isinstance(error, SyntaxError) and (error.filename or "").startswith(inside):
        return f" ({str(error.filename)[len(inside) :]}:{error.lineno})"
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith(inside):
            found = f" ({name[len(inside) :]}:{trace.tb_lineno})"
        trace = trace.tb_next
    return found


def show(error: BaseException) -> None:
    """Print the whole traceback where the team can read it: on standard error."""
    if not isinstance(error, Refused):
        sys.__excepthook__(type(error), error, error.__traceback__)


def leave(code: int) -> NoReturn:
    """Exit at once: tearing an interpreter down is work that answers no query."""
    for stream in (sys.stdout, sys.stderr):
        try:  # noqa: SIM105 - contextlib is an import more
            stream.flush()
        except Exception:  # noqa: BLE001, S110 - the entry may have replaced or closed it
            pass
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
