from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.carbon import JOULES_PER_KWH, carbon_in, carbon_range, read_grid
from harness.errors import ConfigurationError, UsageError


def zone(
    code: str, intensity: object, year: object = 2022, name: object = "Somewhere"
) -> dict[str, object]:
    return {"iso_code": code, "country_name": name, "carbon_intensity": intensity, "year": year}


def package(folder: Path, mix: object, per_source: object = None) -> Path:
    data = folder / "data" / "private_infra"
    data.mkdir(parents=True)
    stated = {"unit": "gCO2.eq/kWh", "world_average": 500} if per_source is None else per_source
    (data / "global_energy_mix.json").write_text(json.dumps(mix))
    (data / "carbon_intensity_per_source.json").write_text(json.dumps(stated))
    return folder


def test_the_range_is_from_the_cleanest_to_the_dirtiest_zone(tmp_path: Path) -> None:
    mix = {
        "AAA": zone("AAA", 50.0, 2021, "Aland"),
        "BBB": zone("BBB", 800.0, 2023, "Beland"),
        "CCC": zone("CCC", 300.0),
    }
    found = carbon_range(2 * JOULES_PER_KWH, read_grid(package(tmp_path, mix)))
    assert (found.low_grams, found.low_zone) == (100.0, "Aland")
    assert (found.high_grams, found.high_zone) == (1600.0, "Beland")
    assert found.world_grams == 1000.0
    assert (found.year, found.zones) == ("2021\N{EN DASH}2023", 3)
    assert found.source.startswith("codecarbon ")


def test_one_zone_is_named_with_its_year_and_source(tmp_path: Path) -> None:
    grid = read_grid(package(tmp_path, {"AAA": zone("AAA", 50.0, 2021, "Aland")}))
    found = carbon_in("aaa", JOULES_PER_KWH, grid)
    assert (found.grams, found.zone, found.name, found.year) == (50.0, "AAA", "Aland", 2021)
    with pytest.raises(UsageError, match="--zone: 'ZZZ' is no zone"):
        carbon_in("ZZZ", 1.0, grid)


def test_a_zone_without_a_figure_above_zero_is_none(tmp_path: Path) -> None:
    mix = {"AAA": zone("AAA", 0.0), "BBB": zone("BBB", None), "CCC": zone("CCC", 9.0)}
    grid = read_grid(package(tmp_path, mix))
    assert list(grid.zones) == ["CCC"]


def test_a_world_without_a_mean_has_none(tmp_path: Path) -> None:
    made = package(tmp_path, {"AAA": zone("AAA", 9.0)}, {"unit": "gCO2.eq/kWh"})
    assert carbon_range(1.0, read_grid(made)).world_grams is None


@pytest.mark.parametrize(
    ("mix", "per_source", "said"),
    [
        ([], None, "is no table"),
        ({}, None, "has no figure of any zone"),
        ({"AAA": []}, None, "AAA: is no zone"),
        ({"aa": zone("aa", 1.0)}, None, "aa: is no zone"),
        ({"AAA": zone("BBB", 1.0)}, None, "AAA.iso_code: is another zone's"),
        ({"AAA": zone("AAA", "50")}, None, "AAA.carbon_intensity: is no figure"),
        ({"AAA": zone("AAA", -1.0)}, None, "AAA.carbon_intensity: is no figure"),
        ({"AAA": zone("AAA", 56_039.0)}, None, "AAA.carbon_intensity: is no figure"),
        ({"AAA": zone("AAA", True)}, None, "AAA.carbon_intensity: is no figure"),
        ({"AAA": zone("AAA", math.nan)}, None, "NaN"),
        ({"AAA": zone("AAA", 1.0, "2022")}, None, "AAA.year: is no year"),
        ({"AAA": zone("AAA", 1.0, 22)}, None, "AAA.year: is no year"),
        ({"AAA": zone("AAA", 1.0, 2022, " ")}, None, "AAA.country_name: is no name"),
        ({"AAA": zone("AAA", 1.0)}, {"unit": "kg/kWh"}, "unit: is no longer gCO2.eq/kWh"),
        (
            {"AAA": zone("AAA", 1.0)},
            {"unit": "gCO2.eq/kWh", "world_average": "475"},
            "world_average: is no figure",
        ),
    ],
)
def test_a_table_of_another_form_is_an_error_and_no_figure(
    tmp_path: Path, mix: object, per_source: object, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        read_grid(package(tmp_path, mix, per_source))
    assert "install codecarbon again" in caught.value.remedy


def test_a_package_without_its_table_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"global_energy_mix\.json: cannot be read"):
        read_grid(tmp_path)


def test_a_package_that_is_not_installed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.carbon.grid.PACKAGE", "no_package_of_this_name")
    with pytest.raises(ConfigurationError, match="is not installed"):
        read_grid.__wrapped__()


def test_the_installed_table_has_what_is_shown() -> None:
    grid = read_grid()
    found = carbon_in("FRA", JOULES_PER_KWH, grid)
    assert found.name == "France"
    assert 10 < found.grams < 150
    assert carbon_range(1.0).low_zone in {zone.name for zone in grid.zones.values()}


@given(st.floats(min_value=0, max_value=1e12))
def test_grams_are_in_proportion_to_joules_and_lie_within_the_range(joules: float) -> None:
    grid = read_grid()
    span = carbon_range(joules, grid)
    for code in ("FRA", "POL", "USA"):
        here = carbon_in(code, joules, grid)
        assert here.grams == pytest.approx(joules / 3.6e6 * grid.zones[code].grams_per_kwh)
        assert span.low_grams <= here.grams <= span.high_grams


@pytest.mark.parametrize("joules", [math.nan, math.inf, -1.0])
def test_what_is_no_amount_of_energy_is_refused(joules: float) -> None:
    with pytest.raises(ValueError, match="is no amount of energy"):
        carbon_range(joules)
