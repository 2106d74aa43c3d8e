"""Where what was fetched is kept: a setting of the user's environment."""

from __future__ import annotations

import os
from pathlib import Path

from harness.errors import ConfigurationError

CACHE_VARIABLE = "HARNESS_CACHE"


def cache_folder(kind: str) -> Path:
    """Return the folder for what is fetched of one kind; it need not be there yet.

    Under ``HARNESS_CACHE``, else ``frugal-ai-harness`` under ``XDG_CACHE_HOME`` or ``~/.cache``.
    Everything in it can be removed: it is fetched again.
    """
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).absolute() / kind
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():  # which the specification says to ignore; so is an empty one
        try:
            base = Path.home() / ".cache"
        except RuntimeError:
            raise ConfigurationError(
                "there is no home folder to keep what is fetched in",
                remedy=f"name a folder in {CACHE_VARIABLE}",
            ) from None
    return base / "frugal-ai-harness" / kind
