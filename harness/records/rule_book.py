"""The rules in force, and those of before that an organiser keeps: ``leaderboard/rules/*.toml``.

What is derived of a record goes by the rules that it names, so that a board of before stays what it
was. These are found by their digest, whatever their file is called.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from harness.errors import ConfigurationError
from harness.records.base import Frozen
from harness.records.rules import Rules, read_rules

SUFFIX = ".toml"


class KnownRules(Protocol):
    """Rules by their digests: a ``RuleBook``, or rules beside which none of before are known."""

    @property
    def in_force(self) -> Rules:
        """Those of ``rules.toml``."""
        ...

    def of(self, digest: str) -> Rules:
        """Return those that a record with rules of this digest goes by.

        Those in force where its own are not known.
        """
        ...


class RuleBook(Frozen):
    """The rules of a project."""

    in_force: Rules
    before: dict[str, Rules] = {}
    """By their digests."""

    def of(self, digest: str) -> Rules:
        """Return the rules of this digest; where they are not known, those in force."""
        return self.before.get(digest, self.in_force)


def read_rule_book(in_force: Path, before: Path) -> RuleBook:
    """Read ``rules.toml`` and the folder of those of before, which need not be there.

    Raises ``ConfigurationError`` naming what is wrong with one.
    """
    kept = map(_read_kept, sorted(before.glob(f"*{SUFFIX}")))
    by_digest = {each.reference_to_these.digest: each for each in kept}
    return RuleBook(in_force=read_rules(in_force), before=by_digest)


def _read_kept(path: Path) -> Rules:
    """Read rules of before; to correct them would make others of them."""
    try:
        return read_rules(path)
    except ConfigurationError as error:
        raise ConfigurationError(
            error.message,
            remedy="restore it as it was in force; or remove it: then the rules in force stand in "
            "for it",
        ) from None
