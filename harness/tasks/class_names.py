"""What ``datasets`` writes into a Parquet file's schema: the names of the classes of a column.

Their numbers are of the file: ``imagefolder`` gives them in the order of the names, whatever the
task's card says.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

METADATA_KEY = b"huggingface"


class _ClassLabel(msgspec.Struct, tag_field="_type", tag="ClassLabel"):
    names: tuple[str, ...]


class _Info(msgspec.Struct):
    features: dict[str, msgspec.Raw]


class _Metadata(msgspec.Struct):
    info: _Info


def class_names(metadata: Mapping[bytes, bytes], column: str | None) -> tuple[str, ...] | None:
    """Return the names of a column's classes, by number; ``None`` where a schema gives none."""
    try:
        declared = msgspec.json.decode(metadata.get(METADATA_KEY, b""), type=_Metadata)
        feature = declared.info.features.get(column or "", msgspec.Raw())
        return msgspec.json.decode(feature, type=_ClassLabel).names
    except msgspec.MsgspecError:  # no metadata, no such column, or one of another type
        return None
