"""Spell a share and the limit that it exceeds with enough decimals to differ."""

from __future__ import annotations

MOST_DECIMALS = 4


def beside(share: float, limit: float) -> tuple[str, str]:
    """Spell both in per cent, with one decimal or as many more as tell them apart."""
    for decimals in range(1, MOST_DECIMALS + 1):
        spelt = f"{share:.{decimals}%}", f"{limit:.{decimals}%}"
        if spelt[0] != spelt[1]:
            break
    return spelt
