"""Folders that ``HARNESS_POWERCAP_ROOT`` may name, or that a kernel may show."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from fuzzing import Fuzz, Plan, Target, WronglyJudgedError, sweep
from meter_fakes import RANGE, LiveZones
from mutations import spoilt_bytes

from harness.errors import MeasurementError
from harness.meters import powercap, rapl

_FOLDERS = (
    "intel-rapl:0", "intel-rapl:0:0", "intel-rapl:0:1", "intel-rapl:1", "intel-rapl:1:0",
    "intel-rapl:2", "intel-rapl:10", "intel-rapl-mmio:0", "intel-rapl-mmio:0:0",
    "intel-rapl", "intel-rapl:", "intel-rapl:x", "intel-rapl:٣", "intel-rapl:0\n", "intel-rapl:00",
    "intel-rapl:0:0:0", "intel-rapl:" + "9" * 200, "dtpm", "INTEL-RAPL:0", "intel-rapl:-1",
)  # fmt: skip
_NAMES = (
    b"package-0", b"package-0", b"package-1", b"package-0-die-0", b"package-0-die-1", b"dram",
    b"dram", b"core", b"uncore", b"psys", b"package", b"package-x", b"package-0 ", b"", b"\0",
    b"\x1b[2J", b"\xff\xfe", b"package-\xd9\xa3", b"Package-0", b"package-0\npackage-1",
    b"p" * 9_000,
    b"package-" + b"1" * 300, b"package--1",
)  # fmt: skip
_NUMBERS = (
    b"0", b"1", b"-1", b"9999999", b"10000000", b"262143328850", b"262143328851",
    b"18446744073709551615",
    b"18446744073709551616", b"9" * 4_301, b"", b" ", b"\n", b"12.5", b"1e6", b"0x10", b"1_000",
    b"+5", b"\xd9\xa3", b"5\n6", b"5 6", b"\x1c5", b"5\0", b"nan", b" 7\t\n", b"007",
    b"0" * 30 + b"1",
    b"5" + b" " * 4_095 + b"9", b"5" + b" " * 5_000,
)  # fmt: skip
_SPACE = b" \t\n\r\x0b\x0c"
_LEAST_RANGE = 10_000_000
_PAGE_BYTES = 4_096


@dataclass(frozen=True)
class Tree:
    """Files by path, links, and paths that are something else altogether."""

    files: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    """``folder`` or ``pipe`` by path."""


def make(rng: Random) -> Tree:
    tree = Tree()
    energies = [b"%d" % rng.randrange(RANGE) for _ in range(2)]
    for number in range(rng.choice((0, 1, 1, 2, 2, 3, 5))):
        usual = rng.random() < 0.8
        name = _FOLDERS[number] if usual else rng.choice(_FOLDERS)
        parent = rng.choice(("", "", "", "intel-rapl/", f"{_FOLDERS[0]}/", "a/b/c/"))
        content = {
            "name": _NAMES[(0, 5, 7, 2, 5)[number]] if usual else rng.choice(_NAMES),
            "energy_uj": rng.choice(energies) if rng.random() < 0.8 else rng.choice(_NUMBERS),
            "max_energy_range_uj": b"%d" % RANGE if rng.random() < 0.9 else rng.choice(_NUMBERS),
        }
        for file, text in content.items():
            _put(tree, f"{parent}{name}/{file}", text + rng.choice((b"\n", b"\n", b"")), rng)
    if rng.random() < 0.1:
        link = rng.choice(_FOLDERS[:8])
        tree.links[link] = rng.choice((_FOLDERS[0], "nowhere", ".", link, "a/b/c", "/dev/null"))
    return tree


def _put(tree: Tree, path: str, content: bytes, rng: Random) -> None:
    way = rng.randrange(60)
    if way == 0:
        return  # the file is not there
    if way == 1:
        tree.others[path] = rng.choice(("folder", "pipe"))
    elif way == 2:
        tree.links[path] = rng.choice(("/dev/null", "/dev/zero", "nowhere", "name", "/"))
    else:
        spoilt = rng.random() < 0.05
        tree.files[path] = spoilt_bytes(content, rng, (*_NUMBERS, *_NAMES)) if spoilt else content


def write(tree: Tree, root: Path) -> None:
    """Write what can be written: where a path is taken, the first comer stays."""
    for path, content in tree.files.items():
        if (at := _free(root / path)) is not None:
            at.write_bytes(content)
    for path, kind in tree.others.items():
        if (at := _free(root / path)) is not None:
            at.mkdir() if kind == "folder" else os.mkfifo(at)
    for path, to in tree.links.items():
        if (at := _free(root / path)) is not None:
            at.symlink_to(to)


def _free(path: Path) -> Path | None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return None if os.path.lexists(path) else path


@dataclass(frozen=True)
class Read:
    """One zone, as the oracle reads it."""

    folder: str
    name: str
    parent: str
    """The name of the zone that it lies in by its number, if there is one."""
    energy: int | None
    range: int | None

    @property
    def identity(self) -> str | None:
        """What may be billed; ``None`` for what may not."""
        if re.fullmatch(r"package-[0-9]+(-die-[0-9]+)?", self.name):
            return self.name
        if self.name == "dram":
            return f"{self.parent}/dram" if self.parent else "dram"
        return None

    @property
    def is_sound(self) -> bool:
        """Whether both numbers are there, and go together."""
        if self.energy is None or self.range is None:
            return False
        return _LEAST_RANGE <= self.range < 2**64 and self.energy <= self.range


def oracle(root: Path) -> tuple[Read, ...] | None:
    """Read the zones below a folder; ``None`` where one leads nowhere or has no name to read."""
    found: dict[str, Path] = {}
    lost: set[str] = set()
    for depth in ("", "*", "*/*"):
        for folder in root.glob(f"{depth}/*" if depth else "*"):
            if re.fullmatch(r"intel-rapl(-mmio)?(:[0-9]+)+", folder.name):
                if os.path.exists(folder):  # noqa: PTH110 - Path.exists raises on a loop
                    found.setdefault(folder.name, folder)
                else:
                    lost.add(folder.name)
    if lost - found.keys():
        return None
    names = {folder: _content(path / "name") for folder, path in found.items()}
    if None in names.values():
        return None
    texts = {folder: (name or b"").decode("ascii", "replace") for folder, name in names.items()}
    return tuple(
        Read(
            folder,
            texts[folder],
            texts.get(folder.rpartition(":")[0], ""),
            _whole(_content(path / "energy_uj")),
            _whole(_content(path / "max_energy_range_uj")),
        )
        for folder, path in found.items()
    )


def _content(path: Path) -> bytes | None:
    if path.is_dir() or not path.exists():
        return None
    if not path.is_file():  # a pipe says nothing, and so does /dev/null; /dev/zero does not end
        return None if path.is_char_device() and path.resolve().name == "zero" else b""
    content = path.read_bytes()
    return None if len(content) >= _PAGE_BYTES else content.strip(_SPACE)


def _whole(text: bytes | None) -> int | None:
    return int(text) if text and re.fullmatch(rb"[0-9]{1,20}", text) else None


def judge_in(root: Path) -> str:
    """Judge the tree that lies there."""
    expected = oracle(root)
    try:
        zones = powercap.survey_zones(root)
    except MeasurementError as error:
        if not error.remedy:
            raise WronglyJudgedError("no remedy") from None
        if expected is not None and all(zone.is_sound for zone in expected):
            packages = {zone.identity for zone in expected if zone.name.startswith("package-")}
            if packages - {None}:
                raise WronglyJudgedError(f"refused: {error.message}") from None
        return "refused"
    if expected is None:
        raise WronglyJudgedError("a zone leads nowhere, or has no name")
    _require_right(zones, {zone.folder: zone for zone in expected})
    return "billed"


def _require_right(zones: powercap.Zones, expected: dict[str, Read]) -> None:
    billed = [expected[zone.counter.parent.name] for zone in zones.billed]
    for zone, read in zip(zones.billed, billed, strict=True):
        if not read.is_sound or zone.name != read.identity or zone.range_microjoules != read.range:
            raise WronglyJudgedError(f"billed {zone}, which is {read}")
    names = [zone.name for zone in zones.billed]
    if len(set(names)) < len(names) or not any(
        zone.component == "package" for zone in zones.billed
    ):
        raise WronglyJudgedError(f"billed are {names}")
    for name in names:
        if "-die-" in name and re.sub(r"-die-[0-9]+", "", name) in names:
            raise WronglyJudgedError(f"{name} lies in what is billed, too")
    said = " ".join(map(str, zones.left_out))
    for read in expected.values():
        if read not in billed and read.name not in {"core", "uncore", "psys"}:
            shown = read.identity if read.identity and f"{read.identity} (" in said else read.folder
            if shown not in said:
                raise WronglyJudgedError(f"{read} is left out unsaid: {said}")
    if not said.isprintable():
        raise WronglyJudgedError(f"not fit to be shown: {said!r}")


class Ticking:
    """A clock that moves whenever it is looked at."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.000_1
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target[Tree]:
    # Packages whose counters stand at one value are watched for this long: here nothing moves.
    monkeypatch.setattr(powercap, "_LONGEST_STANDSTILL_SECONDS", 0.0)
    root = tmp_path / "powercap"
    monkeypatch.setenv(powercap.ROOT_VARIABLE, str(root))
    text = powercap._text

    def judge(tree: Tree) -> str:
        root.mkdir()
        try:
            write(tree, root)
            said = judge_in(root)
            if said == "billed":
                monkeypatch.setattr(powercap, "_text", LiveZones())
                require_simulated()
            return said
        finally:
            monkeypatch.setattr(powercap, "_text", text)
            shutil.rmtree(root)

    return Target("power-cap folders", make, judge, frozenset({"billed", "refused"}))


def require_simulated() -> None:
    """Open the meter on counters that move; whatever it finds is no measurement."""
    clock = Ticking()
    try:
        sources, _ = rapl.find_sources(clock=clock, sleep=clock.sleep)
    except MeasurementError:
        return  # a counter that is about to leave its range
    if not sources or any(source.describe().grade != "simulated" for source in sources):
        raise WronglyJudgedError(f"{[source.describe() for source in sources]}")


def test_no_folder_is_misread(target: Target[Tree], fuzz: Fuzz) -> None:
    fuzz(target)


def test_a_meter_that_bills_what_lies_inside_a_package_is_found(
    target: Target[Tree], monkeypatch: pytest.MonkeyPatch
) -> None:
    def anything(folder: Path, names: dict[str, str]) -> tuple[str, str]:
        return names[folder.name], "package"

    monkeypatch.setattr(powercap, "_identity", anything)
    assert sweep(target, Plan(cases=100)).failures
