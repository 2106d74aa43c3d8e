"""Bind a record to the outcomes of single items without showing them."""

from __future__ import annotations

import hmac


def commitment(key: str, sidecar: bytes) -> str:
    """Return the HMAC-SHA256, in hexadecimal, of a sidecar's bytes under its hexadecimal key.

    The key is random and lies in the sidecar: a plain digest would let anybody who guesses the
    outcomes confirm them. Raises ``ValueError`` when it is not hexadecimal.
    """
    return hmac.digest(bytes.fromhex(key), sidecar, "sha256").hex()
