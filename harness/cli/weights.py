"""The big weights of entries: fetched ahead of every session, or taken from a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ConfigurationError, HarnessError, OrganiserError, SubmissionError

if TYPE_CHECKING:
    from harness.cli.evaluating.reporter import Reporter
    from harness.submissions.manifest import Manifest
    from harness.submissions.weights import Hub


class Supply:
    """Gives entries their weights; what goes wrong is kept for the entry's record."""

    def __init__(
        self, entries: Sequence[tuple[str, Manifest]], folder: Path | None, progress: Reporter
    ) -> None:
        """Fetch all of them now: a download would disturb a session; ``folder`` serves instead."""
        from harness.records.caches import cache_folder
        from harness.submissions.weights import Weights

        self._weights = Weights(
            cache_folder("weights"),
            hub,
            folder=folder,
            on_note=progress.note,
            on_bytes=progress.fetched,
        )
        self._errors: dict[str, HarnessError] = {}
        for name, manifest in entries:
            progress.entry(name)
            try:
                self._weights.prepare(name, manifest.weights)
            except (SubmissionError, OrganiserError) as error:
                self._errors[name] = error

    def place(self, name: str, manifest: Manifest, into: Path) -> HarnessError | None:
        """Copy an entry's weights into its snapshot; return what keeps it from being run."""
        if name not in self._errors:
            try:
                self._weights.place(name, manifest.weights, into)
            except (SubmissionError, OrganiserError) as error:
                return error
        return self._errors.get(name)


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
