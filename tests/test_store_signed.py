"""A record that was altered after it was signed is named, and ranked nowhere."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_samples import RULES, outcomes, record
from signing_samples import key_ring, signer, write_key

from harness.errors import OrganiserError
from harness.ranking.boards import make_boards
from harness.records.base import parse_plain, pretty_json
from harness.records.evaluation import EvaluationRecord
from harness.records.signing import document_digest, signed_message
from harness.store.keys import KeyRing, read_keys
from harness.store.results import read_all, write

FULL = record("full", joules=(39.0,), hardware={"power_limits_watts": {"package-0": 95.5}})


def sign(results: Path, made: EvaluationRecord = FULL) -> Path:
    return write(results, made, outcomes(), signer())[1]


def codes(results: Path, keys: KeyRing) -> list[str]:
    return [problem.code for problem in read_all(results, keys)[1]]


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return key_ring(tmp_path / "keys")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


def test_a_signed_record_is_read_back_verified(results: Path, keys: KeyRing) -> None:
    kept, path = write(results, FULL, outcomes(), signer())
    (stored,), problems = read_all(results, keys)
    assert problems == ()
    assert (stored.record, stored.signed_by, stored.verified) == (kept, "jury", True)
    assert results / stored.path == path
    assert path.name.endswith(f"-{stored.digest[:8]}.json")


def test_an_unsigned_one_is_read_and_not_verified(results: Path, keys: KeyRing) -> None:
    write(results, FULL, outcomes())
    (stored,), problems = read_all(results, keys)
    assert problems == ()
    assert (stored.signed_by, stored.verified) == (None, False)


def test_signing_leaves_the_digest_as_it_was(results: Path, keys: KeyRing) -> None:
    write(results, FULL, outcomes())
    sign(results)
    stored, problems = read_all(results, keys)
    assert problems == ()
    assert len({each.digest for each in stored}) == 1
    assert [each.verified for each in stored] == [True, False]


@pytest.mark.parametrize(
    ("source", "ending", "mode"),
    [("sample", ".public.items.json", 0o644), ("directory", ".items.json", 0o600)],
)
def test_outcomes_are_published_only_where_they_give_no_label_away(
    results: Path, keys: KeyRing, source: str, ending: str, mode: int
) -> None:
    path = sign(results, record(data={"source": source, "public": source != "directory"}))
    sidecar = path.with_name(path.name.removesuffix(".json") + ending)
    assert sorted(path.parent.iterdir()) == sorted([path, sidecar])
    assert stat.S_IMODE(sidecar.stat().st_mode) == mode
    assert codes(results, keys) == []
    sidecar.write_bytes(sidecar.read_bytes().replace(b'"a"', b'"c"'))
    assert codes(results, keys) == ["items-altered"]


def test_a_demonstration_is_never_signed(results: Path) -> None:
    with pytest.raises(OrganiserError, match="never signed"):
        sign(results, record(demonstration=True))
    assert not results.exists()


def leaves(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for key in value for leaf in leaves(value[key], (*path, key))]
    if isinstance(value, list) and value:
        return [leaf for index, each in enumerate(value) for leaf in leaves(each, (*path, index))]
    return [path]


def test_any_field_that_is_altered_is_found(results: Path, keys: KeyRing) -> None:
    """The name is made to fit the new content: only the signature is left to find it."""
    path = sign(results)
    original = json.loads(path.read_bytes())
    tried = 0
    for place in leaves(original):
        document = json.loads(path.read_bytes())
        holder = document
        for step in place[:-1]:
            holder = holder[step]
        for other in others(holder[place[-1]]):
            holder[place[-1]] = other
            name = f"{path.name[:17]}{document_digest(document)[:8]}.json"
            forged = results / "forged" / document_place(document) / name
            forged.parent.mkdir(parents=True, exist_ok=True)
            forged.write_bytes(pretty_json(document))
            stored, problems = read_all(results / "forged", keys)
            assert (stored, len(problems)) == ((), 1), (place, other)
            assert problems[0].code in {
                "signature-invalid", "key-unknown", "fields", "misplaced", "schema-version",
                "unsigned", "altered",
            }  # fmt: skip
            tried += problems[0].code == "signature-invalid"
            shutil.rmtree(results / "forged")
    assert tried > 60


def document_place(document: dict[str, Any]) -> str:
    return f"{document['task']['id']}/{document['submission']['entry']}"


def others(value: object) -> list[object]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1]
    if isinstance(value, float):
        return [value * 1.0000001 + 1e-9]
    if isinstance(value, str):
        return [value + "x"] if value else ["x"]
    return ["x", 1] if value is None else [[1]]


@settings(max_examples=60)
@given(st.data())
def test_any_byte_of_the_outcomes_that_is_altered_is_found(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    base = tmp_path_factory.getbasetemp() / "outcomes"
    shutil.rmtree(base, ignore_errors=True)
    path = sign(base / "results")
    sidecar = path.with_name(path.name.replace(".json", ".public.items.json"))
    content = sidecar.read_bytes()
    position = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda each: each != content[position]))
    sidecar.write_bytes(content[:position] + bytes([byte]) + content[position + 1 :])
    assert codes(base / "results", key_ring(base / "keys")) == ["items-altered"]


FLIPPED: dict[Path, tuple[bytes, KeyRing]] = {}


@settings(max_examples=250)
@given(st.data())
def test_any_byte_that_is_altered_is_found(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    base = tmp_path_factory.getbasetemp() / "flipped"
    if not FLIPPED:
        path = sign(base / "results")
        FLIPPED[path] = path.read_bytes(), key_ring(base / "keys")
    ((path, (content, keys)),) = FLIPPED.items()
    position = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda each: each != content[position]))
    path.write_bytes(content[:position] + bytes([byte]) + content[position + 1 :])
    stored, problems = read_all(base / "results", keys)
    assert (stored, len(problems)) == ((), 1)
    assert problems[0].path == path.relative_to(base / "results").as_posix()
    path.write_bytes(content)
    assert len(read_all(base / "results", keys)[0]) == 1


@settings(max_examples=100)
@given(st.data())
def test_any_byte_that_is_taken_or_put_in_is_found(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    base = tmp_path_factory.getbasetemp() / "edited"
    write_key(base / "keys")
    shutil.rmtree(base / "results", ignore_errors=True)
    path = sign(base / "results")
    content = path.read_bytes()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 3)))
    put = data.draw(st.binary(max_size=3).filter(lambda each: each != content[start:end]))
    path.write_bytes(content[:start] + put + content[end:])
    if path.read_bytes() == content:  # the same byte, taken and put in beside another like it
        return
    assert len(codes(base / "results", read_keys(base / "keys"))) == 1


def strip(path: Path) -> None:
    document = json.loads(path.read_bytes()) | {"signature": None}
    path.write_bytes(pretty_json(document))


def drop(path: Path) -> None:
    document = json.loads(path.read_bytes())
    del document["signature"]
    path.write_bytes(pretty_json(document))


def rename(path: Path) -> None:
    path.rename(path.with_name("20270102T030405Z" + path.name[16:]))


def give_to_another_entry(path: Path) -> None:
    (path.parents[1] / "other").mkdir()
    path.rename(path.parents[1] / "other" / path.name)


def give_to_another_task(path: Path) -> None:
    other = path.parents[2] / "deforestation" / path.parent.name
    other.mkdir(parents=True)
    path.rename(other / path.name)


def make_local(path: Path) -> None:
    path.rename(path.with_name(path.name.replace(".json", ".local.json")))


def claim_another_entry(path: Path) -> None:
    document = json.loads(path.read_bytes())
    document["submission"]["entry"] = "other"
    name = f"{path.name[:17]}{document_digest(document)[:8]}.json"
    (path.parents[1] / "other").mkdir()
    (path.parents[1] / "other" / name).write_bytes(pretty_json(document))
    path.unlink()


def sign_by_another(path: Path) -> None:
    document = json.loads(path.read_bytes())
    made = signer(1).sign(signed_message(document))
    document["signature"] = {"key": made.key, "value": made.value}
    path.write_bytes(pretty_json(document))


def claim_the_key(path: Path) -> None:
    document = json.loads(path.read_bytes())
    document["signature"]["value"] = signer(1).sign(signed_message(document)).value
    path.write_bytes(pretty_json(document))


def spell_the_signature_otherwise(path: Path) -> None:
    document = json.loads(path.read_bytes())
    document["signature"]["value"] = document["signature"]["value"].upper()
    path.write_bytes(pretty_json(document))


def name_the_key_twice(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"key": ', b'"key": "",\n  "key": '))


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (strip, "unsigned"),
        (drop, "unsigned"),
        (rename, "misplaced"),
        (give_to_another_entry, "misplaced"),
        (give_to_another_task, "misplaced"),
        (make_local, "misplaced"),
        (claim_another_entry, "signature-invalid"),
        (sign_by_another, "key-unknown"),
        (claim_the_key, "signature-invalid"),
        (spell_the_signature_otherwise, "fields"),
        (name_the_key_twice, "not-json"),
    ],
)
def test_what_became_of_a_signed_record_is_named(
    results: Path, keys: KeyRing, spoil: Callable[[Path], object], code: str
) -> None:
    good = sign(results, record("good"))
    path, sidecar = sign(results), results
    sidecar = path.with_name(path.name.replace(".json", ".public.items.json"))
    sidecar.unlink()
    spoil(path)
    stored, problems = read_all(results, keys)
    assert [results / each.path for each in stored] == [good]
    assert [problem.code for problem in problems] == [code]
    boards = make_boards(stored, RULES, problems)
    assert [entry.entry for board in boards.boards for entry in board.entries] == ["good"]
    assert [problem.code for problem in boards.problems] == [code]


def test_a_later_versions_field_leaves_older_names_and_signatures_alone(
    results: Path, keys: KeyRing
) -> None:
    """What is digested is the file's document, not what the types would add to it."""
    document = parse_plain(pretty_json(FULL), "here")
    assert isinstance(document, dict)
    del document["voided"]  # as if that field, which has a default, had come later
    made = signer().sign(signed_message(document))
    document["signature"] = {"key": made.key, "value": made.value}
    name = f"20260102T030405Z-{document_digest(document)[:8]}.json"
    path = results / document_place(document) / name
    path.parent.mkdir(parents=True)
    path.write_bytes(pretty_json(document))
    stored, problems = read_all(results, keys)
    assert problems == ()
    assert [each.signed_by for each in stored] == ["jury"]
