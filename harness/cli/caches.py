"""Where what was fetched is kept, and who the hub is: settings of the user's environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ConfigurationError

if TYPE_CHECKING:
    from harness.submissions.weights import Hub

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


def hub() -> Hub:
    """Return where the hub is, as its own library reads the environment."""
    from huggingface_hub import constants

    from harness.submissions.addresses import origin_of
    from harness.submissions.weights import Hub

    if origin_of(constants.ENDPOINT) is None:
        raise ConfigurationError(
            f"HF_ENDPOINT: {constants.ENDPOINT!r} is not an http or https address",
            remedy="correct it, or unset it",
        )
    return Hub(endpoint=constants.ENDPOINT.rstrip("/"), offline=bool(constants.HF_HUB_OFFLINE))
