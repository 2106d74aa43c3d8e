"""Moments of records: in UTC on every machine, or none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records.moments import is_moment, moment


@pytest.mark.parametrize(
    "spelt", ["2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05Z", "2026-01-02T04:34:05+01:30"]
)
def test_a_moment_is_the_same_whatever_offset_it_is_spelt_with(spelt: str) -> None:
    assert moment(spelt) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert is_moment(spelt)


@pytest.mark.parametrize(
    "spelt",
    ["", "now", "2026-01-02T03:04:05", "2026-02-30T00:00:00Z", "9999-12-31T23:59:59-14:00"],
)
def test_what_is_no_moment_is_refused(spelt: str) -> None:
    assert not is_moment(spelt)
    with pytest.raises(ValueError, match=r"."):
        moment(spelt)


@given(st.text(max_size=40))
def test_any_text_is_a_moment_or_none(spelt: str) -> None:
    if is_moment(spelt):
        assert moment(spelt).utcoffset() == datetime.now(UTC).utcoffset()
