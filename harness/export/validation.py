"""Documents are held against a schema of ours before anybody sees them.

The schemas say what the harness writes of a format, more narrowly than the formats do themselves:
an energy is never negative, and no field stands there that the format does not know. They are held
by ``jsonschema``, for a validator of our own would have to be trusted first.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

MOST_FAULTS = 20


class NotValidError(ValueError):
    """A document of ours is not what its schema says: a bug of the harness."""


@cache
def schema(name: str) -> dict[str, Any]:
    """Return a schema by the name of its file."""
    text = resources.files(__package__).joinpath("schemas", name).read_text(encoding="utf-8")
    read: dict[str, Any] = json.loads(text)
    return read


def require_valid(name: str, document: object) -> None:
    """Raise ``NotValidError`` naming each field of a document that its schema does not take."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - tens of milliseconds

    faults = [
        f"{'/'.join(map(str, fault.absolute_path)) or 'the document'}: {fault.message[:200]}"
        for fault in Draft202012Validator(schema(name)).iter_errors(document)
    ]
    if faults:
        raise NotValidError(f"{name}: " + "; ".join(sorted(faults)[:MOST_FAULTS]))
