"""The organisers' public keys, ``leaderboard/keys/<name>.pub``: whose signatures count.

A file is TOML around the key as OpenSSL spells it, so that ``openssl pkeyutl -pubin -inkey`` reads
the same file. Whoever can change this folder decides what is verified: the repository's review is
what guards it.
"""

from __future__ import annotations

import hashlib
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta
from msgspec.structs import replace

from harness.errors import ConfigurationError
from harness.records.base import Frozen
from harness.records.evaluation import Signature
from harness.records.fields import convert_whole
from harness.records.profile import NAME
from harness.records.signing import holds_private_key
from harness.store.unusable import UnusableError

SCHEMA = 1
SUFFIX = ".pub"
_CORRECT = "restore what `keys new` wrote; docs/reference/signatures.md lists the fields"
_LOOKED_AT = 1 << 16
"""Bytes of a file in which a private key would stand: several times the largest."""
SHOWN_DIGITS = 16
"""Of a key's identifier, where people read it."""

_Moment = Annotated[datetime, Meta(tz=True)]
_Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", min_length=64, max_length=64)]


class Revocation(Frozen):
    """From when on a key counts no longer, and why."""

    since: _Moment
    reason: Literal["retired", "compromised"]
    """``retired``: what it signed before stands. ``compromised``: a thief writes any date into a
    record, so that nothing stands but what ``keep`` names."""
    keep: tuple[_Digest, ...] = ()
    """Digests of records, and of joint files, that stand all the same: those known to be from
    before the theft."""

    @property
    def told(self) -> str:
        """Say both: ``since`` may lie ahead."""
        begun = "since" if self.since <= datetime.now(UTC) else "from"
        return f"{self.reason} {begun} {self.since.isoformat()}"


class _KeyFile(Frozen):
    schema: int
    created: _Moment
    public_key: str
    revoked: Revocation | None = None


class PublicKey(Frozen):
    """One organiser's public key."""

    name: str
    id: str
    """SHA-256, in hexadecimal, of the 32 bytes of the key."""
    created: datetime
    raw: bytes
    revoked: Revocation | None = None

    def stands(self, created: datetime, digest: str) -> bool:
        """Say whether a record of this moment and digest that it signed still counts."""
        if self.revoked is None or digest in self.revoked.keep:
            return True
        return self.revoked.reason == "retired" and created < self.revoked.since


class KeyRing:
    """The public keys of one project."""

    def __init__(self, keys: tuple[PublicKey, ...] = ()) -> None:
        self.keys = keys
        self._by_id = {key.id: key for key in keys}

    def named(self, name: str) -> PublicKey | None:
        """Return the key of this name, if there is one."""
        return next((key for key in self.keys if key.name == name), None)

    def as_if_none_were_revoked(self) -> KeyRing:
        """Return the same keys in use: to count what was signed, not to believe it."""
        return KeyRing(tuple(replace(key, revoked=None) for key in self.keys))

    def signer_of(
        self, signature: Signature, message: bytes, *, created: datetime, digest: str
    ) -> PublicKey:
        """Return whose signature this is; raise ``UnusableError`` unless it counts.

        ``message`` is what was signed, ``created`` and ``digest`` are the record's.
        """
        shown = signature.key[:SHOWN_DIGITS]
        key = self._by_id.get(signature.key)
        if key is None:
            raise UnusableError(
                "key-unknown", f"is signed with the key {shown}, which is none of leaderboard/keys"
            )
        if not _verifies(key, signature, message):
            raise UnusableError(
                "signature-invalid",
                f"is not what the key {key.name} ({shown}) signed: the record or its signature was "
                "altered",
            )
        if key.revoked is not None and not key.stands(created, digest):
            raise UnusableError(
                "key-revoked",
                f"is signed with the key {key.name} ({shown}), {key.revoked.told}; its digest is "
                f"{digest}",
            )
        return key


def read_keys(folder: Path) -> KeyRing:
    """Read every key of ``folder``; a folder that is not there holds none.

    Raises ``ConfigurationError`` naming the file: with half of the keys, good records would look
    forged, and with a copy of a revoked key bad ones would look good. A private key in the folder,
    whatever its file is called, is refused as well: a commit of it lets everybody sign.
    """
    _require_no_private_key(folder)
    keys = tuple(read_key(path) for path in sorted(folder.glob(f"*{SUFFIX}")))
    by_id: dict[str, str] = {}
    for key in keys:
        if key.id in by_id:
            raise ConfigurationError(
                f"{folder}: {by_id[key.id]}{SUFFIX} and {key.name}{SUFFIX} hold the same key",
                remedy="keep one of them: what revokes a key must stand in its only file",
            )
        by_id[key.id] = key.name
    return KeyRing(keys)


def _require_no_private_key(folder: Path) -> None:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_symlink() or not path.is_file():
            continue
        try:
            with path.open("rb") as file:
                begins = file.read(_LOOKED_AT)
        except OSError:  # of a key that counts `read_key` says so
            continue
        if holds_private_key(begins):
            raise ConfigurationError(
                f"{path}: is a private key, and what lies in this folder is published",
                remedy="take it away from here: it belongs in $XDG_CONFIG_HOME/frugal-ai-harness "
                "or ~/.config/frugal-ai-harness; if it was committed, others may have it: revoke "
                'it as "compromised", as docs/how-to/sign-results.md says, and make a new one',
            )


def read_key(path: Path) -> PublicKey:
    """Read one public key; raise ``ConfigurationError`` naming what is wrong with it."""
    name = path.name.removesuffix(SUFFIX)
    check_name(name, path)
    if path.is_symlink() or not path.is_file():  # where a link leads, reading may never end
        raise ConfigurationError(f"{path}: is no plain file", remedy="put the file itself there")
    try:
        plain = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read: {error.strerror}", remedy="make it a readable file"
        ) from None
    except (ValueError, RecursionError) as error:  # not UTF-8, not TOML, or nested without end
        raise ConfigurationError(f"{path}: not valid TOML: {error}", remedy="restore it") from None
    file = convert_whole(plain, _KeyFile, path, remedy=_CORRECT)
    if file.schema != SCHEMA:
        raise ConfigurationError.at(
            path, "schema", f"is {file.schema}", f"this version reads schema {SCHEMA}"
        )
    raw = _raw(path, file.public_key)
    return PublicKey(name=name, id=key_id(raw), created=file.created, raw=raw, revoked=file.revoked)


def key_text(raw: bytes, created: datetime) -> str:
    """Spell a public key's file."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - only to make a key
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - likewise
        Ed25519PublicKey,
    )

    pem = Ed25519PublicKey.from_public_bytes(raw).public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    moment = created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return _TEXT.format(id=key_id(raw), schema=SCHEMA, created=moment, pem=pem.decode())


def key_id(raw: bytes) -> str:
    """Return the identifier of a public key's 32 bytes."""
    return hashlib.sha256(raw).hexdigest()


def check_name(name: str, where: object) -> None:
    """Raise ``ConfigurationError`` unless a key can be called ``name``."""
    if not NAME.fullmatch(name):
        raise ConfigurationError(
            f"{where}: {name!r} is no name of a key",
            remedy="use 1 to 63 small letters, digits and hyphens between them, as in jury-2026",
        )


def _raw(path: Path, pem: str) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - only where keys are
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - likewise
        Ed25519PublicKey,
    )
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - likewise
        load_pem_public_key,
    )

    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError.at(
            path, "public_key", "is no Ed25519 public key in PEM", "restore what `keys new` wrote"
        )
    return key.public_bytes_raw()


def _verifies(key: PublicKey, signature: Signature, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - only for signed records
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - likewise
        Ed25519PublicKey,
    )

    try:
        value = bytes.fromhex(signature.value)
        Ed25519PublicKey.from_public_bytes(key.raw).verify(value, message)
    except (InvalidSignature, ValueError):
        return False
    return True


_TEXT = """\
# An organiser's public key, Ed25519: what its private part signed is verified.
# Identifier: {id}
schema = {schema}
created = {created}
public_key = \"\"\"
{pem}\"\"\"

# To end it, take the marks of these lines away; nothing above ever changes.
# [revoked]
# since = 2026-12-31T00:00:00Z
# reason = "retired"  # what it signed before stands; "compromised": nothing does but what is kept
# keep = []           # digests of what stands all the same, from `verify --json`
"""
