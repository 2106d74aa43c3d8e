"""Records are spelled in one way and read strictly."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_samples import record

from harness.errors import ConfigurationError
from harness.records.base import (
    Frozen,
    canonical_json,
    digest,
    parse_json,
    parse_plain,
    pretty_json,
)
from harness.records.evaluation import EvaluationRecord

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


class Point(Frozen):
    x: float
    label: str = ""


@settings(deadline=None)
@given(PLAIN)
def test_reading_gives_back_what_was_spelled(value: object) -> None:
    assert parse_plain(canonical_json(value), "here") == value
    assert parse_plain(pretty_json(value), "here") == value


@settings(deadline=None)
@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers()))
def test_order_of_keys_has_no_say_in_the_digest(value: dict[str, int]) -> None:
    assert digest(dict(reversed(value.items()))) == digest(value)


def test_the_canonical_form_is_what_it_always_was() -> None:
    # Every signature and every file's name hangs on these bytes.
    value = {"b": [1, 2.5, 1e-9, None], "a": "é\n\u2028", "Z": {}}
    assert canonical_json(value) == '{"Z":{},"a":"é\\n\u2028","b":[1,2.5,1e-09,null]}'.encode()
    # printf '{"label":"","x":1.0}' | sha256sum
    assert digest(Point(x=1.0)) == (
        "a9942cf7719416a02c376cdfb36638547a107278ac92031bcf79d4fcc461c7f8"
    )


def test_a_record_survives_spelling_and_reading() -> None:
    made = record()
    read = parse_json(pretty_json(made), EvaluationRecord, "here")
    assert read == made
    assert digest(read) == digest(made)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_never_written(value: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json({"x": value})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"x": NaN}', "NaN is not a number"),
        (b'{"x": Infinity}', "Infinity is not a number"),
        (b'{"x": -Infinity}', "-Infinity is not a number"),
        (b'{"x": 1e999}', "1e999 is too large"),
        (b'{"x": 1, "x": 2}', "'x' stands twice"),
        (b'{"x": 1, "y": {"z": 1, "z": 1}}', "'z' stands twice"),
        (b'{"x": 1} {}', "Extra data"),
        (b'{"x": 1', "not valid JSON"),
        (b"", "not valid JSON"),
        (b'{"x": 1, "label": "\xff"}', "utf-8"),
        (b'{"x": 1, "label": "\\ud800"}', r"'\\ud800' is half of a surrogate pair"),
        (b'{"x": 1, "\\uDFff": 0}', "half of a surrogate pair"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b'{"x": 1, "y": 2}', "unknown field `y`"),
        (b'{"x": "1"}', r"\$\.x"),
        (b'{"label": "a"}', "missing required field `x`"),
        (b"[]", "Expected `object`"),
    ],
)
def test_what_is_refused_is_named_with_the_file(content: bytes, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as caught:
        parse_json(content, Point, "some/record.json")
    assert caught.value.message.startswith("some/record.json: ")
    assert caught.value.remedy


@settings(deadline=None)
@given(st.text(max_size=5))
def test_escaped_text_is_read_whole_or_refused(text: str) -> None:
    content = json.dumps({"x": 1.0, "label": text}).encode()
    try:
        text.encode()
    except UnicodeEncodeError:
        with pytest.raises(ConfigurationError, match="surrogate"):
            parse_json(content, Point, "here")
    else:
        assert parse_json(content, Point, "here").label == text


@pytest.mark.parametrize("text", ['"\\ud83d\\ude00"', '"\\\\ud800"'])
def test_whole_pairs_and_escaped_backslashes_are_fine(text: str) -> None:
    read: Any = parse_plain(text.encode(), "here")
    assert read == json.loads(text)
    assert read.encode()
