from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.site.paths import badge_name, entry_page_name, entry_path, in_language, safe_name
from harness.site.paths import to_top as up

ANY = st.text(st.characters(), max_size=300)
"""Lone surrogates, too: no record holds one, and a name must surprise nobody."""
CLOSE = st.text(st.sampled_from("aA-_.. é\u0131\u212a/\\\0"), max_size=6)
"""Short strings that differ in little."""


@given(ANY | CLOSE)
def test_any_string_gives_a_short_plain_name(text: str) -> None:
    name = safe_name(text)
    assert re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,99}", name)
    assert not name.endswith(".")
    assert ".." not in name


@given(ANY | CLOSE, ANY | CLOSE)
def test_no_two_strings_share_a_name_whatever_the_case(one: str, other: str) -> None:
    assert (safe_name(one).casefold() == safe_name(other).casefold()) == (one == other)


@given(st.from_regex(r"[a-z0-9]{1,10}([-_][a-z0-9]{1,10}){0,4}", fullmatch=True))
def test_names_as_check_allows_them_stay_as_they_are(text: str) -> None:
    device = re.fullmatch("con|prn|aux|nul|(com|lpt)[1-9]", text)
    assert (safe_name(text) == text) != bool(device)


@given(ANY)
def test_the_name_of_a_name_is_another(text: str) -> None:
    name = safe_name(text)
    assert name == text or safe_name(name) != name


@pytest.mark.parametrize("device", ["con", "nul", "com1", "lpt9", "CON", "-aux-", "nul."])
def test_no_file_is_a_device_of_windows(device: str) -> None:
    stem = safe_name(device).split(".")[0]
    assert re.fullmatch("x-(con|nul|aux|com1|lpt9)", stem)


@pytest.mark.parametrize(
    "text", ["", ".", "..", "../../etc/passwd", "a/b", "C:\\x", "-rf", "x" * 5000, "Ü", "a.html"]
)
def test_names_that_lead_astray_do_not(text: str) -> None:
    path = entry_path(text, text)
    assert path.count("/") == 1
    assert len(path) <= 201
    assert ".." not in path
    assert path.replace("/", "").isascii()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (entry_page_name("b-1", "mine"), "entries/b-1/mine.html"),
        (entry_page_name("b-1", "mine", "fr"), "fr/entries/b-1/mine.html"),
        (badge_name("b-1", "mine"), "badges/b-1/mine.svg"),
        (in_language("method.html", "fr"), "fr/method.html"),
    ],
)
def test_where_files_lie(name: str, expected: str) -> None:
    assert name == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("index.html", ""), ("fr/index.html", "../"), ("fr/entries/b/e.html", "../../../")],
)
def test_the_way_to_the_top(name: str, expected: str) -> None:
    assert up(name) == expected


def test_a_function_that_only_lowers_case_would_be_caught() -> None:
    """The property above fails where it should."""

    def naive(text: str) -> str:
        return re.sub("[^a-z0-9]+", "-", text.lower())

    def shared(name: Callable[[str], str]) -> bool:
        return name("A b") == name("a-b")

    assert shared(naive)
    assert not shared(safe_name)
