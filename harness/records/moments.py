"""Moments as records spell them: ISO 8601, with their offset from UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(utc: str) -> datetime:
    """Return a moment in UTC; raise ``ValueError`` where it is none.

    One without its offset is none: it would be another on each machine.
    """
    found = datetime.fromisoformat(utc)
    if found.tzinfo is None:
        raise ValueError("it has no offset from UTC")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise ValueError("it is before the first year, or after the last") from None


def is_moment(utc: str) -> bool:
    """Say whether it is one."""
    try:
        moment(utc)
    except ValueError:
        return False
    return True
