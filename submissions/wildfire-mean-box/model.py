"""An entry that answers the mean box of the train split, as sure as smoke is frequent there."""

from __future__ import annotations

import json
from pathlib import Path


class MeanBox:
    """Answers one box whatever it is shown."""

    def __init__(self, box: list[float]) -> None:
        self._box = box

    def predict(self, samples: list[bytes]) -> list[list[list[float]]]:
        """Return the box, x1, y1, x2, y2 and its score, once for each sample."""
        return [[self._box]] * len(samples)


def load(directory: Path) -> MeanBox:
    """Read the box that ``train.py`` wrote."""
    learnt = json.loads((directory / "box.json").read_text(encoding="utf-8"))
    return MeanBox([*learnt["box"], learnt["score"]])
