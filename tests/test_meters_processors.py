"""Where the CPU-time model's constants come from, and which name is which processor."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigurationError
from harness.meters import processors
from harness.meters.processors import constants_for, count_cores, plain_name
from harness.meters.protocol import Surroundings

TABLE = """Name,TDP
AMD EPYC 7763,280.0
AMD EPYC 7R32,
Intel Celeron 1200,29.32.9
Intel Atom E665CT,7.0
Intel Atom\N{NO-BREAK SPACE}E665CT,3.6
Intel Core 2 Duo E8400,65
Intel Core i7-12700K,190.0
Intel Xeon,1.0
Intel Xeon E3-1230 v2,69.0
Intel Xeon E5-2686 v4,145
Intel Xeon Platinum 8375C,300.0
Intel Xeon Minus,-5
AMD Ryzen 7 7840U,28.0
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "cpu_power.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def machine(**changes: Any) -> Surroundings:  # noqa: ANN401 - any field
    fields: dict[str, Any] = {
        "cores": 4, "machine_cores": 128, "processor": "AMD EPYC 7763 64-Core Processor",
        "sockets": 1, "physical_cores": 64,
    }  # fmt: skip
    return Surroundings(**fields | changes)


STATED = {"core_watts": 6.5, "idle_watts": 90.0, "relative_uncertainty": 0.4}


def test_what_the_profile_states_comes_before_the_table(table: Path) -> None:
    found = constants_for(machine(constants=STATED, constants_source="a laboratory, 2026"), table)
    assert (found.core_watts, found.idle_watts, found.relative_uncertainty) == (6.5, 90.0, 0.4)
    assert found.source == "stated by a laboratory, 2026"


@pytest.mark.parametrize("name", STATED)
@pytest.mark.parametrize("value", [None, -1.0, float("nan"), float("inf")])
def test_a_stated_constant_that_cannot_be_multiplied_with_is_named(
    name: str, value: float | None
) -> None:
    constants = {k: v for k, v in STATED.items() if k != name}
    if value is not None:
        constants[name] = value
    with pytest.raises(ConfigurationError, match=rf"profile x: {name}: ") as caught:
        constants_for(machine(constants=constants, constants_source="profile x"))
    assert name in caught.value.remedy


def test_a_core_that_draws_nothing_is_refused_and_an_idle_of_nothing_is_not() -> None:
    assert constants_for(machine(constants=STATED | {"idle_watts": 0.0})).idle_watts == 0
    with pytest.raises(ConfigurationError, match="core_watts: found 0"):
        constants_for(machine(constants=STATED | {"core_watts": 0.0}))


def test_a_known_processor_shares_its_design_power_out_to_its_cores(table: Path) -> None:
    found = constants_for(machine(), table)
    assert found.idle_watts == pytest.approx(28.0)
    assert found.core_watts * 64 + found.idle_watts == pytest.approx(280.0)
    assert "280 W" in found.source
    assert "codecarbon" in found.source


def test_two_processors_have_twice_the_power_and_twice_the_cores(table: Path) -> None:
    one = constants_for(machine(), table)
    two = constants_for(machine(sockets=2, physical_cores=128), table)
    assert two.core_watts == pytest.approx(one.core_watts)
    assert two.idle_watts == pytest.approx(2 * one.idle_watts)
    assert "2 x 280 W" in two.source


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"virtual": True}, "a guest has some of the cores"),
        ({"sockets": 0, "physical_cores": 0}, "does not say how many cores"),
        ({"processor": "Intel(R) Xeon(R) Platinum 8488C"}, "does not know"),
        ({"processor": "AMD EPYC"}, "does not know"),
        ({"processor": ""}, "does not know"),
    ],
)
def test_where_the_table_is_of_no_use_the_default_says_why(
    table: Path, changes: dict[str, Any], why: str
) -> None:
    found = constants_for(machine(**changes), table)
    assert found.core_watts == 4.0
    assert found.idle_watts == pytest.approx(0.1 * 4.0 * 128)
    assert found.source.startswith("default, for ")
    assert why in found.source
    assert found.relative_uncertainty > constants_for(machine(), table).relative_uncertainty


def test_without_codecarbon_or_its_table_it_is_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "cannot be read" in constants_for(machine(), tmp_path / "none.csv").source
    monkeypatch.setattr(processors, "_packaged_table", lambda: None)
    assert "not installed" in constants_for(machine()).source


def test_the_installed_table_is_read_without_importing_codecarbon() -> None:
    code = (
        "import sys; from harness.meters.processors import constants_for as c; "
        "from harness.meters.protocol import Surroundings as S; "
        "print(c(S(1, 64, 'AMD EPYC 7763 64-Core Processor', 1, 64)).core_watts, "
        "'codecarbon' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["3.9375", "False"]


@pytest.mark.parametrize(
    ("seen", "watts"),
    [
        ("Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz", 300),
        ("Intel(R) Xeon(R) CPU E5-2686 v4 @ 2.30GHz", 145),
        ("Intel(R) Xeon(R) CPU E3-1230 V2 @ 3.30GHz", 69),
        ("12th Gen Intel(R) Core(TM) i7-12700K", 190),
        ("Intel(R) Core(TM)2 Duo CPU     E8400  @ 3.00GHz", 65),
        ("AMD EPYC 7763 64-Core Processor", 280),
        ("AMD Ryzen 7 7840U w/ Radeon  780M Graphics", 28),
        ("AMD Ryzen 7 PRO 7840U w/ Radeon 780M Graphics", None),  # another part
        ("Intel(R) Core(TM) i7-12700 CPU", None),
        ("Intel(R) Xeon(R) Platinum 8488C CPU @ 2.40GHz", None),
        ("AMD EPYC 7R32", None),  # without a figure
        ("Intel(R) Celeron(R) CPU 1200", None),  # with one that is no number
        ("Intel Xeon Minus 1", None),
        ("Intel Atom E665CT", None),  # twice, with two figures
        ("Intel(R) Xeon(R) CPU @ 2.20GHz", None),  # what a hypervisor calls any part
        ("Intel Xeon Processor (Skylake, IBRS)", None),
        ("AMD EPYC-Rome Processor", None),
        ("QEMU Virtual CPU version 2.5+", None),
        ("Arm implementer 0x41 part 0xd0c", None),
    ],
)
def test_names_as_the_kernel_gives_them(table: Path, seen: str, watts: float | None) -> None:
    assert processors._look_up(table, seen) == watts


@given(st.from_regex(r"[a-z]{2,8}( [a-z0-9-]{1,8}){0,4}", fullmatch=True), st.integers(1, 5000))
def test_decoration_makes_no_other_name(name: str, megahertz: int) -> None:
    plain = plain_name(name)
    assert plain_name(plain) == plain
    assert plain_name(f"{name.upper()}(R)  CPU @ {megahertz / 1000:.2f}GHz") == plain


def block(processor: int, socket: int, core: int) -> str:
    return f"processor\t: {processor}\nphysical id\t: {socket}\ncore id\t\t: {core}\n\n"


def test_threads_of_one_core_and_cores_of_two_processors_are_told_apart() -> None:
    text = "".join(block(i, i % 2, i // 4) for i in range(16))  # 2 processors, 4 cores, 2 threads
    assert count_cores(text) == (2, 8)
    assert count_cores(block(0, 0, 0)) == (1, 1)


@pytest.mark.parametrize("text", ["", "processor\t: 0\nCPU part\t: 0xd0c\n\n"])
def test_a_kernel_that_does_not_tell_cores_apart_gives_none(text: str) -> None:
    assert count_cores(text) == (0, 0)
