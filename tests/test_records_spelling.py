"""The fast way of reading a document against the slow one, which is Python's own JSON."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigurationError
from harness.records.base import canonical_json, parse_plain, pretty_json
from harness.records.signing import unsigned_content
from harness.records.spelling import is_canonical, unsigned_as_written

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


@given(DOCUMENTS)
def test_pretty_json_is_what_python_indents(document: dict[str, Any]) -> None:
    indented = json.dumps(document, allow_nan=False, ensure_ascii=False, indent=1)
    assert pretty_json(document) == indented.encode() + b"\n"


@given(DOCUMENTS)
def test_the_fast_way_gives_what_the_slow_one_does_or_nothing(document: dict[str, Any]) -> None:
    fast = unsigned_as_written(pretty_json(document))
    assert fast is None or fast == unsigned_content(document)


@given(st.dictionaries(TEXTS, st.one_of(st.floats(0.001, 1e9), TEXTS, st.integers(0, 10**12))))
def test_what_records_hold_is_read_the_fast_way(document: dict[str, Any]) -> None:
    assert unsigned_as_written(pretty_json(document)) == unsigned_content(document)


def test_a_text_that_holds_what_looks_like_a_number_is_never_spelt_otherwise() -> None:
    for text in ("x:1e-7,", "[0.00001]", ",2e22}", "e-5]"):
        document = {"a": text, text: [1e-07, text, 0.00001, text, 1e22], "signature": text}
        fast = unsigned_as_written(pretty_json(document))
        assert fast in (None, unsigned_content(document))


def test_a_number_with_an_exponent_is_read_the_fast_way() -> None:
    document = {"a": 4.05e-08, "b": [1e-05, -2.5e-07, 1e22], "c": "4e-08, as text"}
    assert unsigned_as_written(pretty_json(document)) == unsigned_content(document)


@given(DOCUMENTS, st.data())
def test_what_is_spelt_otherwise_is_left_to_the_slow_way(
    document: dict[str, Any], data: st.DataObject
) -> None:
    content = bytearray(pretty_json(document))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at : at + 1] = data.draw(
        st.sampled_from(
            [b" ", b"", b"0", b"e", b"E", b"\\u0041", b"\xff", b"-", b".", b"1e5", b"}"]
        )
    )
    changed = bytes(content)
    if unsigned_as_written(changed) is None:
        return
    read = parse_plain(changed, "here")
    assert isinstance(read, dict)
    assert changed == pretty_json(read)
    assert unsigned_as_written(changed) == unsigned_content(read)


def test_each_way_to_spell_otherwise_is_seen() -> None:
    for content in (
        b'{\n "a": 1e5\n}\n',
        b'{\n "a": 1E-05\n}\n',
        b'{\n "a": 0.00001\n}\n',
        b'{\n "a": 1e-5\n}\n',
        b'{\n "a": 10000000000000000.0\n}\n',
        b'{\n "a": 12345678901234567890\n}\n',
        b'{\n "a": 1.50\n}\n',
        b'{\n "a": -0\n}\n',
        b'{\n "a": 1,\n "a": 2\n}\n',
        b'{\n "a": "\\u0041"\n}\n',
        b'{\n "a": "\\ud800"\n}\n',
        b'{\n "a": "\xff"\n}\n',
        b'{\n "a": NaN\n}\n',
        b'{"a": 1}\n',
        b'{\n "a": 1\n}',
        b'{\n "a": 1.5e300\n}\n',
        b'{\n "a": 1e-10,\n "b": 1e-7\n}\n',
        b'{\n "a": -1.5e-7\n}\n',
        b'{\n "a": 0.000012\n}\n',
        b'{\n "a": -1234567890123456\n}\n',
        b"[]\n",
        b"",
        b"[" * 100_000,
    ):
        assert unsigned_as_written(content) is None


@given(DOCUMENTS, st.data())
def test_what_is_called_canonical_is(document: dict[str, Any], data: st.DataObject) -> None:
    content = bytearray(canonical_json(document))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at : at + 1] = data.draw(
        st.sampled_from([bytes(content[at : at + 1]), b" ", b"0", b"e", b"E", b"\xff", b"1e5"])
    )
    changed = bytes(content)
    if not is_canonical(changed):
        return
    try:
        assert canonical_json(parse_plain(changed, "here")) == changed
    except ConfigurationError as error:
        raise AssertionError(changed) from error


def test_outcomes_of_items_are_called_canonical() -> None:
    assert is_canonical(canonical_json({"ids": ["a", "b"], "predictions": [[0.25, 1, None]]}))
    assert not is_canonical(b'{"a":1,"a":2}')
    assert not is_canonical(b'{"a":1e-5}')
