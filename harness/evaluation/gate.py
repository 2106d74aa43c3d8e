"""Whether a session was disturbed, and so is void: by others, by the host, or by the machine.

What an entry does itself must not void its session: its own CPU time is left out, and waiting for
cores, which more threads than cores bring about, is warned of and no reason. What is left is other
processes' CPU time, that of the kernel's own threads, steal, the reference kernel, thermal
throttling, of a metered board too, and a machine that slept.

Other CPU time is a difference between the machine's account and the entry's, and on most kernels
the machine's is a sample: each clock tick, of 10 ms at the longest, is billed whole to what runs
just then. A core that is busy for a share d of n ticks is so known to sqrt(d(1-d)n) ticks, at most
sqrt(n)/2; twice that, two standard deviations, is left open. Steal is left one tick open.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median

from harness.evaluation.shares import beside
from harness.records.rules import DisturbanceRules
from harness.records.session import Notice, PhaseWindow, Session

CLOCK_TICK_SECONDS = 0.01
"""Of the kernel's accounting of CPU time, as it is shown to programs."""

SLEPT_SECONDS = 0.1
"""Not a rule: a machine that slept measured nothing. Two clocks are read to a thousandth, and none
sleeps for so short a time."""

BY_OWN_LOAD = frozenset(
    {"kernel-changed", "kernel-slow", "throttled", "device-overheated", "kernel-threads"}
)
"""Codes of what an entry can bring about: by working hard on a machine that cannot stand it, or by
what it has the kernel do. The others come from outside of its processes: of other programs, the
host, or a machine that slept."""

AWAKE = (
    "keep the machine awake: leave its lid open, plug it in, switch automatic suspend off "
    "(systemd-inhibit does so for one command)"
)
STEADIER = "evaluate on a machine of your own, at a steady clock frequency"


def disturbances(
    session: Session, earlier_kernels: Sequence[float], cores: int, rules: DisturbanceRules
) -> tuple[Notice, ...]:
    """Return why the session is void; nothing where it stands.

    ``earlier_kernels`` are the reference kernel's costs around all sessions before it, void ones
    included; ``cores`` is how many the machine has.
    """
    return (
        *_by_others(session, cores, rules),
        *_by_the_host(session, cores, rules),
        *_by_a_change_of_speed(session, earlier_kernels, rules),
        *_by_heat(session, rules),
        *_by_sleep(session),
    )


def may_be_its_own(reasons: Sequence[Notice]) -> bool:
    """Say whether the entry's own load may have brought about all that was seen in a session."""
    return all(reason.code in BY_OWN_LOAD for reason in reasons)


def who_may_have(disturbed: Sequence[Sequence[Notice]]) -> str:
    """Say in words who may have brought about what was seen, session by session.

    It accuses nobody: a machine that is cooled too little is heated by any entry, other programs
    may have had a part within their limits, and the kernel may have worked for anybody.
    """
    own = sum(map(may_be_its_own, disturbed))
    if not own:
        return "it was not of the entry's own processes"
    return (
        f"in {own} of {len(disturbed)} disturbed {'session' if len(disturbed) == 1 else 'sessions'}"
        " other programs and the host stayed within their limits: the entry's own load may have "
        "brought that about, or the machine's cooling and clock, or what the kernel did for others"
    )


def own_phases(session: Session) -> tuple[PhaseWindow, ...]:
    """Return the windows of the entry: in an idle one nothing is measured that could be spoilt."""
    return tuple(w for w in session.phases if not w.phase.startswith("idle"))


def _seconds(session: Session) -> float:
    """Return how long the entry's phases lasted; no shorter than a clock can tell."""
    seconds = sum(window.reading.seconds for window in own_phases(session))
    return max(seconds, CLOCK_TICK_SECONDS)


def _by_others(session: Session, cores: int, rules: DisturbanceRules) -> Iterator[Notice]:
    seconds = _seconds(session)
    left_open = math.sqrt(seconds * CLOCK_TICK_SECONDS)
    limit = rules.other_cpu_share + left_open / (seconds * cores)
    other = sum(window.disturbance.other_cpu_seconds for window in own_phases(session))
    own = sum(window.reading.cpu_seconds for window in own_phases(session))
    share = other / (seconds * cores)
    of_the_entry = rules.other_cpu_of_entry * own + left_open
    kernel_s = min(other, session.kernel_threads_cpu_seconds or 0.0)
    if other > (allowed := min(limit * seconds * cores, of_the_entry)) >= other - kernel_s:
        yield Notice(
            code="kernel-threads",
            message=f"the kernel's own threads took {kernel_s:.2f} s of CPU time, other processes "
            f"{other - kernel_s:.2f} s, and the entry {own:.2f} s; {allowed:.2f} s of others are "
            "allowed, and for whom the kernel worked is not known",
            remedy="see whether other entries are disturbed here as often: where they are not, it "
            "is for this one that the kernel works; else see what writes to disks here",
        )
    elif share > limit:
        took, at_most = beside(share, limit)
        yield Notice(
            code="other-processes",
            message=f"other processes took {took} of the machine's CPU time (limit {at_most}, "
            "clock ticks allowed for)",
            remedy="stop what else runs, and evaluate again",
        )
    elif other > of_the_entry:
        yield Notice(
            code="other-processes",
            message=f"other processes used {other:.2f} s of CPU time beside the entry's "
            f"{own:.2f} s (limit {rules.other_cpu_of_entry:.0%}, clock ticks allowed for)",
            remedy="stop what else runs, and evaluate again",
        )


def _by_the_host(session: Session, cores: int, rules: DisturbanceRules) -> Iterator[Notice]:
    seconds = _seconds(session)
    limit = rules.steal_share + CLOCK_TICK_SECONDS / (seconds * cores)
    steal = sum(window.disturbance.steal_seconds for window in own_phases(session))
    share = steal / (seconds * cores)
    if share > limit:
        withheld, at_most = beside(share, limit)
        yield Notice(
            code="steal",
            message=f"the host withheld {withheld} of the machine's CPU time (limit {at_most})",
            remedy="evaluate when the host is quiet, or on a machine that is not shared",
        )


def _by_a_change_of_speed(
    session: Session, earlier_kernels: Sequence[float], rules: DisturbanceRules
) -> Iterator[Notice]:
    before, after = session.kernel.before_cpu_seconds, session.kernel.after_cpu_seconds
    limit = f"limit {rules.kernel_change:.0%}"
    if max(before, after) > (1 + rules.kernel_change) * min(before, after):
        yield Notice(
            code="kernel-changed",
            message=f"the same fixed work cost {before * 1000:.0f} ms before and "
            f"{after * 1000:.0f} ms after ({limit})",
            remedy=STEADIER,
        )
        return
    usual = median((*earlier_kernels, before, after))
    if max(before, after) > (1 + rules.kernel_change) * usual:
        yield Notice(
            code="kernel-slow",
            message=f"the same fixed work cost {max(before, after) * 1000:.0f} ms, and "
            f"{usual * 1000:.0f} ms in the median of the evaluation so far ({limit})",
            remedy=STEADIER,
        )


def _by_heat(session: Session, rules: DisturbanceRules) -> Iterator[Notice]:
    events = sum(window.disturbance.throttle_events or 0 for window in own_phases(session))
    if events > rules.throttle_events:
        times = "once" if events == 1 else f"{events} times"
        yield Notice(
            code="throttled",
            message=f"the processor was throttled {times} (limit {rules.throttle_events})",
            remedy="cool the machine, or lower its power limit; where it cannot be helped, raise "
            "throttle_events in the rules",
        )
    conditions = [each for window in own_phases(session) for each in window.reading.conditions]
    hot = [condition.device for condition in conditions if condition.overheated]
    if len(hot) > rules.throttle_events:
        windows = "1 window" if len(hot) == 1 else f"{len(hot)} windows"
        yield Notice(
            code="device-overheated",
            message=f"{', '.join(sorted(set(hot)))}: throttled by heat in {windows} "
            f"(limit {rules.throttle_events})",
            remedy="cool the device, or lower its power limit; where it cannot be helped, raise "
            "throttle_events in the rules",
        )


def _by_sleep(session: Session) -> Iterator[Notice]:
    """Look at idle windows too: what is stated of a machine without the entry is theirs."""
    slept = sum(window.disturbance.suspended_seconds or 0.0 for window in session.phases)
    if slept > SLEPT_SECONDS:
        yield Notice(
            code="suspended",
            message=f"the machine was suspended for {slept:.1f} s",
            remedy=AWAKE,
        )
