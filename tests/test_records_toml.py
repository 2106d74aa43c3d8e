from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.records.profile_file import read_profile
from harness.records.rules import read_rules
from harness.records.toml import parse_toml
from harness.tasks.card import read_card

RULES = Path(__file__).parents[1] / "leaderboard" / "rules.toml"


@pytest.mark.parametrize(
    "number", ["9223372036854775807", "-9223372036854775808", "0x7fff_ffff_ffff_ffff"]
)
def test_whole_numbers_of_64_bits_are_taken(number: str) -> None:
    assert parse_toml(f"a = {number}".encode())


@pytest.mark.parametrize("number", ["9223372036854775808", "-9223372036854775809"])
def test_longer_ones_are_refused_with_their_field(number: str) -> None:
    with pytest.raises(ValueError, match=re.escape("a.b[1].c is a number")):
        parse_toml(f"[[a.b]]\nc = 1\n[[a.b]]\nc = {number}\n".encode())


@pytest.mark.parametrize(
    "content",
    [b"schema = 0x" + b"f" * 5_000, b"schema = " + b"[" * 5_000, b"schema = 1 # a\rb\n", b"\xff"],
)
def test_no_reader_of_settings_ends_in_a_traceback(tmp_path: Path, content: bytes) -> None:
    for read, name in ((read_rules, "rules.toml"), (read_profile, "bench-1.toml")):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ConfigurationError, match=f"{re.escape(name)}: not valid TOML"):
            read(path)
    (tmp_path / "task.toml").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"task\.toml: not valid TOML"):
        read_card(tmp_path)


@pytest.mark.parametrize("figure", ["inf", "nan"])
def test_rules_hold_finite_numbers_only(tmp_path: Path, figure: str) -> None:
    content = RULES.read_text()
    assert "session_seconds = 3_600" in content
    path = tmp_path / "rules.toml"
    path.write_text(content.replace("session_seconds = 3_600", f"session_seconds = {figure}"))
    with pytest.raises(ConfigurationError, match=r"limits\.session_seconds: is no finite number"):
        read_rules(path)
