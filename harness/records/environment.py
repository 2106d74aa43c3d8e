"""What an entry's packages are: the lock that asks for them, and the folder that came of it."""

from __future__ import annotations

from typing import Literal

from harness.records.base import Frozen


class Pin(Frozen):
    """One package that a lock asks for on this platform."""

    name: str
    """Normalised: lower case, single dashes."""
    version: str
    hashes: tuple[str, ...]
    """Of the files that may be installed, each ``<algorithm>:<hexadecimal digits>``; sorted."""
    extras: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The one spelling of it in a requirements file."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        hashes = "".join(f" --hash={each}" for each in self.hashes)
        return f"{self.name}{extras}=={self.version}{hashes}"


class Lock(Frozen):
    """A lock file, as far as it applies to this Python and platform."""

    digest: str
    """SHA-256 of the file's bytes."""
    pins: tuple[Pin, ...]
    """By name."""


class EnvironmentReference(Frozen):
    """Which packages an entry ran with, and how they were installed."""

    lock_digest: str
    """SHA-256 of the lock file's bytes."""
    digest: str
    """SHA-256 over the names and contents of the installed files, as they were when it ran."""
    python: str
    """Implementation, version and platform."""
    installer: str
    """The tool and its version."""
    source: Literal["index", "wheelhouse"]
    """Where the packages were looked for; their hashes say what was found."""
    packages: tuple[str, ...]
    """``name==version``, by name."""
    files: int
    bytes: int
