"""Where a site is published: an address that a page can hold as it is, or a fault that is named."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.errors import ConfigurationError
from harness.records.site_settings import SiteSettings, read_site_settings


def read(folder: Path, text: str) -> SiteSettings:
    path = folder / "site.toml"
    path.write_text(text, encoding="utf-8")
    return read_site_settings(path)


def test_without_a_file_nothing_is_known(tmp_path: Path) -> None:
    assert read_site_settings(tmp_path / "site.toml") == SiteSettings()
    assert read(tmp_path, "schema = 1") == SiteSettings()


@pytest.mark.parametrize("end", ["", "/"])
def test_an_address_ends_with_a_slash(tmp_path: Path, end: str) -> None:
    made = read(tmp_path, f'schema = 1\naddress = "https://example.org/frugal{end}"')
    assert made.address == "https://example.org/frugal/"


@pytest.mark.parametrize(
    "address",
    [
        "example.org", "//example.org/", "ftp://example.org/", "javascript:alert(1)", "https://",
        "https://me@example.org/", "https://example.org/?a", "https://example.org/#b",
        "https://example.org/a b", 'https://example.org/\\"><script>', "https://example.org/\\n",
        "https://example.org:99999/", "https://example.org/../x", "https://exa\\u202emple.org/",
        "https://[::/", "https://example.org/" + "a" * 500, " https://example.org/",
    ],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"site\.toml: address: takes the whole") as caught:
        read(tmp_path, f'schema = 1\naddress = "{address}"')
    assert len(caught.value.message) < 400
    assert "docs/how-to/organise.md" in caught.value.remedy


def test_every_fault_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, "addres = 'x'\naddress = 1")
    for told in ("schema: is missing", "addres: unknown key: did you mean address?", "address: "):
        assert told in caught.value.message
    with pytest.raises(ConfigurationError, match="not valid TOML"):
        read(tmp_path, "[")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_site_settings(tmp_path)


@given(st.text())
@example("'")
@example("a/b/")
def test_an_address_that_is_taken_needs_no_escape(text: str) -> None:
    with TemporaryDirectory() as folder:
        spelt = json.dumps(f"https://example.org/{text}", ensure_ascii=False)
        try:
            made = read(Path(folder), f"schema = 1\naddress = {spelt}")
        except ConfigurationError:
            return
    assert made.address.isascii()
    assert made.address.endswith("/")
    assert set(made.address).isdisjoint("<>\"'&()[]{}\\`*|# ?@")
