"""What organisers say of the site itself: ``leaderboard/site.toml``, which need not be there.

    schema = 1
    address = "https://example.org/frugal/"    # where the folder of the site is published

Pages work from any place without it. With it, what must be whole elsewhere is: the addresses of
the preview picture and the feed, and the line that shows a badge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harness.errors import ConfigurationError
from harness.records.base import Frozen, convert
from harness.records.fields import spelled, table_faults
from harness.records.toml import content_if_there, toml_of

SCHEMA = 1
FILE_NAME = "site.toml"
LONGEST = 500
_CORRECT = "correct each field named; docs/how-to/organise.md shows the file"
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:-]+(?:/[A-Za-z0-9._~%/-]*)?\Z")
"""Of a folder on the web: nothing that a page, a feed or Markdown would have to escape."""


class SiteSettings(Frozen):
    """The settings of the site."""

    schema: int = SCHEMA
    address: str = ""
    """Where it is published, with a slash at its end; empty: not known."""


def read_site_settings(path: Path) -> SiteSettings:
    """Read ``site.toml``; nothing is set where there is no such file.

    Raises ``ConfigurationError`` naming every fault, each with its field.
    """
    content = content_if_there(path)
    if content is None:
        return SiteSettings()
    plain = toml_of(content, path)
    if faults := [*_faults(plain)]:
        raise ConfigurationError("\n".join(f"{path}: {each}" for each in faults), remedy=_CORRECT)
    given = convert(plain, SiteSettings, path)
    whole = f"{given.address.rstrip('/')}/" if given.address else ""
    return SiteSettings(schema=given.schema, address=whole)


def _faults(plain: dict[str, Any]) -> Iterator[str]:
    schema = plain.get("schema")
    if schema is None:
        yield "schema: is missing"
    elif type(schema) is int and schema != SCHEMA:
        yield f"schema: is {schema}, and this version reads schema {SCHEMA}"
    yield from table_faults("", plain, SiteSettings)
    address = plain.get("address")
    if isinstance(address, str) and not _is_address(address):
        rule = f"the whole address of a folder, https://HOST/…, of at most {LONGEST} characters"
        yield (
            f"address: takes {rule}, without user, question or fragment, found {spelled(address)}"
        )


def _is_address(address: str) -> bool:
    if len(address) > LONGEST or not _ADDRESS.match(address):
        return False
    try:
        parts = urlsplit(address)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # no port, or no host
        return False
    return named and ".." not in parts.path.split("/")
