"""Which addresses an entry may have the organiser's machine ask for its weights.

An entry names the address, and the organiser's machine, inside the organiser's network, goes there:
what only that network may reach (a router's page, a cloud's metadata, a service on loopback) must
stay out of reach. Spelling is judged here, without asking anybody; what a name leads to, when it is
looked up, by ``is_public``.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import urlsplit

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Leads, where there is a translator, to the IPv4 address in its last four bytes."""

_PRINTABLE = re.compile(r"[!-~]+\Z")
_AMBIGUOUS = re.compile(r"[\\<>\"^`{|}]")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\Z")
_MAX_NAME = 253
_NUMBERS = re.compile(r"(?:0[xX][0-9A-Fa-f]*|[0-9]+)\Z")
_PORTS = {"https": 443, "http": 80}


class Origin(NamedTuple):
    """Whom a request goes to."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """Spell it as an address begins."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def origin_of(url: str) -> Origin | None:
    """Return whom an http or https address leads to; ``None`` where that cannot be said."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if not host or scheme not in _PORTS:
        return None
    return Origin(scheme, host, _PORTS[scheme] if port is None else port)


def wrong_with_url(url: str) -> str:
    """Say why weights cannot be fetched from ``url``; empty when it may be tried.

    Nothing is looked up.
    """
    if not _PRINTABLE.match(url) or _AMBIGUOUS.search(url):
        return "has characters that an address spells otherwise (%20 and the like)"
    origin = origin_of(url)
    if origin is None or origin.port == 0:
        return "is not an https address"
    wrong = ""
    if origin.scheme != "https":
        wrong = "is not an https address: on the way, anybody could read and change what it says"
    elif "@" in urlsplit(url).netloc:
        wrong = "carries credentials"
    elif "#" in url:
        wrong = "has a part behind #, which no server is told"
    return wrong or wrong_with_host(origin.host)


def wrong_with_host(host: str) -> str:
    """Say why no public machine can be meant by ``host``; empty where one can be."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return "" if is_public(address) else "is not a public address"
    name = host.lower().removesuffix(".")
    if len(name) > _MAX_NAME or not all(_LABEL.match(label) for label in name.split(".")):
        return "has no host name"
    if _NUMBERS.match(name.rpartition(".")[2]):
        return "spells an IP address in an unusual way"  # 127.1, 0x7f000001: resolvers take them
    if name == "localhost" or name.endswith((".localhost", ".local", ".internal", ".home.arpa")):
        return "names a machine of a private network"
    return ""


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address belongs to the public internet, whatever it is wrapped in."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address.teredo is not None or address.scope_id is not None:
            return False
        if address in _NAT64:
            inner = ipaddress.IPv4Address(address.packed[-4:])
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved
