"""Keys for tests: their private parts are known to everybody and worth nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harness.store.keys import KeyRing, key_text, read_keys
from harness.store.private_key import Signer

CREATED = datetime(2026, 1, 1, tzinfo=UTC)


def private_key(number: int = 0) -> Ed25519PrivateKey:
    """Return one of many keys, always the same."""
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def signer(number: int = 0) -> Signer:
    """Return what signs with that key."""
    return Signer(private_key(number))


def write_key(folder: Path, name: str = "jury", number: int = 0, *, revoked: str = "") -> Path:
    """Write the public part; ``revoked`` is the content of that table."""
    folder.mkdir(parents=True, exist_ok=True)
    text = key_text(private_key(number).public_key().public_bytes_raw(), CREATED)
    if revoked:
        text += f"\n[revoked]\n{revoked}\n"
    path = folder / f"{name}.pub"
    path.write_text(text, encoding="utf-8")
    return path


def key_ring(folder: Path, *, revoked: str = "") -> KeyRing:
    """Write one key and read it."""
    write_key(folder, revoked=revoked)
    return read_keys(folder)
