"""What a sandbox is to the rest of the harness."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from harness.records.base import Frozen
from harness.records.evaluation import Isolation, Output
from harness.records.rules import Limits
from harness.records.session import Remains


class Launch(Frozen):
    """What is to run: the snapshot of an entry, and how its worker speaks."""

    directory: Path
    """The entry's snapshot; read-only inside."""
    entry: str | None
    """``module:function`` for the Python worker; ``None`` when ``command`` is given."""
    command: tuple[str, ...] | None
    """A program of the entry's own that speaks the frames, instead of the worker."""
    output: Output
    labels: int
    """k: how many labels the task has (the width of ``scores``)."""
    max_boxes: int
    limits: Limits
    environment: Path | None = None
    """The folder of the entry's own packages, of the shape that ``venv`` makes; ``None`` for the
    harness's own packages."""
    devices: tuple[Path, ...] = ()
    """Device files that the entry may use: those of an accelerator whose energy is metered."""
    cores: tuple[int, ...] | None = None
    """Where the whole tree runs, for good; ``None`` for anywhere."""


class SampleFile(Protocol):
    """An open file of samples, which does not change any more."""

    def fileno(self) -> int:
        """Return its descriptor."""
        ...

    def read(self, begin: int, size: int) -> bytes:
        """Return a part of it; ``OrganiserError`` where that cannot be read."""
        ...


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a request that goes from a file to the entry without being read here."""

    file: SampleFile
    begin: int
    """In bytes from the file's beginning."""
    size: int

    def __len__(self) -> int:
        """Return how many bytes it has."""
        return self.size

    def after(self, taken: int) -> Span:
        """Return what is left after so many bytes."""
        return Span(self.file, self.begin + taken, self.size - taken)


class Request(NamedTuple):
    """An encoded request for predictions."""

    parts: Sequence[bytes | memoryview | Span]
    n: int
    """How many samples it holds."""


class Captured(Frozen):
    """What the entry wrote to standard output and standard error."""

    text: str
    """The end of it, control characters made visible."""
    bytes_written: int


class Exit(Frozen):
    """How the entry's tree ended."""

    code: int | None
    signal: int | None
    cpu_seconds: float
    """Of the whole tree, short-lived children included."""
    peak_memory_bytes: int
    remains: Remains | None = None
    """``None`` where it was not told to end, but made to."""


class Process(Protocol):
    """An entry's tree, alive.

    Every method raises ``SubmissionError`` when the entry is at fault: its death (exit code or
    signal, with the end of its standard error), a missed deadline, a reply that the frames forbid,
    a limit that it went beyond, an exception that the worker reports. A limit of a phase that is
    noticed when the next begins has that phase as the error's ``stage``; else the caller may have
    to fill it in.
    """

    def ready(self, *, deadline_seconds: float) -> None:
        """Wait for the worker's hello: the sandbox is up and no code of the entry has run."""
        ...

    def load(self, *, deadline_seconds: float) -> None:
        """Have the entry loaded and wait until it is."""
        ...

    def measure(self) -> None:
        """Begin the measured phase, which has limits of its own; the entry is told nothing."""
        ...

    def predict(self, requests: Iterable[Request], *, deadline_seconds: float) -> Iterator[bytes]:
        """Send requests one after another; yield the replies' payloads, length-checked.

        A request is sent when the whole reply to the one before has come, and before that reply is
        yielded: what the caller does with a reply, and to make the next request but one, is done
        while the entry works, which waits for next to nothing. ``deadline_seconds`` are for each.
        """
        ...

    def cpu_seconds(self) -> float:
        """CPU time of the tree so far, its reaped children included; never falls."""
        ...

    def finish(self, *, deadline_seconds: float) -> Exit:
        """Close the request channel and wait until the whole tree is gone.

        A tree that is still alive at the deadline is killed and is the entry's fault.
        """
        ...

    def kill(self) -> None:
        """End the whole tree at once; harmless when it is gone."""
        ...

    def captured(self) -> Captured:
        """Return what was written so far."""
        ...

    def __enter__(self) -> Self:
        """Enter; the tree is already running."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill whatever is left of the tree."""
        ...


class Sandbox(Protocol):
    """A way of keeping an entry apart."""

    def probe(self, cores: tuple[int, ...] | None = None) -> Isolation:
        """Try every protection from inside, and say which held; pinned to ``cores``, that too."""
        ...

    def launch(self, launch: Launch) -> Process:
        """Start the worker in a fresh sandbox; ``OrganiserError`` when it cannot be built."""
        ...
