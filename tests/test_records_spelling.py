"""The fast way of reading a document against the slow one, which is Python's own JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigurationError
from harness.records.base import Frozen, canonical_json, parse_plain, pretty_json
from harness.records.evaluation import EvaluationRecord, ItemOutcomes
from harness.records.signing import unsigned_content
from harness.records.spelling import canonical, unsigned_as_written

RESULTS = Path(__file__).resolve().parents[1] / "leaderboard" / "results"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PHRASES = st.sampled_from(
    [
        " 1e-05,\n",
        " 0.00001",
        "\x7f",
        " 3e4",
        "é",
        "e-5,",
        ":1e-7,",
        "[1e22]",
        ":0.00001}",
        ",-4e-9]",
    ]
)
NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(1e-9, 1e-3),
    st.floats(1e14, 1e18),
    st.sampled_from(
        [1e-5, -9.999e-05, 0.0001, 1e-6, 4.05e-08, 1e-10, 1e16, -1.5e22, 1e300, 5e-324]
    ),
    st.integers(),
    st.integers(-5, 5),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, PHRASES),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=20,
)
DOCUMENTS = st.dictionaries(st.one_of(TEXTS, st.just("signature"), PHRASES), VALUES, max_size=5)
LACKED = ("added", "drift", "looks", "more")


class Inner(Frozen):
    place: Any = 0
    more: dict[str, float] = {}  # noqa: RUF012 - msgspec copies it
    added: str | None = None


class Document(Frozen, kw_only=True):
    """What a file is read into: what stands in it, and what only later ones have."""

    looks: tuple[int, ...] = ()
    body: Any
    inner: Inner = Inner()
    drift: bool = False
    added: int | None = None
    signature: Any = None


def fast_of(content: bytes) -> bytes | None:
    """Do as reading does: what is not even read goes the slow way."""
    try:
        read = msgspec.json.decode(content, type=Document)
    except (ValueError, RecursionError):
        return None
    return unsigned_as_written(content, read)


def whole(body: Any, signature: Any = None) -> dict[str, Any]:  # noqa: ANN401 - plain JSON
    plain: dict[str, Any] = msgspec.to_builtins(Document(body=body, signature=signature))
    return plain


def without(document: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """Leave fields out of a document and of what is in it."""
    inner = {key: each for key, each in document["inner"].items() if key not in names}
    return {key: each for key, each in document.items() if key not in names} | {"inner": inner}


@given(DOCUMENTS)
def test_pretty_json_is_what_python_indents(document: dict[str, Any]) -> None:
    indented = json.dumps(document, allow_nan=False, ensure_ascii=False, indent=1)
    assert pretty_json(document) == indented.encode() + b"\n"


@given(DOCUMENTS, VALUES, st.sets(st.sampled_from(LACKED)))
def test_the_fast_way_gives_what_the_slow_one_does_or_nothing(
    body: dict[str, Any], signature: object, lacked: set[str]
) -> None:
    document = without(whole(body, signature), lacked)
    assert fast_of(pretty_json(document)) in (None, unsigned_content(document))


@given(
    st.dictionaries(TEXTS, st.one_of(st.floats(1e-9, 1e9), TEXTS, st.integers(0, 10**12))),
    st.sets(st.sampled_from(LACKED)),
)
def test_what_records_hold_is_read_the_fast_way(body: dict[str, Any], lacked: set[str]) -> None:
    document = without(whole(body), lacked - set(body))
    assert fast_of(pretty_json(document)) == unsigned_content(document)


def test_a_text_that_holds_what_looks_like_a_number_is_never_spelt_otherwise() -> None:
    for text in ("x:1e-7,", "[0.00001]", ",2e22}", "e-5]", '"added":null,', ',"added":null}'):
        document = whole({"a": text, text: [1e-07, text, 0.00001, text]}, text)
        assert fast_of(pretty_json(document)) in (None, unsigned_content(document))
        lacking = without(document, {"added"})
        assert fast_of(pretty_json(lacking)) in (None, unsigned_content(lacking))


def test_a_small_number_is_read_the_fast_way() -> None:
    document = whole({"a": 4.05e-08, "b": [1e-05, -2.5e-07, 9.9e-05, 1e-10], "c": "4e-08, as text"})
    assert fast_of(pretty_json(document)) == unsigned_content(document)


def test_a_file_may_do_without_fields_that_came_later() -> None:
    old = without(whole("x"), set(LACKED))
    assert set(old["inner"]) == {"place"}
    for document in (
        old,
        whole("x"),
        old,
        without(whole("x"), {"place"}),
    ):  # in whatever order they come
        assert fast_of(pretty_json(document)) == unsigned_content(document)


def test_a_file_without_a_place_for_a_signature_is_left_to_the_slow_way() -> None:
    assert fast_of(pretty_json(without(whole("x"), {"signature"}))) is None


def test_a_field_that_one_part_has_and_another_lacks_is_left_to_the_slow_way() -> None:
    document = whole("x")
    del document["inner"]["added"]
    assert fast_of(pretty_json(document)) is None


def test_every_record_of_the_project_is_read_the_fast_way() -> None:
    found = [each for each in RESULTS.glob("*/*/*.json") if ".items." not in each.name]
    assert found
    for path in found:
        content = path.read_bytes()
        read = msgspec.json.decode(content, type=EvaluationRecord)
        document = parse_plain(content, path)
        assert isinstance(document, dict)
        assert unsigned_as_written(content, read) == unsigned_content(document)


@given(DOCUMENTS, st.data())
def test_what_is_spelt_otherwise_is_left_to_the_slow_way(
    body: dict[str, Any], data: st.DataObject
) -> None:
    content = bytearray(pretty_json(whole(body)))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at : at + 1] = data.draw(
        st.sampled_from(
            [b" ", b"", b"0", b"e", b"E", b"\\u0041", b"\xff", b"-", b".", b"1e5", b"}"]
        )
    )
    changed = bytes(content)
    fast = fast_of(changed)
    if fast is None:
        return
    read = parse_plain(changed, "here")
    assert isinstance(read, dict)
    assert changed == pretty_json(read)
    assert fast == unsigned_content(read)


def test_each_way_to_spell_otherwise_is_seen() -> None:
    for spelt in (
        b"1e5",
        b"1E-05",
        b"0.00001",
        b"1e-5",
        b"1e+16",
        b"1e16",
        b"-1.5e22",
        b"1.5e300",
        b"[\n   1e300\n  ]",
        b"10000000000000000.0",
        b"12345678901234567890",
        b"-1234567890123456",
        b"1.50",
        b"-0",
        b'1,\n  "a": 2',
        b'"\\u0041"',
        b'"\\ud800"',
        b'"\xff"',
        b"NaN",
        b"1e-7",
        b"-1.5e-7",
        b"0.000012",
        b"[" * 100_000,
    ):
        assert fast_of(pretty_json(whole({"a": 1})).replace(b'"a": 1', b'"a": ' + spelt)) is None
    good = pretty_json(whole({"a": 1}))
    assert fast_of(good) is not None
    for content in (good[:-1], good + b"\n", good.replace(b": ", b":"), b"[]\n", b""):
        assert fast_of(content) is None


@given(DOCUMENTS, st.data())
def test_what_is_called_canonical_is(document: dict[str, Any], data: st.DataObject) -> None:
    content = bytearray(canonical_json(document))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at : at + 1] = data.draw(
        st.sampled_from([bytes(content[at : at + 1]), b" ", b"0", b"e", b"E", b"\xff", b"1e5"])
    )
    changed = bytes(content)
    if canonical(changed, Any) is None:
        return
    try:
        assert canonical_json(parse_plain(changed, "here")) == changed
    except ConfigurationError as error:
        raise AssertionError(changed) from error


def test_outcomes_of_items_are_read_as_they_are_spelt() -> None:
    outcomes = ItemOutcomes(
        key="00", ids=("a", "é 0.00001"), groups=None, labels=(0, 1), predictions=((0.25, None),)
    )
    content = canonical_json(outcomes)
    assert canonical(content, ItemOutcomes) == outcomes
    for other in (
        content.replace(b',"schema":2', b""),
        content.replace(b'"schema":2', b'"schema":2.0'),
        content.replace(b'"schema":2', b'"schema":2,"schema":2'),
        content.replace(b'"schema":2', b'"schema":2,"then":0'),
        content.replace(b"[0,1]", b"[1e-5,1]"),
        content.replace(b"[0,1]", b"[0.00001,1]"),
        content.replace(b"[0,1]", b"[0,-10000000000000000000]"),
        content.replace(b"[0,1]", b"[0, 1]"),
        content + b"\n",
    ):
        assert other != content
        assert canonical(other, ItemOutcomes) is None
