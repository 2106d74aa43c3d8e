"""Types with less in them: what is kept reads the same, and what is left out is skipped."""

from __future__ import annotations

from typing import Literal

import msgspec
import pytest
import record_samples

from harness.records.base import Frozen, pretty_json
from harness.records.evaluation import EvaluationRecord
from harness.records.narrowing import Kept, narrowed
from harness.records.session import Session, Sweep
from harness.site.record_view import NEEDED


class Inner(Frozen):
    kept: int
    left: tuple[float, ...] = ()
    said: Literal["a", "b"] = "a"

    @property
    def doubled(self) -> int:
        return 2 * self.kept


class Outer(Frozen):
    several: tuple[Inner, ...]
    one: Inner | None = None
    named: dict[str, Inner] = msgspec.field(default_factory=dict)
    other: str = ""


FULL = (
    b'{"several":[{"kept":1,"left":[1.5]}],"one":{"kept":2},"named":{"x":{"kept":3}},"other":"y"}'
)


def test_what_is_kept_reads_the_same_and_the_rest_is_not_there() -> None:
    kind = narrowed(Outer, {Inner: {"kept", "said"}})
    read = msgspec.json.decode(FULL, type=kind)
    assert (read.several[0].kept, read.several[0].doubled, read.several[0].said) == (1, 2, "a")
    assert read.one is not None
    assert (read.one.kept, read.named["x"].kept, read.other) == (2, 3, "y")
    with pytest.raises(AttributeError):
        _ = read.several[0].left


def test_what_is_kept_is_held_to_its_type() -> None:
    kind = narrowed(Outer, {Inner: {"kept"}})
    with pytest.raises(msgspec.ValidationError, match="kept"):
        msgspec.json.decode(FULL.replace(b'"kept":3', b'"kept":"x"'), type=kind)


def test_defaults_stay() -> None:
    read = msgspec.json.decode(b'{"several":[]}', type=narrowed(Outer, {Inner: {"kept"}}))
    assert (read.one, read.named, read.other) == (None, {}, "")


def test_types_that_hold_nothing_narrower_stay_themselves() -> None:
    assert narrowed(Outer, {}) is Outer
    record = narrowed(EvaluationRecord, NEEDED)
    whole, less = (
        {f.name: f.type for f in msgspec.structs.fields(k)} for k in (EvaluationRecord, record)
    )
    assert less["meter"] is whole["meter"]
    assert less["sessions"] != whole["sessions"]


@pytest.mark.parametrize(
    ("kept", "said"),
    [({Inner: {"never"}}, "Inner has no field never"), ({Sweep: {"kind"}}, "Outer holds no Sweep")],
)
def test_a_name_that_is_wrong_is_refused(kept: Kept, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        narrowed(Outer, kept)


def test_the_page_of_an_entry_reads_less_of_a_record_and_that_alike() -> None:
    record = record_samples.record()
    read = msgspec.json.decode(pretty_json(record), type=narrowed(EvaluationRecord, NEEDED))
    assert [each.queries for each in read.sessions] == [each.queries for each in record.sessions]
    assert read.submission == record.submission
    assert not hasattr(read, "looks")
    assert type(read.sessions[0]) is not Session
    reading = read.sessions[0].phases[0].reading
    assert reading.joules == record.sessions[0].phases[0].reading.joules
