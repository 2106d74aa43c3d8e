"""The joint file of a board: what it is bound to, who signed it, and what its seed hangs on."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from msgspec.structs import replace
from record_samples import outcomes, record
from signing_samples import key_ring, signer

from harness.records.joint import Claim, JointEntry, JointFile, JointStatistics
from harness.store.joint import (
    digests_there,
    joint_folder,
    joint_name,
    left_over,
    read_joint,
    records_digest,
    resampling_seed,
    signed,
    write_joint,
)
from harness.store.keys import KeyRing
from harness.store.results import StoredRecord, read_all, write
from harness.store.scanning import mark_of
from harness.store.unusable import UnusableError

JOINT = JointFile(
    board="toy-offline-0badcafe",
    records="5e" * 32,
    created_utc="2026-01-02T03:04:05+00:00",
    statistics=JointStatistics(
        confidence=0.95,
        draws=10_000,
        quality_margin=0.01,
        energy_margin=0.02,
        entries=(
            JointEntry(entry="a", rank=(1, 1), front_support=1.0),
            JointEntry(entry="b", rank=(2, 2), front_support=0.03),
        ),
        unranked=(),
        claims=(Claim(winner="a", loser="b", by_quality=True, by_energy=False),),
        least_quality_difference=0.03,
        least_energy_ratio=1.02,
    ),
)


def code_of(folder: Path, keys: KeyRing | None = None) -> str:
    with pytest.raises(UnusableError) as caught:
        read_joint(folder, JOINT.board, keys or KeyRing())
    return caught.value.code


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    mark = write_joint(tmp_path / "joint", JOINT)
    path = tmp_path / "joint" / f"{JOINT.board}.json"
    assert mark_of(path.stat()) == mark
    assert read_joint(tmp_path / "joint", JOINT.board, KeyRing()) == (JOINT, None)
    assert [each.name for each in (tmp_path / "joint").iterdir()] == [path.name]


def test_it_lies_beside_the_results(tmp_path: Path) -> None:
    assert joint_folder(tmp_path / "leaderboard" / "results") == tmp_path / "leaderboard" / "joint"
    assert joint_name("b") == "joint/b.json"


def test_there_may_be_none(tmp_path: Path) -> None:
    assert read_joint(tmp_path / "nowhere", JOINT.board, KeyRing()) is None


def test_writing_again_replaces(tmp_path: Path) -> None:
    write_joint(tmp_path, JOINT)
    later = replace(JOINT, records="00" * 32)
    write_joint(tmp_path, later)
    assert read_joint(tmp_path, JOINT.board, KeyRing()) == (later, None)


def test_a_signature_says_whose_it_is(tmp_path: Path) -> None:
    keys = key_ring(tmp_path / "keys")
    write_joint(tmp_path, signed(JOINT, signer()))
    read = read_joint(tmp_path, JOINT.board, keys)
    assert read is not None
    assert read[1] == "jury"
    assert code_of(tmp_path) == "key-unknown"


def test_what_was_changed_after_it_was_signed_does_not_count(tmp_path: Path) -> None:
    keys = key_ring(tmp_path / "keys")
    write_joint(tmp_path, signed(JOINT, signer()))
    path = tmp_path / f"{JOINT.board}.json"
    path.write_text(path.read_text().replace('"winner": "a"', '"winner": "b"'))
    assert code_of(tmp_path, keys) == "signature-invalid"


def test_a_signature_of_a_record_is_none_of_a_joint_file(tmp_path: Path) -> None:
    keys = key_ring(tmp_path / "keys")
    made = signer().sign(b"frugal-ai record 1\n" + b"{}")
    write_joint(tmp_path, replace(JOINT, signature=made))
    assert code_of(tmp_path, keys) == "signature-invalid"


def test_a_key_that_a_thief_has_vouches_for_nothing(tmp_path: Path) -> None:
    revoked = 'since = 2030-01-01T00:00:00Z\nreason = "compromised"'
    keys = key_ring(tmp_path / "keys", revoked=revoked)
    write_joint(tmp_path, signed(JOINT, signer()))
    with pytest.raises(UnusableError, match="; its digest is") as caught:
        read_joint(tmp_path, JOINT.board, keys)
    assert caught.value.code == "key-revoked"
    (digest,) = digests_there(tmp_path).values()
    assert caught.value.message.endswith(digest)
    (tmp_path / "keys" / "jury.pub").unlink()
    keys = key_ring(tmp_path / "keys", revoked=f'{revoked}\nkeep = ["{digest}"]')
    assert read_joint(tmp_path, JOINT.board, keys) is not None


def test_what_cannot_be_read_has_no_digest(tmp_path: Path) -> None:
    write_joint(tmp_path, JOINT)
    (tmp_path / "other.json").write_bytes(b"{}")
    assert list(digests_there(tmp_path)) == [f"{JOINT.board}.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b'{"schema": 1}',
        b'{"schema": 99}',
        json.dumps({"schema": 1, "board": "x"}).encode(),
        b'{"schema": 1, "schema": 1}',
        b"\xff",
    ],
)
def test_what_is_no_joint_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / f"{JOINT.board}.json").write_bytes(content)
    assert code_of(tmp_path) == "joint-unreadable"


def test_a_file_of_another_board_or_of_no_moment_or_a_link_is_named(tmp_path: Path) -> None:
    write_joint(tmp_path, JOINT)
    path = tmp_path / f"{JOINT.board}.json"
    whole = path.read_text()
    for old, new in ((JOINT.board, "another"), ("2026-01-02T03:04:05+00:00", "yesterday")):
        path.write_text(whole.replace(old, new))
        assert code_of(tmp_path) == "joint-unreadable"
    path.write_text(re.sub(r'"draws": \d+', f'"draws": {2**70}', whole))
    assert code_of(tmp_path) == "joint-unreadable"
    path.write_text(whole.replace("05+00:00", "05"))  # a moment nowhere
    assert code_of(tmp_path) == "joint-unreadable"
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert code_of(tmp_path) == "joint-unreadable"


def kept(results: Path) -> tuple[StoredRecord, ...]:
    stored, problems = read_all(results)
    assert problems == ()
    return stored


def test_any_record_that_comes_or_goes_makes_another_digest(tmp_path: Path) -> None:
    write(tmp_path, record("a", demonstration=True), outcomes())
    one = records_digest(kept(tmp_path))
    write(tmp_path, record("b", demonstration=True), outcomes())
    both = kept(tmp_path)
    assert records_digest(both) == records_digest(both[::-1]) != one


def test_the_seed_hangs_on_every_key_and_on_the_records_and_on_no_order() -> None:
    keys = ("00" * 32, "11" * 32)
    seed = resampling_seed(keys, "a")
    assert seed == resampling_seed(keys[::-1], "a")
    others = {
        resampling_seed(keys, "b"), resampling_seed(keys[:1], "a"),
        resampling_seed(("00" * 32, "12" * 32), "a"),
    }  # fmt: skip
    assert len({seed, *others}) == 4
    assert 0 <= seed < 2**128


def test_files_of_boards_that_are_gone_are_left_over(tmp_path: Path) -> None:
    write_joint(tmp_path, JOINT)
    (tmp_path / "README.md").touch()
    assert left_over(tmp_path, [JOINT.board]) == ()
    assert left_over(tmp_path, ["other"]) == (f"{JOINT.board}.json",)
