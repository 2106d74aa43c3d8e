"""An organiser's private key: made once, kept outside of the project, used to sign records.

``$XDG_CONFIG_HOME/frugal-ai-harness/<name>.key``, for its owner's eyes alone: PKCS #8 in PEM, which
OpenSSL reads too, encrypted where there is a passphrase. It is never written into the project or a
git work tree, from where a careless commit would publish it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ConfigurationError
from harness.records.evaluation import Signature
from harness.store.files import PUBLIC_MODE, write_once
from harness.store.keys import SUFFIX, PublicKey, check_name, key_id, key_text, read_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FOLDER = "frugal-ai-harness"
PRIVATE_SUFFIX = ".key"

_ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


class Signer:
    """Signs records with one private key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.id = key_id(key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> Signature:
        """Return the signature of a record's ``signed_message``."""
        return Signature(key=self.id, value=self._key.sign(message).hex())


def private_path(name: str) -> Path:
    """Return where the private key of this name lies."""
    check_name(name, "the key")
    configured = os.environ.get("XDG_CONFIG_HOME", "")
    try:
        base = Path(configured) if Path(configured).is_absolute() else Path.home() / ".config"
    except RuntimeError:  # neither a variable nor the system says where home is
        raise ConfigurationError(
            "there is no home folder to keep a private key in", remedy="set XDG_CONFIG_HOME"
        ) from None
    return base / FOLDER / f"{name}{PRIVATE_SUFFIX}"


def is_here(name: str) -> bool:
    """Say whether the private key of this name is on this machine, for this user."""
    try:
        return private_path(name).is_file()
    except (OSError, ConfigurationError):
        return False


def make_key(
    name: str, public_folder: Path, project: Path, passphrase: bytes | None
) -> tuple[PublicKey, Path, Path]:
    """Make a key pair; return the public key, its path and the private key's.

    Raises ``ConfigurationError`` where either is there already, or cannot or must not be written.
    """
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - only for keys
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - likewise
        Ed25519PrivateKey,
    )

    private, public = private_path(name), public_folder / f"{name}{SUFFIX}"
    _require_outside(private.parent, project)
    for path in (private, public):
        if os.path.lexists(path):
            raise ConfigurationError(
                f"{path}: exists already, and no key is overwritten", remedy="choose another name"
            )
    key = Ed25519PrivateKey.generate()
    content = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase)
        if passphrase
        else serialization.NoEncryption(),
    )
    _write_private(private, content)
    try:
        text = key_text(key.public_key().public_bytes_raw(), datetime.now(UTC))
        write_once(public, text.encode(), PUBLIC_MODE)
    except BaseException:  # an interrupt too: a key whose public part is nowhere verifies nothing
        private.unlink()
        raise
    return read_key(public), public, private


def load_signer(name: str, project: Path, passphrase: Callable[[], bytes]) -> Signer:
    """Read a private key; ``passphrase`` is asked where it is encrypted.

    Raises ``ConfigurationError`` when it is not there, not for its owner's eyes alone, or cannot be
    opened.
    """
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - only for keys
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - likewise
        Ed25519PrivateKey,
    )
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - likewise
        load_pem_private_key,
    )

    path = private_path(name)
    _require_outside(path.parent, project)
    content = _read_private(path)
    encrypted = content.lstrip().startswith(_ENCRYPTED)
    try:
        key = load_pem_private_key(content, passphrase() if encrypted else None)
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigurationError(
            f"{path}: cannot be opened{' with this passphrase' if encrypted else ''}",
            remedy="give the passphrase that it was made with"
            if encrypted
            else "restore the file that `keys new` wrote",
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError(
            f"{path}: is no Ed25519 key", remedy="use a key that `keys new` wrote"
        )
    return Signer(key)


def _require_outside(folder: Path, project: Path) -> None:
    try:
        real = folder.resolve()
    except (OSError, RuntimeError):  # links that lead in a circle
        raise ConfigurationError(
            f"{folder}: leads nowhere", remedy="set XDG_CONFIG_HOME to a folder of yours"
        ) from None
    trees = [parent for parent in (real, *real.parents) if os.path.lexists(parent / ".git")]
    if real.is_relative_to(project.resolve()):
        trees.insert(0, project)
    if trees:
        raise ConfigurationError(
            f"{folder}: lies in {trees[0]}, from where a commit would publish a private key",
            remedy="set XDG_CONFIG_HOME to a folder that no git work tree and no project holds",
        )


def _write_private(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            except BaseException:  # an interrupt too must leave no half of a key
                path.unlink()
                raise
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be written: {error.strerror}",
            remedy="free the place or its space, or set XDG_CONFIG_HOME to a folder of yours",
        ) from None


def _read_private(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            exposed = stat.S_IMODE(status.st_mode) & 0o077
            if exposed or status.st_uid != os.geteuid():
                raise ConfigurationError(
                    f"{path}: others than you may read or change it"
                    f" (mode {stat.S_IMODE(status.st_mode):04o}, owner {status.st_uid})",
                    remedy=f"chown it to yourself and chmod 600 {path}; if somebody may have read "
                    "it, make a new key and revoke this one",
                )
            return file.read()
    except FileNotFoundError:
        name = path.name.removesuffix(PRIVATE_SUFFIX)
        raise ConfigurationError(
            f"{path}: there is no private key {name} here",
            remedy=f"copy {path.name} to this place from where {name} was made; without it, revoke "
            f"{name} and make a key of another name: python -m harness keys new NAME",
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read: {error.strerror}",
            remedy=f"make {path} a readable file of your own",
        ) from None
