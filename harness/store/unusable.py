"""What keeps a file of the results folder from being used."""

from __future__ import annotations


class UnusableError(Exception):
    """A file that cannot be used: a stable code, and why. Reading makes a problem of it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
