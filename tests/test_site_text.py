from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.site.text import plain, shorten, significant, watt_hour_unit, watt_hours, width_in_ems


@pytest.mark.parametrize(
    ("value", "spelt"),
    [
        (0, "0"),
        (1, "1.00"),
        (0.8736, "0.874"),
        (0.9996, "1.00"),
        (12.34, "12.3"),
        (999.6, "1,000"),
        (12345.0, "12,300"),
        (0.000861, "0.000861"),
        (0.0000861, "8.61 × 10⁻⁵"),  # noqa: RUF001 - the sign is meant
        (12_345_678.0, "1.23 × 10⁷"),  # noqa: RUF001 - the sign is meant
        (-4.5, "−4.50"),  # noqa: RUF001 - a minus, not a hyphen
    ],
)
def test_three_significant_digits(value: float, spelt: str) -> None:
    assert significant(value) == spelt


@settings(deadline=None)  # a busy machine is no fault of this code
@given(st.floats(min_value=1e-12, max_value=1e12))
def test_a_rounded_figure_is_within_half_a_digit_of_the_true_one(value: float) -> None:
    spelt = significant(value).replace(",", "")
    mantissa, _, exponent = spelt.partition(" × 10")  # noqa: RUF001 - the sign is meant
    plain_exponent = exponent.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    read = float(mantissa) * 10.0 ** int(plain_exponent or 0)
    assert math.isclose(read, value, rel_tol=0.00501)


@pytest.mark.parametrize(
    ("joules", "spelt"),
    [
        (3600.0, "1.00\u00a0Wh"),
        (3.6e6, "1.00\u00a0kWh"),
        (3599.0, "1,000\u00a0mWh"),
        (0.2, "55.6\u00a0µWh"),
        (1e-6, "0.000278\u00a0µWh"),
        (0.0, "0\u00a0Wh"),
    ],
)
def test_watt_hours_are_joules_over_3600_in_a_unit_that_fits(joules: float, spelt: str) -> None:
    assert watt_hours(joules) == spelt


def test_a_column_of_watt_hours_has_the_unit_of_its_middle_figure() -> None:
    assert watt_hour_unit([0.5, 700.0, 4210.0]) == "mWh"
    assert watt_hour_unit([0.0, 5.0]) == "mWh"  # what takes nothing says nothing of the others
    assert watt_hour_unit([1e-300, 1e300]) == "µWh"
    assert watt_hour_unit([]) == "Wh"
    assert watt_hours(3600.0, "mWh") == "1,000\u00a0mWh"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  two\r\nlines\t ", "two lines"),
        ("a\x00b\x1b[31m", "a\ufffdb\ufffd[31m"),
        ("\u202egnp", "\ufffdgnp"),
        ("\ud800", "\ufffd"),
        ("\ufffe\U0001ffff", "\ufffd\ufffd"),
        ("12\u202f300\u00a0%", "12\u202f300\u00a0%"),
        ("\u00a0a\u00a0\u202f b \u00a0", "a b"),
        ("<b> & 'é' 气候 👩\u200d🔬", "<b> & 'é' 气候 👩\u200d🔬"),
    ],
)
def test_a_strangers_text_becomes_one_line_of_plain_text(text: str, cleaned: str) -> None:
    assert plain(text) == cleaned


@settings(deadline=None)  # a busy machine is no fault of this code
@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_cleaned_text_can_always_be_written(text: str) -> None:
    cleaned = plain(text)
    assert plain(cleaned) == cleaned
    assert cleaned.encode().decode() == cleaned


@settings(deadline=None)  # a busy machine is no fault of this code
@given(st.text(), st.integers(min_value=2, max_value=40))
def test_shortened_text_fits_and_keeps_its_beginning(text: str, length: int) -> None:
    short = shorten(text, length)
    assert len(short) <= length
    assert plain(text).startswith(short.removesuffix("…").rstrip())


def test_wide_scripts_are_taken_to_be_wide() -> None:
    assert width_in_ems("气候模型") > width_in_ems("icon")
