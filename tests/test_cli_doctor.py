"""What ``doctor`` sees of the idle machine, its disks, its settings and its profiles."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from notice_codes import codes_in
from profile_samples import HARDWARE, hardware
from projects import write_project
from record_samples import RULES, SOURCE
from typer.testing import CliRunner

from harness.cli.app import app
from harness.cli.diagnosing import cautions, diagnosis, disk, idle
from harness.cli.diagnosing.disk import Disk, look_at
from harness.cli.diagnosing.idle import Busy, Idle, watch_idle
from harness.cli.diagnosing.rows import print_diagnosis
from harness.cli.evaluating.profiles import Machine, ProfileStatus, statuses
from harness.meters.disturbance import DisturbanceWatch
from harness.meters.replay import Replay, Trace
from harness.meters.select import NOT_LOOKED_FOR, SourceStatus
from harness.meters.sources import SourceMeter
from harness.records.evaluation import Enforcers, Isolation, IsolationCheck
from harness.records.profile import HardwareProfile, Match
from harness.records.session import Disturbance

ROOT = Path(__file__).parents[1]
QUIET = Idle(
    seconds=2.5,
    meter="rapl",
    meter_grade="sensor",
    watts=(10.0, 10.1, 9.9, 10.0, 10.0),
    mean_watts=10.0,
    spread_watts=0.07,
    other_share=0.001,
    steal_share=0.0,
    run_queue_share=0.01,
    frequency_megahertz=2400.0,
    throttle_events=0,
    busiest=(),
)
PLENTY = Disk(folder="/somewhere", free_bytes=1 << 40, file_system="ext4", write_seconds=0.01)
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
print(child.pid, flush=True)
child.wait()
"""


class Probed:
    """A sandbox of which only the probe is asked."""

    def probe(self, cores: tuple[int, ...] | None = None) -> Isolation:
        return Isolation(grade="B", method=f"pinned to {cores}", checks=())


def steady(watts: float) -> SourceMeter:
    """Return a meter that reads ``watts``."""
    return SourceMeter("replay", [Replay(Trace(watts=((1.0, watts),)))])


def codes(found: Any) -> list[str]:  # noqa: ANN401 - an iterator of notices
    notices = list(found)
    assert all(notice.message and notice.remedy for notice in notices)
    return [notice.code for notice in notices]


def test_the_idle_window_has_power_and_its_spread() -> None:
    seen = watch_idle(steady(7.0), 0.05, cores=2)

    assert len(seen.watts) == idle.WINDOWS
    assert seen.mean_watts == pytest.approx(7.0)
    assert seen.spread_watts == pytest.approx(0.0, abs=1e-6)
    assert seen.seconds >= 0.05
    assert (seen.meter, seen.meter_grade) == ("replay", "simulated")
    assert seen.other_share >= 0


def test_no_share_of_the_machine_is_more_than_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Crowded(DisturbanceWatch):
        def mark(self) -> Disturbance:
            return replace(
                super().mark(), other_cpu_seconds=9e9, steal_seconds=9e9, run_queue_seconds=9e9
            )

    monkeypatch.setattr(idle, "DisturbanceWatch", Crowded)
    seen = watch_idle(steady(1.0), 0.01, cores=2)
    assert seen.other_share == seen.steal_share == seen.run_queue_share == 1.0


def test_who_runs_meanwhile_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "_SHOWN_PROCESSES", 1000)  # others may be busy here
    # A grandchild: a child would be the harness's own.
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    try:
        busiest = watch_idle(steady(1.0), 0.5, cores=1).busiest
    finally:
        os.kill(child, signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
    shares = {each.pid: each.core_share for each in busiest}
    assert child in shares
    assert parent.pid not in shares
    assert min(shares.values()) >= 0.01


def used(name: str, parent: int, seconds: float) -> idle._Used:
    return idle._Used(name, parent, seconds)


def test_a_parent_is_not_billed_for_what_its_child_had_used_before() -> None:
    before = {
        (10, 0.0): used("shell", 1, 5.0),
        (11, 0.0): used("make", 10, 1.0),
        (12, 0.0): used("compiler", 11, 100.0),
    }
    after = {(10, 0.0): used("shell", 1, 5.0 + 1.0 + 100.0 + 0.5)}

    assert idle._busiest(before, after, 1.0) == (Busy(pid=10, name="shell", core_share=0.5),)


def test_three_are_named_and_none_that_hardly_ran() -> None:
    after = {(pid, 0.0): used(f"p{pid}", 1, pid / 100) for pid in range(100, 106)}
    before = {key: replace_seconds(value, 1.0) for key, value in after.items()}
    assert [each.name for each in idle._busiest({}, after, 1.0)] == ["p105", "p104", "p103"]
    assert [each.name for each in idle._busiest(before, after, 1.0)] == ["p105", "p104", "p103"]
    assert idle._busiest(after, after, 1.0) == ()


def replace_seconds(process: idle._Used, seconds: float) -> idle._Used:
    return process._replace(cpu_seconds=seconds)


def test_a_pid_that_was_given_anew_is_another_process() -> None:
    before = {(10, 0.0): used("old", 1, 50.0)}
    after = {(10, 9.0): used("new", 1, 0.4)}
    assert idle._busiest(before, after, 1.0) == (Busy(pid=10, name="new", core_share=0.4),)


def test_a_quiet_machine_gives_no_cause() -> None:
    assert codes(cautions.about_the_machine(HARDWARE)) == []
    assert codes(cautions.about_the_idle_window(QUIET, RULES)) == []
    assert codes(cautions.about_the_disks(PLENTY, PLENTY)) == []
    assert codes(cautions.about_the_profiles(())) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"governor": "powersave"}, ["governor"]),
        ({"governor": "performance, powersave"}, ["governor"]),
        ({"governor": None, "turbo": None}, []),
        ({"turbo": True}, ["turbo"]),
    ],
)
def test_a_clock_that_moves_is_told_with_its_command(
    changes: dict[str, Any], code: list[str]
) -> None:
    assert codes(cautions.about_the_machine(hardware(**changes))) == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"other_share": 0.5}, ["background-load"]),
        ({"steal_share": 0.5}, ["steal"]),
        ({"spread_watts": 2.0}, ["idle-noise"]),
        ({"throttle_events": 3}, ["throttled"]),
        ({"meter": "replay", "meter_grade": "simulated"}, ["stand-in-meter"]),
        ({"meter": "model", "meter_grade": "model"}, []),
        ({"throttle_events": None, "run_queue_share": None}, []),
    ],
)
def test_a_machine_that_is_not_quiet_is_told(changes: dict[str, Any], code: list[str]) -> None:
    assert codes(cautions.about_the_idle_window(replace(QUIET, **changes), RULES)) == code


def test_the_load_is_told_by_name() -> None:
    busy = (Busy(pid=7, name="evil\x1b[2J", core_share=0.9),)
    (notice,) = cautions.about_the_idle_window(
        replace(QUIET, other_share=0.45, busiest=busy), RULES
    )
    assert notice.message == (
        "other processes took 45.0% of the machine: evil\\x1b[2J (pid 7, 90% of a core)"
    )


@pytest.mark.parametrize(
    ("results", "temporary", "code"),
    [
        ({"file_system": "tmpfs"}, {}, ["results-in-memory"]),
        ({}, {"file_system": "tmpfs"}, []),
        ({"free_bytes": 1000}, {}, ["disk-full"]),
        ({}, {"file_system": "nfs4"}, ["remote-disk"]),
        ({}, {"write_seconds": 3.0}, ["slow-disk"]),
        ({}, {"write_seconds": None}, ["read-only-disk"]),
    ],
)
def test_a_disk_that_will_not_do_is_told(
    results: dict[str, Any], temporary: dict[str, Any], code: list[str]
) -> None:
    found = cautions.about_the_disks(replace(PLENTY, **results), replace(PLENTY, **temporary))
    assert codes(found) == code


def test_a_kernel_that_cannot_be_made_to_forget_is_told() -> None:
    assert codes(cautions.about_forgetting(None)) == []
    (notice,) = cautions.about_forgetting("/proc/sys/vm/drop_caches: Read-only file system")
    assert notice.code == "caches-kept"
    assert notice.message.endswith("/proc/sys/vm/drop_caches: Read-only file system")
    assert "as root" in notice.remedy


def test_a_folder_that_is_not_there_yet_lies_on_the_disk_above_it(tmp_path: Path) -> None:
    seen = look_at(tmp_path / "not" / "yet", write=True)

    assert seen.folder == str(tmp_path)
    assert seen.free_bytes > 0
    assert seen.file_system != ""
    assert seen.write_seconds is not None
    assert list(tmp_path.iterdir()) == []
    assert look_at(tmp_path).write_seconds is None


def test_a_disk_that_takes_nothing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise OSError

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    assert disk._write_seconds(Path()) is None


def test_profiles_are_set_beside_the_machine_the_closest_first() -> None:
    profiles = {
        "far": HardwareProfile(schema=1, match=Match(cores=9, processor="x")),
        "same": HardwareProfile(schema=1, match=Match(cores=4), entry_cores=(1,)),
        "near": HardwareProfile(schema=1, match=Match(cores=9)),
    }
    found = statuses(profiles, Machine(HARDWARE, (0, 1, 2, 3)))

    assert [(each.name, each.matches) for each in found] == [
        ("same", True), ("near", False), ("far", False),
    ]  # fmt: skip
    assert codes(cautions.about_the_profiles(found)) == []
    assert codes(cautions.about_the_profiles(found[1:])) == ["no-profile"]
    assert codes(cautions.about_the_profiles((found[0], found[0]))) == ["several-profiles"]


def test_what_the_rules_name_and_nobody_finds_is_told(tmp_path: Path) -> None:
    known = ["chainsaw", "climate-disinformation", "deforestation", "wildfire-smoke"]
    entries = Path(__file__).parents[1] / "submissions"
    assert codes(cautions.about_what_the_rules_name(RULES, known, entries)) == []
    (notice,) = cautions.about_what_the_rules_name(RULES, ["chain-saw"], entries)
    assert "[reference.chainsaw]: there is no task chainsaw (did you mean" in notice.message
    assert "[prizes.tasks.chainsaw]: there is no task chainsaw" in notice.message
    (notice,) = cautions.about_what_the_rules_name(RULES, known, tmp_path)
    assert "reference.deforestation.control: there is no entry deforestation-" in notice.message
    assert "no task" not in notice.message


def whole(**changes: Any) -> diagnosis.Diagnosis:  # noqa: ANN401 - any field
    """Make a diagnosis in which everything was found."""
    made = diagnosis.Diagnosis(
        harness_version="0.1.0",
        python_version="3.11",
        packages={"numpy": "2"},
        torch_extra={"torch": None},
        machine=HARDWARE,
        usable_cores=(0, 1, 2, 3),
        profiles=(
            ProfileStatus(name="bench-1", matches=True, differences=(), entry_cores=(2, 3)),
            statuses(
                {"bench-2": HardwareProfile(schema=1, match=Match(cores=9))},
                Machine(HARDWARE, (0, 1, 2, 3)),
            )[0],
        ),
        energy=(
            SourceStatus(name="rapl", found=True, detail="package-0", remedy="", sources=(SOURCE,)),
            SourceStatus(name="nvml", found=False, detail="no driver", remedy="install it"),
        ),
        idle=QUIET,
        isolation=None,
        official_isolation=("A", "B"),
        root="/project",
        rules_file="/project/leaderboard/rules.toml",
        rules_version="1",
        limits=RULES.limits,
        tasks=("toy",),
        results="/project/leaderboard/results",
        results_disk=PLENTY,
        temporary_disk=PLENTY,
        cautions=tuple(cautions.about_the_machine(hardware(turbo=True))),
        problems=(),
    )
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("share", "told"),
    [(0.05, "±5 %"), (0.999, "±99.9 %"), (1.0, "by up to a factor of 2"), (2.0, "a factor of 3")],
)
def test_no_energy_is_said_to_be_off_by_more_than_all_of_it(
    capsys: pytest.CaptureFixture[str], share: float, told: str
) -> None:
    source = replace(SOURCE, relative_uncertainty=share)
    status = SourceStatus(name="rapl", found=True, detail="", remedy="", sources=(source,))
    print_diagnosis(whole(energy=(status,)))

    (row,) = [line for line in capsys.readouterr().out.splitlines() if "refreshed every" in line]
    assert row.endswith(told)


def test_everything_is_on_the_screen_each_fault_with_its_remedy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_diagnosis(whole())

    shown = capsys.readouterr().out
    for fact in (
        "governor      performance", "turbo         off", "package-0 long_term 125 W",
        "gpu-0 700 W", "usable cores  0-3", "bench-1: matches, entries on cores 2-3",
        "bench-2: differs", "match.cores: expected 9, found 4", "rapl: yes",
        "package-0: refreshed every 1 ms, in steps of 100 µJ, ±5 %", "nvml: no, no driver",
        "fix: install it", "10.00 W by rapl, ±0.07 W over 5 parts", "background    0.1%",
        "steal         0.0%", "some task waited 1.0% of the time", "2,400 MHz",
        "0 times meanwhile", "1,024.0 GiB free, ext4", "1 MiB written through in 10 ms",
        "caution: turbo is on", "intel_pstate/no_turbo", "limits        wall time: start 30 s",
        "memory: 4,096 MiB",
    ):  # fmt: skip
        assert fact in shown, fact


def test_the_sandbox_is_on_the_screen_with_who_enforces_what(
    capsys: pytest.CaptureFixture[str],
) -> None:
    isolation = Isolation(
        grade="B", method="bubblewrap 0.8.0 + seccomp", tool="bubblewrap 0.8.0", kernel="6.18",
        namespaces=("user", "pid"), host_uid=61_100, seccomp_digest="abcd", landlock_abi=7,
        enforced_by=Enforcers(
            memory="watched by the harness", processes="control group, version 2 (pids.max)",
            cpu="counted by process tree; pinned to cores 1", disk="file systems of its own",
        ),
        checks=(
            IsolationCheck(name="files", held=True, seen="no such file"),
            IsolationCheck(
                name="enforced limits", held=False, seen="no control group", remedy="be root"
            ),
            IsolationCheck(name="signals", held=False, seen="may\x1b signal", remedy="do not"),
        ),
    )  # fmt: skip
    print_diagnosis(whole(isolation=isolation))

    shown = capsys.readouterr().out
    for fact in (
        "isolation     grade B, bubblewrap 0.8.0 + seccomp", "user          61100 of the host",
        "namespaces    user, pid", "filter        seccomp, SHA-256 abcd", "version 7",
        "memory        watched by the harness", "control group, version 2 (pids.max)",
        "pinned to cores 1", "disk          file systems of its own", "held          files",
        "open          enforced limits: no control group", "fix: be root", "fix: do not",
        "official      enough: the rules ask for A or B",
    ):  # fmt: skip
        assert fact in shown, fact
    assert "\x1b" not in shown


def test_meters_that_must_be_told_where_to_read_share_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asleep = tuple(
        SourceStatus(name=name, found=False, detail=NOT_LOOKED_FOR, remedy=f"use --meter {name}:X")
        for name in ("shelly", "replay")
    )
    print_diagnosis(whole(energy=(*whole().energy, *asleep)))

    lines = capsys.readouterr().out.splitlines()
    (line,) = (line for line in lines if NOT_LOOKED_FOR in line)
    assert line.endswith(": --meter shelly:X, --meter replay:X")


def test_on_a_terminal_long_rows_wrap_beside_their_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    long = {f"package-{number}": "1.0" for number in range(20)}
    print_diagnosis(whole(packages=long))

    rows = capsys.readouterr().out.split("torch ")[0].splitlines()[1:]
    assert len(rows) > 2
    assert all(len(row) <= 60 for row in rows)
    assert all(row.startswith(" " * 14) for row in rows[1:])


def test_what_is_not_known_is_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    bare = hardware(governor=None, turbo=None, power_limits_watts={}, accelerators=())
    dumb = replace(
        QUIET, meter_grade="model", run_queue_share=None, frequency_megahertz=None,
        throttle_events=None,
    )  # fmt: skip
    print_diagnosis(whole(machine=bare, idle=dumb, profiles=(), root=None, results_disk=None))

    shown = capsys.readouterr().out
    assert shown.count("this machine does not say") == 6
    assert "of noise it says nothing" in shown
    assert "none in the project: this machine goes by unregistered-12345678" in shown


def test_the_idle_window_is_measured_with_the_automatic_meter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def select(names: tuple[str, ...], _: object) -> SourceMeter:
        asked.append(names)
        return steady(3.0)

    monkeypatch.setattr(diagnosis, "choose", lambda *_: Probed())
    monkeypatch.setattr(diagnosis, "select", select)

    result = CliRunner().invoke(app, ["doctor", "--json", "--idle-seconds", "0.05"])

    document = json.loads(result.stdout)
    assert asked == [("auto",)]
    assert document["idle"]["mean_watts"] == pytest.approx(3.0)
    assert document["cautions"] is not None
    assert document["temporary_disk"]["write_seconds"] > 0


def test_the_sandbox_is_probed_as_the_matching_profile_pins_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    profiles = {"bench": HardwareProfile(schema=1, match=Match(), entry_cores=(0,))}
    monkeypatch.setattr(diagnosis, "read_profiles", lambda _: profiles)
    monkeypatch.setattr(diagnosis, "choose", lambda *_: Probed())
    monkeypatch.setattr(diagnosis, "this_machine", lambda: Machine(hardware(accelerators=()), (0,)))

    found = diagnosis.diagnose(0)

    assert found.isolation is not None
    assert found.isolation.method == "pinned to (0,)"


def test_a_faulty_profile_is_a_problem_and_hides_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "tasks").mkdir()
    folder = tmp_path / "leaderboard" / "hardware"
    folder.mkdir(parents=True)
    (folder.parent / "rules.toml").write_bytes((ROOT / "leaderboard" / "rules.toml").read_bytes())
    (folder / "bench.toml").write_text("schema = 1\ncolour = 1\n[match]\n")
    monkeypatch.setenv("HARNESS_ROOT", str(tmp_path))
    monkeypatch.setattr(diagnosis, "choose", lambda *_: Probed())

    found = diagnosis.diagnose(0)

    assert found.exit_code == 2
    assert [problem.message for problem in found.problems] == [
        f"{folder / 'bench.toml'}: colour: unknown key: known are schema, entry_cores, match, model"
    ]
    assert found.machine is not None


def test_results_that_cannot_be_kept_are_a_problem(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = write_project(tmp_path / "project")
    results = root / "leaderboard" / "results"
    monkeypatch.setenv("HARNESS_ROOT", str(root))
    monkeypatch.setattr(diagnosis, "choose", lambda *_: Probed())

    before = diagnosis.diagnose(0)
    assert not any(str(results) in problem.message for problem in before.problems)
    assert not results.exists()  # looking makes none

    results.write_text("a file")
    (problem,) = set(diagnosis.diagnose(0).problems) - set(before.problems)
    assert problem.exit_code == 3
    assert f"{results}: cannot be written: it is not a folder" in problem.message


def test_what_installs_a_package_names_this_environment_which_may_have_no_pip(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_diagnosis(whole())
    python = shlex.quote(sys.executable)
    assert f"fix: in the checkout: pip --python {python} install -e '.[torch]'" in (
        capsys.readouterr().out
    )


def test_every_caution_is_documented() -> None:
    source = Path(cautions.__file__).read_text(encoding="utf-8")
    page = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)
    assert set(codes_in(source, "Notice", {})) <= set(documented)
