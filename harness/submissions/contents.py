"""Files that are more than they seem: archives hide what they hold, pickles run what they hold."""

from __future__ import annotations

import re

from harness.submissions.faults import Fault, fault

HEAD_BYTES = 4_096
"""How much of a file is looked at."""

_ARCHIVE_NAMES = (
    ".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz", ".tbz2", ".xz", ".txz", ".lzma", ".lz", ".zst",
    ".lz4", ".z", ".7z", ".rar", ".whl", ".egg", ".jar", ".cab", ".iso", ".deb", ".rpm", ".cpio",
)  # fmt: skip
_ARCHIVE_BEGINNINGS = re.compile(
    rb"PK(?:\x03\x04|\x05\x06|\x07\x08)"  # ZIP: with files, empty, in parts
    rb"|\x1f\x8b\x08[\x00-\x1f]|\x1f\x9d"  # gzip, compress
    rb"|BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)"  # bzip2: with blocks, empty
    rb"|\xfd7zXZ\x00|LZIP\x01|\x28\xb5\x2f\xfd|\x04\x22\x4d\x18"  # xz, lzip, Zstandard, LZ4
    rb"|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|MSCF\x00{4}|!<arch>\n|\xed\xab\xee\xdb|07070[127]|xar!"
)
_ZIP = b"PK\x03\x04"
_TAR_MAGIC = slice(257, 262)
_ZIPPED_MODELS = (".npz", ".pt", ".pth", ".ckpt", ".bin", ".keras", ".skops")
"""Formats of models that are ZIP files by design."""
_SAFETENSORS = re.compile(rb".{8}\{", re.DOTALL)
"""A length, whose bytes may look like anything, and the beginning of a JSON object."""

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
    if lower.endswith(_ARCHIVE_NAMES):
        return True
    if lower.endswith(".safetensors") and _SAFETENSORS.match(head):
        return False
    if head.startswith(_ZIP) and lower.endswith(_ZIPPED_MODELS):
        return lower.endswith(".npz") and not _first_in_zip(head).endswith(b".npy")
    return head[_TAR_MAGIC] == b"ustar" or _ARCHIVE_BEGINNINGS.match(head) is not None


def _first_in_zip(head: bytes) -> bytes:
    """Return the name of the first file in a ZIP file."""
    return head[30 : 30 + int.from_bytes(head[26:28], "little")]
