"""What ``verify`` finds in a results folder."""

from __future__ import annotations

from typing import Literal, TypeAlias

from harness.records.base import Frozen

Kind: TypeAlias = Literal["finding", "history", "note"]
"""``finding``: something is wrong. ``history``: it was right, and what it names has moved on since,
as it may. ``note``: what could not be held against anything."""


class Finding(Frozen):
    """One thing that was found: a stable code, where, what, and what to do."""

    kind: Kind
    path: str
    """Relative to the results folder."""
    code: str
    message: str
    remedy: str
