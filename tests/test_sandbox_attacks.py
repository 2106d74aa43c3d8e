"""Every attack of ``tests/attacks``, at every grade that this machine offers, with its wall and
without.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest
from attack_bench import Range, bare, offered
from attack_corpus import Attack, Expectation, Way, all_attacks, read_attack
from attack_host import lacking
from attack_outcome import seen, verdict_holds
from attack_table import PAGE, page

from harness.records.evaluation import IsolationGrade
from harness.sandbox.protocol import Sandbox

ATTACKS = all_attacks()
RUN = [attack for attack in ATTACKS if not attack.is_static]
STATIC = [attack for attack in ATTACKS if attack.is_static]


KINDS: dict[str, tuple[str, ...]] = {
    "labels from disk": ("read-labels",),
    "the parent's memory": ("read-parent-memory",),
    "its environment": ("read-parent-environment",),
    "its file descriptors": ("read-parent-descriptors", "inherited-descriptors"),
    "its command line": ("read-parent-command-line",),
    "ptrace": ("ptrace",),
    "signals to the parent": ("signal-parent", "limit-parent"),
    "network out": ("upload",),
    "loopback": ("loopback", "unix-socket", "netlink"),
    "abstract sockets": ("abstract-socket",),
    "vsock": ("vsock",),
    "io_uring": ("io-uring", "foreign-system-calls"),
    "user namespaces inside": ("user-namespace", "clone3"),
    "mounting": ("mount",),
    "writing outside": ("write-outside", "change-mode-outside", "kernel-settings"),
    "writing over its own folder": ("overwrite-itself",),
    "writing over the results": ("overwrite-record", "overwrite-meter"),
    "links": ("symbolic-link", "link-out", "hard-link", "hard-link-out", "named-pipe", "archive"),
    "fork bomb": ("fork-bomb",),
    "memory bomb": ("memory-heap", "memory-shared", "memory-dev-shm", "memory-memfd", "fill-file",
                    "memory-sockets", "memory-page-tables", "hide-from-watch"),
    "thread bomb": ("thread-bomb",),
    "disk filling": ("fill-disk",),
    "file-descriptor exhaustion": ("descriptors",),
    "stdout flood": ("flood-in-lines", "flood-in-one-line", "drip"),
    "terminal escape codes": ("escapes-on-stderr", "escapes-in-message"),
    "daemons": ("daemon",),
    "sleeping": (
        "sleep-at-import", "sleep-in-load", "sleep-in-warm-up", "sleep-when-measured",
        "refuse-to-end", "stop-itself",
    ),
    "busy-waiting after the last answer": ("busy-after-last-answer", "hide-cpu-time"),
    "computing at load": ("compute-at-load",),
    "answering before being asked": ("answer-early",),
    "answering twice": ("answer-twice",),
    "out of order": ("out-of-order",),
    "frames": ("too-few", "too-many", "truncated-frame", "slow-frame", "oversized-frame"),
    "forged lengths": ("forged-length", "forged-box-counts"),
    "numbers": ("nan", "infinity", "out-of-range", "negative-label", "wrong-width"),
    "a header that lies": ("lying-header",),
    "closing the pipe": ("close-channel", "exit"),
    "hanging on write": ("hang-on-write", "hold-pipe", "hold-replies", "hold-opened-files"),
    "killing itself with each signal": ("kill-itself",),
    "patching": ("patch-json", "patch-clock", "patch-os", "patch-worker"),
    "gc and frame inspection": ("collect-labels", "inspect-frames"),
    "detecting warm-up": ("detect-warm-up",),
    "caching": (
        "cache-in-memory", "cache-in-tmp", "cache-in-dev-shm", "cache-in-shared-memory",
        "cache-in-file-cache", "evict-by-process", "keyring", "table-of-answers",
        "unstable-answers",
    ),
    "guessing": ("answer-by-order", "answer-by-identifier"),
    "timing side channels to a helper process": (
        "helper-process", "hear-files-opened", "hear-folders-used", "write-out-disks",
    ),
    "the kernel": ("kernel-log",),
    "import-time side effects": ("import-during-check",),
    "submission.toml": (
        "manifest-nesting", "manifest-huge-string", "manifest-duplicate-keys",
        "manifest-control-characters", "manifest-paths",
    ),
}  # fmt: skip
"""What others have tried, or could, and the attacks that stand for it."""


class Ranges:
    """Where attacks are run, made when first asked for."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._offered: dict[IsolationGrade, Sandbox] = {}
        self._made: dict[str, Range] = {}

    def at(self, grade: IsolationGrade) -> Range:
        self._offered = self._offered or offered()
        if grade not in self._offered:
            pytest.skip(f"this machine offers no grade {grade}")
        return self._range(grade, self._offered[grade])

    @property
    def strongest(self) -> IsolationGrade:
        return min(self._offered)

    def without(self, way: Way) -> Range:
        return self._range(way, bare(way))

    def _range(self, name: str, sandbox: Sandbox) -> Range:
        if name not in self._made:
            self._made[name] = Range(sandbox, self._stack)
        return self._made[name]


@pytest.fixture(scope="module")
def ranges() -> Iterator[Ranges]:
    with ExitStack() as stack:
        yield Ranges(stack)


@pytest.mark.parametrize("grade", ["A", "B", "C", "D"])
@pytest.mark.parametrize("attack", RUN, ids=lambda attack: attack.name)
def test_it_gets_nothing(attack: Attack, grade: IsolationGrade, ranges: Ranges) -> None:
    expected = attack.expected_at(grade)
    if expected is None:
        pytest.skip(f"not run at grade {grade}")
    place = ranges.at(grade)
    if expected.verdict == "open":
        require_success(attack, place, (), expected)
        return
    for outcome in place.run(attack, each_signal=grade == ranges.strongest):
        assert verdict_holds(expected, outcome) == ""
        if not expected.gets:
            effects = set(attack.success.effects) - {"crash"}
            assert not {e for e in effects if seen(e, outcome, place.secrets, expected)}
        assert (outcome.changed, outcome.survivors, outcome.left) == ([], [], [])
    place.require_unharmed()


WITHOUT = [
    pytest.param(attack, way, id=f"{attack.name}-{way}")
    for attack in ATTACKS
    for way, switches in attack.without.items()
    if switches
]


@pytest.mark.parametrize(("attack", "way"), WITHOUT)
def test_it_succeeds_without_its_wall(attack: Attack, way: Way, ranges: Ranges) -> None:
    switches = attack.without[way]
    if "user namespace" in switches and os.geteuid():
        pytest.skip("only root can do without a user namespace")
    place = ranges.without(way)
    expected = attack.expected_at("C") or attack.expect["any"]
    require_success(attack, place, switches, expected)


def require_success(
    attack: Attack, place: Range, without: tuple[str, ...], expected: Expectation
) -> None:
    if missing := lacking(attack):
        pytest.skip(f"this machine has no {missing}")
    outcome = next(place.run(attack, without))
    effects = attack.success.effects
    assert any(seen(effect, outcome, place.secrets, expected) for effect in effects), outcome


@pytest.mark.parametrize("attack", STATIC, ids=lambda attack: attack.name)
def test_check_names_it(attack: Attack, ranges: Ranges) -> None:
    expected = attack.expect["any"]
    for outcome in ranges.without("check").run(attack):
        assert verdict_holds(expected, outcome) == ""
        assert outcome.report is not None
        assert outcome.report.ok == (expected.verdict != "contained")
        assert outcome.changed == []
        assert all(f"{f.message}{f.path}".isprintable() for f in outcome.report.faults)


def test_the_page_says_what_the_attacks_state() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(ATTACKS)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_it_is_stated_in_full(attack: Attack) -> None:
    assert any(attack.without.values())
    for grade, expected in attack.expect.items():
        if expected.verdict == "open":
            assert grade == "D"
        if expected.verdict == "contained":
            assert expected.message or expected.faults
        if expected.verdict == "flagged":
            assert expected.flags
        assert not expected.gets or expected.verdict == "flagged"


def test_two_attacks_are_not_the_same() -> None:
    codes = [sorted(p.read_bytes() for p in a.folder.iterdir() if p.is_file()) for a in ATTACKS]
    assert len(ATTACKS) == len({tuple(code) for code in codes})
    assert len({attack.wall for attack in ATTACKS}) >= 50


def test_every_kind_of_attack_is_tried() -> None:
    names = {attack.name for attack in ATTACKS}
    assert [n for found in KINDS.values() for n in found if n not in names] == []
    assert sorted(names - {name for found in KINDS.values() for name in found}) == []


@pytest.mark.parametrize(
    "wrong",
    [
        'wal = "misspelled"',
        'wall = "w"\ntries = "t"\n[expect.E]\nverdict = "open"',
        'wall = "w"\ntries = "t"\n[without]\n[success]\neffects = []\n[expect.any]\nverdict = ""',
    ],
)
def test_a_statement_that_is_wrong_is_refused(wrong: str, tmp_path: Path) -> None:
    (tmp_path / "attack.toml").write_text(wrong)
    with pytest.raises(msgspec.ValidationError):
        read_attack(tmp_path)
