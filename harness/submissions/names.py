"""File names that mean the same file on every machine.

A checkout on a file system that folds case or Unicode forms loses one of two files whose names
differ in nothing else; a name that one system takes, another cuts or refuses.
"""

from __future__ import annotations

import unicodedata

MAX_DEPTH = 16
"""Folders within one another, the entry's own included."""
MAX_NAME_BYTES = 255
"""Of one file or folder, in UTF-8: what file systems take."""
MAX_PATH_BYTES = 1_000
"""Of a whole path, in UTF-8: well under what the kernel takes, wherever the entry lies."""


def wrong_with_form(path: str) -> str:
    """Say why other systems would spell a name otherwise; empty where they would not."""
    return "" if unicodedata.is_normalized("NFC", path) else "is not in Unicode's normal form C"


def wrong_with_length(path: str) -> str:
    """Say why a relative path is too long for some system; empty when it is not."""
    encoded = path.encode("utf-8", "surrogateescape")
    if len(encoded) > MAX_PATH_BYTES:
        return f"is longer than {MAX_PATH_BYTES:,} bytes"
    if any(len(part) > MAX_NAME_BYTES for part in encoded.split(b"/")):
        return f"has a part that is longer than {MAX_NAME_BYTES} bytes"
    return ""


def folded(path: str) -> str:
    """Return what two paths share that a system which folds case or forms takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())
