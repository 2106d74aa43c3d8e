"""What a record's name and its signature are taken over: the document without the signature.

And what an organiser's private key looks like, which must not lie where it is published.

The document is what stands in the file, not what the types make of it: a field that a later version
adds, with a default, leaves the name and the signature of every older record as they are.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from harness.records.base import canonical_json

DOMAIN = b"frugal-ai record 1\n"
"""What is signed, and in which version: a signature of anything else is never one of a record."""

PRIVATE_KEY = "PRIVATE KEY-----"
"""Stands in every file that holds one."""
_PRIVATE = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----\s[A-Za-z0-9+/=:,\s-]{16}")
"""With the beginning of what follows: a program that only speaks of such a line holds no key."""


def unsigned_content(document: Mapping[str, Any]) -> bytes:
    """Return the canonical spelling of a record's document with its ``signature`` null."""
    return canonical_json({**document, "signature": None})


def document_digest(document: Mapping[str, Any]) -> str:
    """Return the record's digest: the SHA-256, in hexadecimal, of ``unsigned_content``."""
    return hashlib.sha256(unsigned_content(document)).hexdigest()


def signed_message(document: Mapping[str, Any]) -> bytes:
    """Return the bytes that an organiser's key signs."""
    return DOMAIN + unsigned_content(document)


def holds_private_key(content: bytes) -> bool:
    """Say whether a file holds a private key in PEM, encrypted or not."""
    return _PRIVATE.search(content) is not None
