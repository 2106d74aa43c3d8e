"""Every sentence that the English catalogue knows of records, with its holes filled."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter

from harness.records.session import Notice
from harness.site.paths import MAIN_LANGUAGE
from harness.site.recorded import MESSAGE, REMEDY, TABLE
from harness.site.strings import catalogue

HELD = {
    "codes": "kernel-slow, steal", "metric": "balanced accuracy", "stage": "load",
    "reasons": "the machine was suspended for 3.5 s", "remedies": "use --protocol official",
}  # fmt: skip
"""What holes hold that are not called like a kind, nor hold a figure or any text."""


def kinds() -> frozenset[str]:
    return frozenset(key.split(".")[1] for key in catalogue(MAIN_LANGUAGE) if key.startswith(TABLE))


def sentences(kind: str) -> Iterator[tuple[str, str]]:
    """Yield the names of the sentences of a kind, and each as a record would have it."""
    for key, template in catalogue(MAIN_LANGUAGE).items():
        if key.startswith(f"{TABLE}{kind}.") and isinstance(template, str):
            yield key.split(".")[2], as_recorded(template)


def as_recorded(template: str) -> str:
    holes = [hole for _, hole, _, _ in Formatter().parse(template) if hole]
    filled = template.format(**{hole: _held(hole) for hole in holes})
    return filled.replace("’", "'").replace("‘", "'").replace("\u00a0", " ")  # noqa: RUF001


def _held(hole: str) -> str:
    if hole in HELD:
        return HELD[hole]
    if hole in kinds():
        return next(text for _, text in sentences(hole))
    return "zq" if hole.startswith(("name", "text", "word")) else "7.25"


def notices() -> Iterator[Notice]:
    """Yield a notice of each message and of each remedy that is known of a code."""
    for code in sorted(kinds()):
        said = [*sentences(code)]
        messages = [text for name, text in said if f".{name}".startswith(MESSAGE)]
        remedies = [text for name, text in said if f".{name}".startswith(REMEDY)]
        remedies = remedies or [HELD["remedies"]]  # those of what disturbed a session are others'
        for n in range(max(len(messages), len(remedies)) if messages else 0):
            yield Notice(
                code=code,
                message=messages[min(n, len(messages) - 1)],
                remedy=remedies[min(n, len(remedies) - 1)],
            )
