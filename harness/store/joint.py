"""The joint files, ``leaderboard/joint/<board>.json``: written anew, never added to.

What is resampled depends on a seed. Whoever knew it could solve the published figures for the
outcomes of single items, so it is derived from the keys of the sidecars: secret where these are,
known to everybody where the outcomes are public, and no further file to keep or to lose.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from harness.errors import ConfigurationError, OrganiserError
from harness.records.base import (
    beyond_64_bits,
    canonical_json,
    convert,
    digest,
    parse_plain,
    pretty_json,
)
from harness.records.evaluation import Signature
from harness.records.joint import SCHEMA_VERSION, JointFile
from harness.records.moments import moment
from harness.records.replacing import clear_drafts, refuse_link, replace_file
from harness.store.keys import KeyRing
from harness.store.reading import StoredRecord
from harness.store.results import Signs
from harness.store.scanning import Mark, mark_of
from harness.store.unusable import UnusableError

FOLDER = "joint"
"""Beside the results folder."""
SUFFIX = ".json"
DOMAIN = b"frugal-ai joint 1\n"
"""What is signed: a signature of a record is never one of a joint file."""
SEED_DOMAIN = b"frugal-ai resampling 1\n"
SEED_BYTES = 16


def joint_folder(results: Path) -> Path:
    """Return where the joint files of a results folder lie."""
    return results.parent / FOLDER


def joint_name(board_id: str) -> str:
    """Return how problems and findings name the joint file of a board."""
    return f"{FOLDER}/{board_id}{SUFFIX}"


def records_digest(stored: Iterable[StoredRecord]) -> str:
    """Return what binds a joint file to its records: nothing of them can change, come or go."""
    return digest(sorted((each.path, each.digest) for each in stored))


def resampling_seed(keys: Iterable[str], records: str) -> int:
    """Derive the seed of the resampling, 128 bits, from the keys of all sidecars behind a board.

    HMAC-SHA256 under the SHA-256 of the keys, sorted, over the digest of the records: the seed is
    secret as long as one of the sidecars is. ``keys`` are hexadecimal, ``ValueError`` else.
    """
    secret = hashlib.sha256(b"".join(sorted(map(bytes.fromhex, keys)))).digest()
    drawn = hmac.digest(secret, SEED_DOMAIN + records.encode(), "sha256")
    return int.from_bytes(drawn[:SEED_BYTES], "big")


def read_joint(folder: Path, board_id: str, keys: KeyRing) -> tuple[JointFile, str | None] | None:
    """Read the joint file of a board and the name of the key that signed it, if one did.

    ``None`` where there is none. Raises ``UnusableError`` with a code ``joint-unreadable``, or one
    of a signature that does not count.
    """
    path = folder / f"{board_id}{SUFFIX}"
    if not path.exists() and not path.is_symlink():
        return None
    joint, created = _parsed(path, board_id)
    if joint.signature is None:
        return joint, None
    key = keys.signer_of(
        joint.signature, signed_message(joint), created=created, digest=joint_digest(joint)
    )
    return joint, key.name


def _parsed(path: Path, board_id: str) -> tuple[JointFile, datetime]:
    """Return a joint file and when it was made, whoever signed it; raise ``UnusableError``."""
    if path.is_symlink() or not path.is_file():
        raise UnusableError("joint-unreadable", "is no plain file")
    try:
        content = path.read_bytes()
        plain = parse_plain(content, path.name)
        found = plain.get("schema") if isinstance(plain, dict) else None
        if isinstance(found, int) and found != SCHEMA_VERSION:
            raise UnusableError(
                "joint-unreadable",
                f"has the schema {found}, and this version reads {SCHEMA_VERSION}",
            )
        joint = convert(plain, JointFile, path.name)
        created = moment(joint.created_utc)
    except OSError as error:
        raise UnusableError("joint-unreadable", f"cannot be read: {error.strerror}") from None
    except ConfigurationError as error:
        raise UnusableError("joint-unreadable", error.message) from None
    except ValueError:
        raise UnusableError("joint-unreadable", "has no moment in created_utc") from None
    if (wrong := _wrong_with(joint, plain, board_id)) is not None:
        raise UnusableError("joint-unreadable", wrong)
    return joint, created


def _wrong_with(joint: JointFile, plain: object, board_id: str) -> str | None:
    """Say what is wrong with a file whose fields are of the right types."""
    if (field := beyond_64_bits(plain)) is not None:
        return f"{field}: is a whole number beyond 64 bits"
    if joint.board != board_id:
        return f"is of the board {joint.board!a}"
    return None


def unsigned_content(joint: JointFile) -> bytes:
    """Return the canonical spelling of a joint file with its ``signature`` null."""
    plain: dict[str, Any] = to_builtins(replace(joint, signature=None))
    return canonical_json(plain)


def joint_digest(joint: JointFile) -> str:
    """Return the SHA-256, in hexadecimal, of ``unsigned_content``."""
    return hashlib.sha256(unsigned_content(joint)).hexdigest()


def signed_message(joint: JointFile) -> bytes:
    """Return the bytes that an organiser's key signs."""
    return DOMAIN + unsigned_content(joint)


def signed(joint: JointFile, signer: Signs | None) -> JointFile:
    """Return the file with a signature, where somebody signs."""
    signature: Signature | None = None if signer is None else signer.sign(signed_message(joint))
    return replace(joint, signature=signature)


def write_joint(folder: Path, joint: JointFile) -> Mark:
    """Replace the joint file of a board, at once; raise ``OrganiserError`` when that cannot be.

    So it does where the folder is a link. Returns what tells the file from any that comes later.
    """
    path = folder / f"{joint.board}{SUFFIX}"
    refuse_link(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        clear_drafts(folder)
        return mark_of(replace_file(path, [pretty_json(joint)]))
    except OSError as error:
        raise OrganiserError(
            f"{path}: cannot be written: {error.strerror}",
            remedy="make the folder writable, or name other results with --results",
        ) from None


def left_over(folder: Path, board_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the names of joint files of boards that are gone."""
    kept = {f"{board_id}{SUFFIX}" for board_id in board_ids}
    return tuple(sorted(path.name for path in folder.glob(f"*{SUFFIX}") if path.name not in kept))


def digests_there(folder: Path) -> dict[str, str]:
    """Return the digests of the joint files that can be read, by their names, whoever signed them.

    ``keep`` of a compromised key takes them, as it takes those of records.
    """
    found = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        with contextlib.suppress(UnusableError):
            found[path.name] = joint_digest(_parsed(path, path.name.removesuffix(SUFFIX))[0])
    return found


def signed_there(folder: Path, names: Sequence[str] | None = None) -> Iterator[str]:
    """Yield the names of joint files that somebody signed: without the outcomes none comes back.

    Of those that are named; ``None``: of all.
    """
    found = folder.glob(f"*{SUFFIX}") if names is None else map(folder.joinpath, names)
    for path in sorted(found):
        try:
            plain = parse_plain(path.read_bytes(), path.name)
        except (OSError, ConfigurationError):
            continue
        if isinstance(plain, dict) and plain.get("signature") is not None:
            yield path.name
