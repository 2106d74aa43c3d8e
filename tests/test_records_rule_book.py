"""Rules of before are found by their digest, and hold for what was made under them."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import write_project

from harness.errors import ConfigurationError
from harness.records.rule_book import read_rule_book
from harness.records.rules import read_rules


def test_rules_are_found_by_their_digest_whatever_their_file_is_called(tmp_path: Path) -> None:
    now = write_project(tmp_path) / "leaderboard" / "rules.toml"
    kept = now.with_name("rules")
    assert read_rule_book(now, kept).before == {}
    kept.mkdir()
    (kept / "any name.toml").write_text(
        now.read_text().replace("min_sessions = 2", "min_sessions = 9")
    )
    (kept / "README.md").write_text("of 2025\n")
    before = read_rules(kept / "any name.toml")
    book = read_rule_book(now, kept)
    assert book.in_force == read_rules(now)
    assert book.of(before.reference_to_these.digest) == before
    assert book.of(book.in_force.reference_to_these.digest) == book.in_force
    assert book.of("00" * 32) == book.in_force
    assert before.of("00" * 32) == before.in_force == before


def test_what_is_wrong_with_one_is_named(tmp_path: Path) -> None:
    now = write_project(tmp_path) / "leaderboard" / "rules.toml"
    kept = now.with_name("rules")
    kept.mkdir()
    (kept / "old.toml").write_text("schema = 1\n")
    with pytest.raises(ConfigurationError, match=r"rules/old\.toml: version: is missing") as caught:
        read_rule_book(now, kept)
    assert caught.value.remedy.startswith("restore it as it was in force")
