"""Organisers' keys: the public parts are read strictly, the private ones kept private."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from signing_samples import CREATED, key_ring, private_key, signer, write_key

from harness.errors import ConfigurationError, OrganiserError
from harness.records.evaluation import Signature
from harness.store.keys import read_keys
from harness.store.private_key import is_here, load_signer, make_key, private_path
from harness.store.unusable import UnusableError

EARLY, LATE = (datetime(2026, month, 1, tzinfo=UTC) for month in (2, 6))
SINCE = "since = 2026-04-01T00:00:00Z"
DIGEST = "da" * 32


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a place for private keys; the project is ``tmp_path / "project"``."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    (tmp_path / "project").mkdir()
    return tmp_path / "home" / "frugal-ai-harness"


def no_passphrase() -> bytes:
    raise AssertionError("asked for a passphrase")


def make(tmp_path: Path, passphrase: bytes | None = None, name: str = "jury") -> Path:
    project = tmp_path / "project"
    return make_key(name, project / "leaderboard" / "keys", project, passphrase)[2]


# The public parts


def code_of(folder: Path, revoked: str, created: datetime, signature: Signature) -> str:
    try:
        key_ring(folder, revoked=revoked).signer_of(
            signature, b"message", created=created, digest=DIGEST
        )
    except UnusableError as error:
        return error.code
    return "good"


@pytest.mark.parametrize(
    ("revoked", "early", "late"),
    [
        ("", "good", "good"),
        (f'{SINCE}\nreason = "retired"', "good", "key-revoked"),
        (f'{SINCE}\nreason = "compromised"', "key-revoked", "key-revoked"),
        (f'{SINCE}\nreason = "compromised"\nkeep = ["{DIGEST}"]', "good", "good"),
        (f'{SINCE}\nreason = "compromised"\nkeep = ["{"db" * 32}"]', "key-revoked", "key-revoked"),
    ],
)
def test_which_signatures_of_a_revoked_key_stand(
    tmp_path: Path, revoked: str, early: str, late: str
) -> None:
    made = signer().sign(b"message")
    assert code_of(tmp_path, revoked, EARLY, made) == early
    assert code_of(tmp_path, revoked, LATE, made) == late


@pytest.mark.parametrize(
    ("signature", "code"),
    [
        (signer(1).sign(b"message"), "key-unknown"),
        (signer().sign(b"another"), "signature-invalid"),
        (Signature(key=signer().id, value="0" * 128), "signature-invalid"),
        (Signature(key=signer().id, value="zz" * 64), "signature-invalid"),
        (Signature(key=signer().id, value=signer(1).sign(b"message").value), "signature-invalid"),
    ],
)
def test_what_the_key_did_not_sign_is_refused(
    tmp_path: Path, signature: Signature, code: str
) -> None:
    assert code_of(tmp_path, "", EARLY, signature) == code


def test_a_kept_record_still_needs_its_signature(tmp_path: Path) -> None:
    revoked = f'{SINCE}\nreason = "compromised"\nkeep = ["{DIGEST}"]'
    assert code_of(tmp_path, revoked, EARLY, signer().sign(b"other")) == "signature-invalid"


def test_a_key_is_read_as_it_was_written(tmp_path: Path) -> None:
    (key,) = key_ring(tmp_path).keys
    assert (key.name, key.created, key.revoked) == ("jury", CREATED, None)
    assert key.raw == private_key().public_key().public_bytes_raw()


def test_the_comment_in_a_key_file_is_how_it_is_revoked(tmp_path: Path) -> None:
    path = write_key(tmp_path)
    head, _, table = path.read_text().partition("# [revoked]")
    path.write_text(head + "[revoked]" + table.replace("\n# ", "\n"))
    (key,) = read_keys(tmp_path).keys
    assert key.revoked is not None
    assert key.revoked.reason == "retired"


def test_without_a_folder_there_are_no_keys(tmp_path: Path) -> None:
    assert read_keys(tmp_path / "nowhere").keys == ()


RSA = """-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf
9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==
-----END PUBLIC KEY-----
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("schema = 1", "schema = 2", "this version reads schema 1"),
        ("schema = 1", "schema = =", "not valid TOML"),
        ("schema = 1", "", "schema"),
        ("schema = 1", "schema = 1\nowner = 1", "owner"),
        ("created = 2026-01-01T00:00:00Z", "created = 2026-01-01T00:00:00", "created"),
        ("BEGIN PUBLIC KEY", "BEGIN A KEY", "is no Ed25519 public key"),
        ("MCow", "MCox", "is no Ed25519 public key"),
        ("# Identifier", "[revoked]\nreason = 1\n# Identifier", "revoked"),
    ],
)
def test_a_key_that_is_not_as_it_must_be_is_named(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    path = write_key(tmp_path)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        read_keys(tmp_path)
    assert str(path) in caught.value.message
    assert told in caught.value.message + caught.value.remedy


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = write_key(tmp_path)
    text = path.read_text()
    begin, end = text.index("-----BEGIN"), text.index('"""\n\n')
    path.write_text(text[:begin] + RSA + text[end:])
    with pytest.raises(ConfigurationError, match="no Ed25519 public key"):
        read_keys(tmp_path)


@pytest.mark.parametrize(
    "revoked",
    [
        'reason = "retired"',
        SINCE,
        f'{SINCE}\nreason = "lost"',
        f'{SINCE}\nreason = "retired"\nkeep = ["short"]',
        'since = "soon"\nreason = "retired"',
    ],
)
def test_a_revocation_that_is_not_clear_is_refused(tmp_path: Path, revoked: str) -> None:
    with pytest.raises(ConfigurationError, match="revoked"):
        key_ring(tmp_path, revoked=revoked)


def test_a_copy_of_a_revoked_key_does_not_bring_it_back(tmp_path: Path) -> None:
    write_key(tmp_path, "old", revoked=f'{SINCE}\nreason = "compromised"')
    write_key(tmp_path, "new")
    with pytest.raises(ConfigurationError, match="hold the same key"):
        read_keys(tmp_path)


def test_a_file_that_no_key_can_be_called_is_refused(tmp_path: Path) -> None:
    write_key(tmp_path, "Jury 1")
    with pytest.raises(ConfigurationError, match="no name of a key"):
        read_keys(tmp_path)


@pytest.mark.parametrize("passphrase", [None, b"open"])
@pytest.mark.parametrize("copy", ["jury.key", "jury.pub", "old.pem"])
def test_a_private_key_where_commits_publish_it_is_named_whatever_it_is_called(
    home: Path, tmp_path: Path, copy: str, passphrase: bytes | None
) -> None:
    make(tmp_path, passphrase)
    public = tmp_path / "project" / "leaderboard" / "keys"
    assert len(read_keys(public).keys) == 1
    (public / copy).write_bytes((home / "jury.key").read_bytes())
    with pytest.raises(ConfigurationError) as caught:
        read_keys(public)
    assert caught.value.message.startswith(f"{public / copy}: is a private key")
    assert "compromised" in caught.value.remedy


@pytest.mark.parametrize("target", ["/nowhere", "/dev/zero", "."])
def test_a_link_in_place_of_a_key_is_not_followed(tmp_path: Path, target: str) -> None:
    (tmp_path / "jury.pub").symlink_to(target)
    with pytest.raises(ConfigurationError, match=r"jury\.pub: is no plain file"):
        read_keys(tmp_path)


# The private parts


def test_a_private_key_is_for_its_owner_alone(home: Path, tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        private = make(tmp_path)
    finally:
        os.umask(old)
    assert private == home / "jury.key"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    project = tmp_path / "project"
    assert [p for p in project.rglob("*") if p.is_file() and b"PRIVATE" in p.read_bytes()] == []


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("passphrase", [None, b"correct horse", "clé".encode()])
def test_what_it_signs_its_public_part_verifies(tmp_path: Path, passphrase: bytes | None) -> None:
    private = make(tmp_path, passphrase)
    assert (b"ENCRYPTED" in private.read_bytes()) == (passphrase is not None)
    ask = no_passphrase if passphrase is None else lambda: passphrase
    made = load_signer("jury", tmp_path / "project", ask).sign(b"message")
    ring = read_keys(tmp_path / "project" / "leaderboard" / "keys")
    assert ring.signer_of(made, b"message", created=EARLY, digest=DIGEST).name == "jury"


@pytest.mark.usefixtures("home")
def test_a_wrong_passphrase_is_said(tmp_path: Path) -> None:
    make(tmp_path, b"right")
    for wrong in (b"wrong", b"\0" * 5000):
        with pytest.raises(ConfigurationError, match="cannot be opened with this passphrase"):
            load_signer("jury", tmp_path / "project", lambda wrong=wrong: wrong)  # type: ignore[misc] # a default binds the loop's value


@pytest.mark.usefixtures("home")
def test_two_keys_are_never_the_same(tmp_path: Path) -> None:
    make(tmp_path)
    make(tmp_path, name="other")
    assert len(read_keys(tmp_path / "project" / "leaderboard" / "keys").keys) == 2


def inside_the_project(tmp_path: Path) -> Path:
    return tmp_path / "project" / "home"


def inside_a_work_tree(tmp_path: Path) -> Path:
    (tmp_path / "dotfiles" / ".git").mkdir(parents=True)
    return tmp_path / "dotfiles" / "config"


def by_a_file_called_git(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / ".git").write_text("gitdir: elsewhere\n")
    return tmp_path / "tree"


def through_a_link(tmp_path: Path) -> Path:
    (tmp_path / "link").symlink_to(tmp_path / "project")
    return tmp_path / "link" / "config"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    "place", [inside_the_project, inside_a_work_tree, by_a_file_called_git, through_a_link]
)
def test_a_private_key_is_never_written_where_a_commit_could_publish_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: Callable[[Path], Path]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(place(tmp_path)))
    with pytest.raises(ConfigurationError, match="a commit would publish"):
        make(tmp_path)
    assert list(tmp_path.rglob("*.key")) == []
    assert list(tmp_path.rglob("*.pub")) == []


def test_a_relative_place_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert private_path("jury") == Path.home() / ".config" / "frugal-ai-harness" / "jury.key"


def test_a_place_that_leads_in_a_circle_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "circle"))
    with pytest.raises(ConfigurationError, match=r"leads nowhere|cannot be written"):
        make(tmp_path)
    assert not is_here("jury")


def test_a_user_without_a_home_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(ConfigurationError, match="no home folder"):
        private_path("jury")
    assert not is_here("jury")


@pytest.mark.parametrize("which", ["private", "public"])
def test_no_key_is_overwritten(home: Path, tmp_path: Path, which: str) -> None:
    taken = home / "jury.key"
    if which == "public":
        taken = tmp_path / "project" / "leaderboard" / "keys" / "jury.pub"
    taken.parent.mkdir(parents=True)
    taken.symlink_to("/nowhere")  # also a link to nothing
    with pytest.raises(ConfigurationError, match="no key is overwritten"):
        make(tmp_path)
    assert taken.is_symlink()


def test_without_its_public_part_no_private_one_is_left(home: Path, tmp_path: Path) -> None:
    (tmp_path / "project" / "leaderboard").write_text("in the way")
    with pytest.raises(OrganiserError, match="cannot be written"):
        make(tmp_path)
    assert list(home.iterdir()) == []


@pytest.mark.usefixtures("home")
def test_a_private_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    make(tmp_path).chmod(0o640)
    with pytest.raises(ConfigurationError, match="others than you may read") as caught:
        load_signer("jury", tmp_path / "project", no_passphrase)
    assert "revoke this one" in caught.value.remedy


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "no private key jury here"), (b"", "cannot be opened"), (b"x", "cannot be")],
)
def test_a_private_key_that_is_not_there_or_broken_is_named(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    private = make(tmp_path)
    if content is None:
        private.unlink()
    else:
        private.write_bytes(content)
    with pytest.raises(ConfigurationError, match=told) as caught:
        load_signer("jury", tmp_path / "project", no_passphrase)
    if content is None:
        assert "copy jury.key to this place from where jury was made" in caught.value.remedy


@pytest.mark.usefixtures("home")
def test_a_name_cannot_lead_elsewhere(tmp_path: Path) -> None:
    for name in ("../jury", "a/b", "", "Jury", "-x"):
        with pytest.raises(ConfigurationError, match="no name of a key"):
            make(tmp_path, name=name)
