from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meter_fakes import RANGE, LiveZones, add_zone

from harness.errors import MeasurementError
from harness.meters import powercap
from harness.meters.powercap import SensorUnavailableError, survey_zones


def names(root: Path) -> list[str]:
    return [zone.name for zone in survey_zones(root).billed]


def test_packages_and_memory_are_billed_and_nothing_inside_or_around_them(tmp_path: Path) -> None:
    (tmp_path / "intel-rapl").mkdir()  # the control type is listed beside its zones
    add_zone(tmp_path, "intel-rapl:0", "package-0", energy=5)
    add_zone(tmp_path, "intel-rapl:0:0", "core", energy=3)
    add_zone(tmp_path, "intel-rapl:0:1", "uncore", energy=1)
    add_zone(tmp_path, "intel-rapl:0:2", "dram", energy=2)
    add_zone(tmp_path, "intel-rapl:1", "package-1", energy=5)
    add_zone(tmp_path, "intel-rapl:1:0", "dram", energy=5)
    add_zone(tmp_path, "intel-rapl:2", "psys", energy=50)
    assert names(tmp_path) == ["package-0", "package-0/dram", "package-1", "package-1/dram"]


def test_zones_that_lie_in_their_parents_only_are_found_too(tmp_path: Path) -> None:
    add_zone(tmp_path, "intel-rapl/intel-rapl:0", "package-0")
    add_zone(tmp_path, "intel-rapl/intel-rapl:0/intel-rapl:0:0", "dram")
    assert names(tmp_path) == ["package-0", "package-0/dram"]


def test_a_zone_that_is_listed_at_two_places_is_billed_once(tmp_path: Path) -> None:
    add_zone(tmp_path, "intel-rapl:0", "package-0")
    add_zone(tmp_path, "intel-rapl:0:0", "dram")
    (tmp_path / "intel-rapl:0/intel-rapl:0:0").symlink_to(tmp_path / "intel-rapl:0:0")
    assert names(tmp_path) == ["package-0", "package-0/dram"]


def test_the_second_door_to_a_package_is_not_even_opened(tmp_path: Path) -> None:
    add_zone(tmp_path, "intel-rapl-mmio:0", "package-0").write_text("nonsense")
    add_zone(tmp_path, "intel-rapl:0", "package-0", energy=7)
    (zone,) = survey_zones(tmp_path).billed
    assert zone.counter.parent.name == "intel-rapl:0"


def test_a_folder_with_other_digits_than_the_kernels_is_no_zone(tmp_path: Path) -> None:
    add_zone(tmp_path, "intel-rapl:٣", "package-3")
    add_zone(tmp_path, "intel-rapl:0", "package-0")
    assert names(tmp_path) == ["package-0"]


def test_the_second_door_serves_where_it_is_the_only_one(tmp_path: Path) -> None:
    add_zone(tmp_path, "intel-rapl-mmio:0", "package-0")
    assert names(tmp_path) == ["package-0"]


def test_a_name_that_is_listed_twice_is_one_package(tmp_path: Path) -> None:
    add_zone(tmp_path, "intel-rapl:0", "package-0", energy=10)
    add_zone(tmp_path, "intel-rapl:1", "package-0", energy=12)
    assert names(tmp_path) == ["package-0"]


def test_dies_that_mirror_one_counter_are_one(tmp_path: Path) -> None:
    add_zone(tmp_path, "intel-rapl:0", "package-0-die-0", energy=987_654)
    add_zone(tmp_path, "intel-rapl:1", "package-0-die-1", energy=987_654)
    assert names(tmp_path) == ["package-0-die-0"]


def test_the_memory_of_mirrored_dies_is_one_too(tmp_path: Path) -> None:
    for die in (0, 1):
        add_zone(tmp_path, f"intel-rapl:{die}", f"package-0-die-{die}", energy=987_654)
        add_zone(tmp_path, f"intel-rapl:{die}:0", "dram", energy=123_456)
    assert names(tmp_path) == ["package-0-die-0", "package-0-die-0/dram"]


def test_dies_that_have_not_run_yet_are_not_taken_for_mirrors(tmp_path: Path) -> None:
    add_zone(tmp_path, "intel-rapl:0", "package-0-die-0")
    add_zone(tmp_path, "intel-rapl:1", "package-0-die-1")
    assert names(tmp_path) == ["package-0-die-0", "package-0-die-1"]


def test_dies_with_counters_of_their_own_are_added(tmp_path: Path) -> None:
    add_zone(tmp_path, "intel-rapl:0", "package-0-die-0", energy=987_654)
    add_zone(tmp_path, "intel-rapl:1", "package-0-die-1", energy=123_456)
    assert names(tmp_path) == ["package-0-die-0", "package-0-die-1"]


def test_packages_that_happen_to_read_alike_stay_two(tmp_path: Path) -> None:
    add_zone(tmp_path, "intel-rapl:0", "package-0", energy=1)
    add_zone(tmp_path, "intel-rapl:1", "package-1", energy=1)
    assert names(tmp_path) == ["package-0", "package-1"]


def test_each_package_that_stands_still_is_watched_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched: list[float] = []

    class Time:
        def monotonic(self) -> float:
            watched.append(0.05)  # a standstill is found at the third look
            return sum(watched)

    monkeypatch.setattr(powercap, "time", Time())
    for number in range(20):
        add_zone(tmp_path, f"intel-rapl:{number}", f"package-{number}", energy=5)
    assert len(names(tmp_path)) == 20
    assert len(watched) <= 20 * 4


def test_a_machine_without_zones_is_told_what_to_use_instead(tmp_path: Path) -> None:
    for root in (tmp_path, tmp_path / "missing"):
        with pytest.raises(SensorUnavailableError, match="no zone") as caught:
            survey_zones(root)
        assert "--meter model" in caught.value.remedy


def test_zones_without_a_package_are_no_meter(tmp_path: Path) -> None:
    add_zone(tmp_path, "intel-rapl:0", "psys")
    with pytest.raises(SensorUnavailableError, match="only psys"):
        survey_zones(tmp_path)


@pytest.mark.parametrize(
    ("name", "shown"), [("", "sense: ''"), ("\x1b[31mred", r"sense: '\\x1b\[31m")]
)
def test_a_name_that_a_terminal_would_not_show_is_spelled_out(
    tmp_path: Path, name: str, shown: str
) -> None:
    add_zone(tmp_path, "intel-rapl:0", name)
    with pytest.raises(MeasurementError, match=shown) as caught:
        survey_zones(tmp_path)
    # It is there and makes no sense: no reason for `auto` to fall back to the model in silence.
    assert not isinstance(caught.value, SensorUnavailableError)


@pytest.mark.parametrize(
    "content",
    ["", "-5", "12.5", "many", "٣", "0x10", f"{RANGE + 1}", "9" * 5_000, "1\n2", "\xff", "\x1c5",
     "5" + " " * 5_000 + "9"],
)  # fmt: skip
def test_a_counter_that_is_no_number_in_its_range_names_the_zone(
    tmp_path: Path, content: str
) -> None:
    add_zone(tmp_path, "intel-rapl:0", "package-0").write_text(content)
    with pytest.raises(MeasurementError, match=r"zone package-0: .*energy_uj") as caught:
        survey_zones(tmp_path)
    assert not isinstance(caught.value, SensorUnavailableError)
    assert caught.value.remedy


@pytest.mark.parametrize(
    "content", ["", "0", "1", "9999999", "-1", "none", str(2**64), "9" * 400, "9" * 5_000]
)
def test_a_range_that_cannot_be_names_the_zone(tmp_path: Path, content: str) -> None:
    add_zone(tmp_path, "intel-rapl:0", "package-0")
    (tmp_path / "intel-rapl:0/max_energy_range_uj").write_text(content)
    with pytest.raises(MeasurementError, match=r"zone package-0: .*max_energy_range_uj"):
        survey_zones(tmp_path)


@pytest.mark.parametrize("file", ["name", "energy_uj", "max_energy_range_uj"])
def test_a_file_that_is_missing_is_named(tmp_path: Path, file: str) -> None:
    add_zone(tmp_path, "intel-rapl:0", "package-0")
    (tmp_path / "intel-rapl:0" / file).unlink()
    with pytest.raises(MeasurementError, match=rf"{file}: cannot be read: No such file"):
        survey_zones(tmp_path)


def test_a_counter_that_only_root_may_read_comes_with_the_way_to_open_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_zone(tmp_path, "intel-rapl:0", "package-0")
    monkeypatch.setenv("HARNESS_POWERCAP_ROOT", str(tmp_path))
    openfile = os.open

    def refuse_counters(path: Path, flags: int) -> int:
        if path.name == "energy_uj":  # root, who may run the tests, is refused nothing
            raise PermissionError(13, "Permission denied")
        return openfile(path, flags)

    monkeypatch.setattr(os, "open", refuse_counters)
    with pytest.raises(SensorUnavailableError, match=r"package-0: .*permission denied") as caught:
        survey_zones(tmp_path)
    assert f"chmod o+r {tmp_path}/intel-rapl*:*/energy_uj" in caught.value.remedy
    assert 'SUBSYSTEM=="powercap"' in caught.value.remedy


def left_out(root: Path) -> list[str]:
    return [str(each) for each in survey_zones(root).left_out]


def test_the_second_door_to_a_package_of_dies_is_no_other_package(tmp_path: Path) -> None:
    add_zone(tmp_path, "intel-rapl-mmio:0", "package-0", energy=5)
    add_zone(tmp_path, "intel-rapl:0", "package-0-die-0", energy=7)
    add_zone(tmp_path, "intel-rapl:1", "package-0-die-1", energy=900)
    assert names(tmp_path) == ["package-0-die-0", "package-0-die-1"]
    assert left_out(tmp_path) == ["package-0 (intel-rapl-mmio:0: another door to package-0-die-0)"]


def test_a_die_is_not_billed_beside_the_package_that_it_lies_in(tmp_path: Path) -> None:
    add_zone(tmp_path, "intel-rapl:0", "package-0", energy=900)
    add_zone(tmp_path, "intel-rapl:1", "package-0-die-1", energy=7)
    assert names(tmp_path) == ["package-0"]
    assert left_out(tmp_path) == ["package-0-die-1 (intel-rapl:1: overlaps package-0)"]


def test_packages_that_mirror_one_counter_while_it_counts_are_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_zone(tmp_path, "intel-rapl:0", "package-0", energy=10**9)
    add_zone(tmp_path, "intel-rapl:1", "package-1", energy=10**9)
    reads = 0

    def one_counter(path: Path, zone: str) -> str:
        nonlocal reads
        if path.name != "energy_uj":
            return _text(path, zone)
        reads += 1
        return str(10**9 + reads // 7 * 61)

    _text = powercap._text
    monkeypatch.setattr(powercap, "_text", one_counter)
    assert names(tmp_path) == ["package-0"]
    assert left_out(tmp_path) == ["package-1 (shows the counter of package-0)"]


def test_packages_that_part_while_they_count_are_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_zone(tmp_path, "intel-rapl:0", "package-0", energy=10**9)
    add_zone(tmp_path, "intel-rapl:1", "package-1", energy=10**9 + 61)
    monkeypatch.setattr(powercap, "_text", LiveZones())
    assert names(tmp_path) == ["package-0", "package-1"]


def test_a_wrap_amid_the_comparison_does_not_hide_a_mirror(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for die in (0, 1):
        add_zone(tmp_path, f"intel-rapl:{die}", f"package-0-die-{die}")
    shown = iter([5, RANGE - 1, RANGE - 1, 3, 3, 3, 4, 4])
    counter = 0

    def one_counter(path: Path, zone: str) -> str:
        nonlocal counter
        if path.name != "energy_uj":
            return _text(path, zone)
        counter = next(shown, counter)
        return str(counter)

    _text = powercap._text
    monkeypatch.setattr(powercap, "_text", one_counter)
    assert names(tmp_path) == ["package-0-die-0"]


def test_zones_that_are_known_to_lie_inside_or_around_are_left_out_without_a_word(
    tmp_path: Path,
) -> None:
    add_zone(tmp_path, "intel-rapl:0", "package-0", energy=5)
    add_zone(tmp_path, "intel-rapl:0:0", "core")
    add_zone(tmp_path, "intel-rapl:1", "psys")
    assert left_out(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["turbine", "package", "package-x", "dram2", "PSYS", "", "x" * 900]
)
def test_a_zone_of_an_unknown_name_is_not_billed_but_named(tmp_path: Path, name: str) -> None:
    add_zone(tmp_path, "intel-rapl:0", "package-0", energy=5)
    add_zone(tmp_path, "intel-rapl:0:0", name)
    assert names(tmp_path) == ["package-0"]
    assert left_out(tmp_path) == [f"{name[:40]!r} (intel-rapl:0:0: not a known name)"]


def test_zones_that_a_container_hides_are_told_from_none_at_all(tmp_path: Path) -> None:
    (tmp_path / "intel-rapl:0").symlink_to(tmp_path / "masked")
    with pytest.raises(
        SensorUnavailableError, match=r"intel-rapl:0 listed, but leading nowhere"
    ) as e:
        survey_zones(tmp_path)
    assert "container" in e.value.remedy


def test_a_folder_that_may_not_be_listed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_zone(tmp_path, "intel-rapl:0", "package-0", energy=5)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may list anything
    with pytest.raises(SensorUnavailableError, match="permission denied") as caught:
        survey_zones(tmp_path)
    assert "chmod o+rx" in caught.value.remedy


def test_a_file_that_never_answers_does_not_block(tmp_path: Path) -> None:
    counter = add_zone(tmp_path, "intel-rapl:0", "package-0", energy=5)
    counter.unlink()
    os.mkfifo(counter)
    with pytest.raises(MeasurementError, match=r"zone package-0: .*energy_uj"):
        survey_zones(tmp_path)


@given(
    file=st.sampled_from(["name", "energy_uj", "max_energy_range_uj"]),
    folder=st.sampled_from(["intel-rapl:0", "intel-rapl:0:0", "intel-rapl-mmio:0"]),
    content=st.one_of(
        st.binary(max_size=60), st.integers(-(2**70), 2**70).map(lambda n: b"%d" % n)
    ),
)
def test_whatever_a_file_holds_is_billed_or_explained(
    tmp_path_factory: pytest.TempPathFactory, file: str, folder: str, content: bytes
) -> None:
    root = tmp_path_factory.mktemp("powercap")
    add_zone(root, "intel-rapl:0", "package-0", energy=5)
    add_zone(root, "intel-rapl:0:0", "dram", energy=6)
    add_zone(root, "intel-rapl-mmio:0", "package-0", energy=7)
    (root / folder / file).write_bytes(content)
    explained: MeasurementError | None = None
    try:
        found = survey_zones(root)
    except MeasurementError as error:
        explained = error
    if explained is not None:
        assert "RAPL" in explained.message
        assert explained.remedy
        return
    packages = [zone.counter.parent.name for zone in found.billed if zone.component == "package"]
    assert len(packages) == 1 or b"package" in content
    assert all(each.name and each.why for each in found.left_out)


@given(
    st.lists(
        st.sampled_from(
            ["package-0", "package-1", "package-0-die-0", "psys", "core", "uncore", "dram", "npu"]
        ),
        max_size=8,
    )
)
def test_no_name_is_billed_twice_and_nothing_that_lies_in_another(
    tmp_path_factory: pytest.TempPathFactory, listed: list[str]
) -> None:
    root = tmp_path_factory.mktemp("powercap")
    for index, name in enumerate(["package-0", *listed]):
        add_zone(root, f"intel-rapl:{index}", name, energy=10**6 + 7_000 * index)
    billed = names(root)
    assert len(billed) == len(set(billed))
    assert set(billed) <= {"package-0", "package-1", "package-0-die-0", "dram"}
    assert set(billed) >= {"package-0"}
    assert "package-0-die-0" not in billed  # it lies in package-0
    assert len([each for each in left_out(root) if "'npu'" in each]) == listed.count("npu")
