"""The profile's file and what it is compared with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profile_samples import HARDWARE, WHOLE, hardware

from harness.errors import ConfigurationError
from harness.records.evaluation import Hardware
from harness.records.profile import HardwareProfile, core_list, differences
from harness.records.profile_file import (
    check_name,
    find_profiles,
    profile_text,
    read_profile,
    write_profile,
)

CORES = (0, 1, 2, 3)


def read(folder: Path, text: str, name: str = "bench") -> HardwareProfile:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return read_profile(path)


def faults(folder: Path, text: str) -> list[str]:
    """Return the faults of a file, each without the path that it must begin with."""
    with pytest.raises(ConfigurationError) as caught:
        read(folder, text)
    assert caught.value.remedy
    prefix = f"{folder / 'bench.toml'}: "
    lines = caught.value.message.split("\n")
    assert all(line.startswith(prefix) for line in lines), lines
    return [line.removeprefix(prefix) for line in lines]


def test_every_key_is_read(tmp_path: Path) -> None:
    profile = read(tmp_path, WHOLE)

    assert profile.entry_cores == (2, 3)
    assert profile.match.accelerators == ("NVIDIA H200", "NVIDIA H200")
    assert profile.match.turbo is False
    assert profile.match.power_limits_watts == {"package-0 long_term": 125.0, "gpu-0": 700.0}
    assert profile.model is not None
    assert (profile.model.core_watts, profile.model.idle_watts) == (4.5, 30.0)


def test_only_the_schema_and_a_table_are_needed(tmp_path: Path) -> None:
    profile = read(tmp_path, "schema = 1\n[match]\n")

    assert (profile.entry_cores, profile.model) == (None, None)
    assert differences(profile, HARDWARE, CORES) == ()


def test_a_profile_may_ask_for_one_of_several_machines_alike(tmp_path: Path) -> None:
    one, twin = "0123456789abcdef", "fedcba9876543210"
    profile = read(tmp_path, profile_text(HARDWARE, (1,), one))

    assert differences(profile, HARDWARE, CORES, one) == ()
    (only,) = differences(profile, HARDWARE, CORES, twin)
    assert str(only) == f"match.machine: expected {one}, found {twin}"
    (only,) = differences(profile, HARDWARE, CORES)
    assert only.found == "nothing: this machine does not say"
    before = read(tmp_path, profile_text(HARDWARE, (1,)))
    assert before.match.machine is None
    assert differences(before, HARDWARE, CORES, one) == ()


def test_the_digest_is_of_the_content_and_not_of_its_spelling(tmp_path: Path) -> None:
    first = read(tmp_path, WHOLE)
    same = read(tmp_path, WHOLE.replace("= 125\n", "= 125.0  # as on the label\n"))
    other = read(tmp_path, WHOLE.replace("= 125\n", "= 126\n"))

    assert first.digest == same.digest != other.digest


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("turbo", "trubo", "match.trubo: unknown key: did you mean turbo?"),
        ("[model]\n", "[model]\ncolour = 1\n", "model.colour: unknown key: known are core_watts"),
        ("entry_cores", "entry_core", "entry_core: unknown key: did you mean entry_cores?"),
        ("cores = 4", 'cores = "4"', "match.cores: Expected `int`, got `str`, found '4'"),
        ("[match]\n", '[match]\nmachine = "me"\n', "match.machine: Expected `str` matching"),
        ("cores = 4", "cores = 0", "match.cores: Expected `int` >= 1, found 0"),
        ("cores = 4", "cores = true", "match.cores: Expected `int`, got `bool`, found True"),
        ("turbo = false", 'turbo = "off"', "match.turbo: Expected `bool"),
        ('"6.1"', "6.1", "match.kernel_family: Expected `str"),
        ('"6.1"', '"6.1.0"', "match.kernel_family: Expected `str` matching regex"),
        ('"none"', '""', "match.hypervisor: Expected `str` of length >= 1"),
        ("= 125", "= -1", "match.power_limits_watts[...]: Expected `float` > 0.0"),
        ("= 125", "= inf", "match.power_limits_watts: is no finite number"),
        ("= 4.5", "= nan", "model.core_watts: Expected `float` > 0.0, found nan"),
        ("= 0.3", "= 0", "model.relative_uncertainty: Expected `float` > 0.0, found 0"),
        ("[2, 3]", "[]", "entry_cores: names no core"),
        ("[2, 3]", "[2, 2]", "entry_cores: names a core twice"),
        ("[2, 3]", "[2, -1]", "entry_cores[1]: Expected `int` >= 0"),
        ("[2, 3]", "3", "entry_cores: Expected `array"),
        ('source = "a', 'sourced = "a', "model.source: is missing"),
        ("schema = 1", "schema = 2", "schema: is 2, and this version reads schema 1"),
        ("schema = 1", "", "schema: is missing"),
    ],
)
def test_a_fault_is_named_with_its_field(tmp_path: Path, old: str, new: str, fault: str) -> None:
    assert old in WHOLE
    assert any(each.startswith(fault) for each in faults(tmp_path, WHOLE.replace(old, new, 1)))


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    text = """
schema = "1"
colour = "red"
entry_cores = ["a"]
model = 3
[match]
cores = 0
kind = 1
"""
    assert [each.partition(":")[0] for each in faults(tmp_path, text)] == [
        "schema",
        "colour",
        "entry_cores[0]",
        "match.cores",
        "match.kind",
        "model",
    ]


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    assert faults(tmp_path, "schema = 1\n") == ["match: is missing"]


@pytest.mark.parametrize(
    "content", [b"schema = ", b"\xff\xfe", b"a = 1\na = 2\n", b"x = " + b"[" * 5000]
)
def test_what_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bench.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"bench\.toml: not valid TOML"):
        read_profile(path)


def test_a_file_that_is_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "bench.toml").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_profile(tmp_path / "bench.toml")


def test_profiles_are_found_by_their_names(tmp_path: Path) -> None:
    assert find_profiles(tmp_path / "none") == ()
    for name in ("b-2.toml", "a.toml", "notes.txt"):
        (tmp_path / name).touch()
    assert find_profiles(tmp_path) == ("a", "b-2")
    (tmp_path / "B 3.toml").touch()
    with pytest.raises(ConfigurationError, match="'B 3' is no name of a profile"):
        find_profiles(tmp_path)


@pytest.mark.parametrize(
    "name", ["", "A", "a_b", "-a", "a-", "../a", "a/b", "a" * 64, "unregistered", "unregistered-1"]
)
def test_a_name_that_no_profile_can_have_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError):
        check_name(name, "here")


@pytest.mark.parametrize(
    ("changes", "field", "expected", "found"),
    [
        ({"processor": "Slow"}, "match.processor", "Fast Chip 9000", "Slow"),
        ({"cores": 8}, "match.cores", "4", "8"),
        ({"memory_gib": 15}, "match.memory_gib", "16", "15"),
        ({"accelerators": ()}, "match.accelerators", "NVIDIA H200, NVIDIA H200", "none"),
        ({"hypervisor": "KVM"}, "match.hypervisor", "none", "KVM"),
        ({"kernel": "6.12.3"}, "match.kernel_family", "6.1", "6.12"),
        ({"governor": "powersave"}, "match.governor", "performance", "powersave"),
        (
            {"governor": None},
            "match.governor",
            "performance",
            "nothing: this machine does not say",
        ),
        ({"turbo": True}, "match.turbo", "false", "true"),
        (
            {"power_limits_watts": {"package-0 long_term": 95.0, "gpu-0": 700.0}},
            'match.power_limits_watts."package-0 long_term"',
            "125 W",
            "95 W",
        ),
        (
            {"power_limits_watts": {"package-0 long_term": 125.0}},
            'match.power_limits_watts."gpu-0"',
            "700 W",
            "nothing: this machine does not say",
        ),
    ],
)
def test_a_difference_says_what_was_expected_and_found(
    tmp_path: Path, changes: dict[str, Any], field: str, expected: str, found: str
) -> None:
    (only,) = differences(read(tmp_path, WHOLE), hardware(**changes), CORES)

    assert (only.field, only.expected, only.found) == (field, expected, found)
    assert str(only) == f"{field}: expected {expected}, found {found}"


def test_every_difference_is_listed(tmp_path: Path) -> None:
    other = hardware(
        processor="x", cores=1, memory_gib=1, accelerators=(), hypervisor="y", kernel="5.4",
        governor=None, turbo=None, power_limits_watts={},
    )  # fmt: skip
    found = differences(read(tmp_path, WHOLE), other, (0, 1))

    assert len(found) == 11
    assert len({each.field for each in found}) == 11


def test_cores_that_do_not_exist_here_are_a_difference(tmp_path: Path) -> None:
    (only,) = differences(read(tmp_path, WHOLE), HARDWARE, (0, 1, 2))

    assert (only.field, only.expected) == ("entry_cores", "2-3")
    assert only.found == "usable are only 0-2"


def test_what_the_machine_has_beyond_the_profile_is_not_compared(tmp_path: Path) -> None:
    narrow = read(tmp_path, 'schema = 1\n[match]\nprocessor = "Fast Chip 9000"\n')
    assert differences(narrow, hardware(governor=None, memory_gib=999), CORES) == ()


def test_a_patch_of_the_kernel_is_the_same_family() -> None:
    assert hardware(kernel="6.1.0-99").kernel_family == "6.1"
    assert hardware(kernel="6.10.0").kernel_family == "6.10"
    assert hardware(kernel="odd").kernel_family == "odd"


text_of_a_machine = st.text(min_size=1, max_size=200).filter(lambda text: text.isprintable())


machines = st.builds(
    hardware,
    processor=text_of_a_machine,
    hypervisor=st.none() | text_of_a_machine,
    governor=st.none() | text_of_a_machine,
    turbo=st.none() | st.booleans(),
    accelerators=st.lists(text_of_a_machine, max_size=3).map(tuple),
    power_limits_watts=st.dictionaries(
        text_of_a_machine, st.floats(min_value=0.001, max_value=1e6), max_size=3
    ),
)


@given(machine=machines)
def test_what_is_written_of_a_machine_matches_it(
    tmp_path_factory: pytest.TempPathFactory, machine: Hardware
) -> None:
    path = write_profile(tmp_path_factory.mktemp("hw"), "bench", profile_text(machine, (1, 3)))
    profile = read_profile(path)

    assert differences(profile, machine, CORES) == ()
    assert profile.entry_cores == (1, 3)
    assert profile.model is None


def test_the_written_model_is_read_once_it_is_filled_in(tmp_path: Path) -> None:
    text = profile_text(HARDWARE, (1,))
    head, _, table = text.partition("# [model]")
    filled = "[model]" + table.replace("\n# ", "\n").replace("= 0.0", "= 0.5")
    filled = filled.replace('source = ""', 'source = "made up"')

    assert read(tmp_path, head + filled).model is not None


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = write_profile(tmp_path / "new", "bench", "first")
    with pytest.raises(ConfigurationError, match="exists already"):
        write_profile(tmp_path / "new", "bench", "second")
    assert path.read_text() == "first"


def test_a_place_that_takes_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "hardware").write_text("in the way")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_profile(tmp_path / "hardware", "bench", "text")


@pytest.mark.parametrize(
    ("cores", "spelled"), [((), ""), ((3,), "3"), ((0, 1, 2), "0-2"), ((8, 1, 0, 3), "0-1,3,8")]
)
def test_cores_are_spelled_as_the_kernel_does(cores: tuple[int, ...], spelled: str) -> None:
    assert core_list(cores) == spelled
