"""The threat model names the file that builds each wall: each must be there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "explanation" / "threat-model.md"


def missing_from(text: str) -> list[str]:
    """Return the files and links of a page that lead nowhere."""
    files = re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", text)
    named = [name for name in files if not any((at / name).is_file() for at in PLACES)]
    folders = re.findall(r"`((?:\.?[a-z]+/)+)`", text)
    named += [name for name in folders if not any((at / name).is_dir() for at in PLACES)]
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    return named + [link for link in links if not (PAGE.parent / link).is_file()]


PLACES = (ROOT, ROOT / "harness")


def test_every_wall_is_where_the_page_says() -> None:
    assert missing_from(PAGE.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text", ["`sandbox/gone.py`", "`tests/gone/`", "[limits](gone.md)", "`harness/gone/it.py`"]
)
def test_what_is_not_there_is_found(text: str) -> None:
    assert missing_from(f"stopped by {text}, it says")
