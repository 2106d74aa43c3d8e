from __future__ import annotations

import ipaddress
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.submissions.addresses import is_public, origin_of, wrong_with_host, wrong_with_url

PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "0.0.0.0", "255.255.255.255", "224.0.0.1", "240.0.0.1",  # noqa: S104 - nothing is bound
    "::", "::1", "fe80::1", "fe80::1%1",
    "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::7f00:1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::1",
    "2001:0:7f00:1::", "2001:db8::1", "192.0.2.1", "198.18.0.1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_only_the_organisers_network_reaches_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    host = f"[{address}]" if ":" in address else address
    assert wrong_with_url(f"https://{host}/w.npz")


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_makes_it_no_more_public(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    for wrapped in (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert is_public(ipaddress.IPv6Address(wrapped)) == is_public(inner)


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("http://example.org/a", "not an https address: on the way"),
        ("ftp://example.org/a", "not an https address"),
        ("example.org/a", "not an https address"),
        ("https://", "not an https address"),
        ("https:///a", "not an https address"),
        ("https://[::1/a", "not an https address"),
        ("https://example.org:99999/a", "not an https address"),
        ("https://example.org:0/a", "not an https address"),
        ("https://example.org:x/a", "not an https address"),
        ("https://me@example.org/a", "carries credentials"),
        ("https://me:secret@example.org/a", "carries credentials"),
        ("https://example.org/a#b", "behind #"),
        ("https://example.org/a b", "spells otherwise"),
        ("https://example.org/a\\b", "spells otherwise"),
        ("https://ex\u00e4mple.org/a", "spells otherwise"),
        ("https://-a.org/a", "no host name"),
        ("https://a..org/a", "no host name"),
        (f"https://{'a' * 64}.org/a", "no host name"),
        (f"https://{'a' * 20_000}!/a", "no host name"),
        ("https://127.1/a", "an unusual way"),
        ("https://2130706433/a", "an unusual way"),
        ("https://0x7f000001/a", "an unusual way"),
        ("https://1.1.1.1./a", "an unusual way"),
        ("https://localhost/a", "private network"),
        ("https://LOCALHOST./a", "private network"),
        ("https://a.localhost:8443/a", "private network"),
        ("https://metadata.google.internal/a", "private network"),
    ],
)
def test_an_address_that_may_not_be_asked_is_said_why(url: str, wrong: str) -> None:
    assert re.search(wrong, wrong_with_url(url))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/w.npz",
        "HTTPS://EXAMPLE.ORG./w.npz?download=1&x=%20",
        "https://files_1.example.org:8443/a/b",
        "https://[2606:4700::1111]/w",
        "https://xn--exmple-cua.org/~team/w",
    ],
)
def test_a_public_https_address_may_be_tried(url: str) -> None:
    assert wrong_with_url(url) == ""


@given(st.text(max_size=80))
def test_no_text_is_judged_with_a_traceback(text: str) -> None:
    for url in (text, f"https://{text}", f"https://[{text}]/", f"https://example.org:{text}/"):
        if not wrong_with_url(url):
            origin = origin_of(url)
            assert origin is not None
            assert (origin.scheme, wrong_with_host(origin.host)) == ("https", "")


def test_an_origin_is_spelled_as_an_address_begins() -> None:
    for spelled in ("https://example.org", "http://127.0.0.1:8000", "https://[2606:4700::1111]:1"):
        assert str(origin_of(f"{spelled}/path")) == spelled
    assert str(origin_of("https://example.org:443/path")) == "https://example.org"
