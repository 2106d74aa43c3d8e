"""From the name of a key to what signs: passphrases are asked for, and never inherited."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import typer

from harness.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from harness.cli.project import Project
    from harness.store.private_key import Signer

PASSPHRASE_VARIABLE = "HARNESS_KEY_PASSPHRASE"  # noqa: S105 - where one is found, and none itself

_taken: list[bytes] = []
"""What was found there, until it is used."""


def load_signer(project: Project, name: str) -> Signer:
    """Open the private key of this name; raise what is wrong before an evaluation is spent on it.

    ``UsageError`` when the project has no such key, ``ConfigurationError`` when it is revoked, or
    the private part is not here or another one.
    """
    from harness.store.private_key import load_signer as load
    from harness.store.private_key import private_path
    from harness.submissions.faults import quoted, suggestion

    given = given_passphrase()
    ring = project.key_ring()
    public = ring.named(name)
    if public is None:
        known = tuple(key.name for key in ring.keys)
        raise UsageError(
            f"there is no key {quoted(name)} in leaderboard/keys{suggestion(name, known)}",
            remedy=f"name one of {', '.join(known)}" if known else "make one: keys new NAME",
        )
    if public.revoked is not None:
        raise ConfigurationError(
            f"the key {name} is {public.revoked.told}",
            remedy="sign with another: python -m harness keys list",
        )
    signer = load(
        name, project.root, lambda: given or _ask(f"Passphrase of the key {name}", confirm=False)
    )
    if signer.id != public.id:
        raise ConfigurationError(
            f"{private_path(name)}: belongs to another public key than leaderboard/keys/{name}.pub",
            remedy="put the private part of this project's key there, or name another key",
        )
    return signer


def take_passphrase() -> None:
    """Take the passphrase out of the environment: no process that is started later inherits it."""
    if text := os.environ.pop(PASSPHRASE_VARIABLE, ""):
        _taken[:] = [text.encode(errors="surrogateescape")]


def given_passphrase() -> bytes | None:
    """Return the passphrase that the environment held, once."""
    take_passphrase()
    return _taken.pop() if _taken else None


def new_passphrase() -> bytes:
    """Ask for a new passphrase, twice."""
    return _ask("Passphrase of the new key", confirm=True)


def _ask(prompt: str, *, confirm: bool) -> bytes:
    if not sys.stdin.isatty():
        raise UsageError(
            f"{prompt}: there is no terminal to ask on", remedy=f"set {PASSPHRASE_VARIABLE}"
        )
    answer: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)
    return answer.encode()
