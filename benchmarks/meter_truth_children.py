"""Processes that answer lines with lines of JSON: the stand-in tree, and each meter."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
METERS = {"harness": "", "codecarbon": "codecarbon", "zeus": "zeus"}
"""Ours, and the peers, with the packages that they are in."""


def meters_here() -> list[str]:
    """Return the meters that can be read with: ours, and the peers that are installed."""
    return [name for name, package in METERS.items() if not package or find_spec(package)]


class Child:
    """One of them, in a session of its own with whatever it starts."""

    refusal: dict[str, Any] | None = None
    """Why it never came to work, once it was greeted."""

    def __init__(
        self, script: str, *arguments: str, environment: dict[str, str] | None = None
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Its number, and its session's."""
        return self._process.pid

    def greet(self) -> None:
        """Wait until it is ready."""
        greeting = self._answer()
        self.refusal = greeting if isinstance(greeting, dict) else None

    def ask(self, line: str) -> Any:  # noqa: ANN401 - whatever it answers
        """Send a line; return what comes back."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        return self._answer()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop it and what it has started, whatever they are doing: none of their reads ends."""
        os.killpg(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.pid, signal.SIGCONT)

    def end(self) -> None:
        """End it by ending its input; then whatever is left of its session."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def _answer(self) -> Any:  # noqa: ANN401 - whatever it answers
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else {"refusal": "its process ended"}
