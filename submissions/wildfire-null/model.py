"""An entry that does nothing: what it costs is what the harness costs."""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing would cost what is measured here
if TYPE_CHECKING:
    from pathlib import Path

NO_SMOKE = 0.0


class Null:
    """Sees no smoke whatever it is shown."""

    def predict(self, samples: list[bytes]) -> list[float]:
        """Return one 0.0 for each sample; none is looked at."""
        return [NO_SMOKE] * len(samples)


def load(directory: Path) -> Null:  # noqa: ARG001 - the interface's argument
    """Return the model; there is nothing to read."""
    return Null()
