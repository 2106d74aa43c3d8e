"""Files that are more than they seem: archives hide what they hold, pickles run what they hold."""

from __future__ import annotations

import re

from harness.submissions.faults import Fault, fault

HEAD_BYTES = 4_096
"""How much of a file is looked at."""

_ARCHIVE_NAMES = (
    ".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz", ".xz", ".txz", ".zst", ".lz4", ".7z", ".rar",
    ".whl", ".egg", ".jar", ".cab", ".iso", ".deb", ".rpm",
)  # fmt: skip
_ARCHIVE_BEGINNINGS = re.compile(
    rb"PK\x03\x04|\x1f\x8b\x08|BZh[1-9]1AY&SY|\xfd7zXZ\x00|\x28\xb5\x2f\xfd|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07"
)
_ZIP = b"PK\x03\x04"
_TAR_MAGIC = slice(257, 262)
_ZIPPED_MODELS = (".npz", ".pt", ".pth", ".ckpt", ".bin", ".keras", ".skops")
"""Formats of models that are ZIP files by design."""

_PICKLE_NAMES = (".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle")
_MODEL_NAMES = (".pt", ".pth", ".ckpt", ".bin", ".npy", ".npz", ".model", ".dat")
_PICKLE_BEGINNING = re.compile(
    rb"\x80[\x02-\x05][\x95}\](c)X\x8c\x8aKUq]"
)  # protocol, first opcode
_NUMPY_OBJECTS = re.compile(rb"\x93NUMPY.{2,6}\{[^}]*'descr': '\|O", re.DOTALL)


def check_contents(name: str, head: bytes) -> Fault | None:
    """Judge a file by its name and its first ``HEAD_BYTES`` bytes."""
    lower = name.lower()
    if _is_pickle(lower, head):
        return fault(
            "FRG306",
            name,
            "is or holds a pickle, which can run anything when it is loaded",
            "keep weights as safetensors, or as plain arrays in .npz with allow_pickle=False",
        )
    if _is_archive(lower, head):
        return fault(
            "FRG305", name, "is an archive", "unpack it: what is inside must be open to checks"
        )
    return None


def _is_pickle(lower: str, head: bytes) -> bool:
    if lower.endswith(_PICKLE_NAMES):
        return True
    if not lower.endswith(_MODEL_NAMES):
        return False
    zipped_pickle = head.startswith(_ZIP) and b"data.pkl" in head[:512]  # as torch.save writes
    return bool(zipped_pickle or _PICKLE_BEGINNING.match(head) or _NUMPY_OBJECTS.search(head))


def _is_archive(lower: str, head: bytes) -> bool:
    if lower.endswith(_ARCHIVE_NAMES) or head[_TAR_MAGIC] == b"ustar":
        return True
    if head.startswith(_ZIP) and lower.endswith(_ZIPPED_MODELS):
        return False
    return _ARCHIVE_BEGINNINGS.match(head) is not None
