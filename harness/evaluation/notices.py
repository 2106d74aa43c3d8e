"""Warnings as data: what a reader of the figures must know, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from harness.evaluation.agreement import about_agreement
from harness.evaluation.drift import about_drift
from harness.evaluation.gate import (
    may_be_its_own,
    own_phases,
    who_may_have,
)
from harness.evaluation.plan import wanted_seconds
from harness.evaluation.shares import beside
from harness.evaluation.variants import about_variants
from harness.records.energy import (
    MEASURED_THROUGH_DRAIN,
    idle_difference_watts,
    idle_watts,
    is_resolved,
    measured_uncertainty_joules,
    phase_cpu_seconds,
    phase_joules,
    phase_seconds,
)
from harness.records.evaluation import FEW_SESSIONS, Completed, EvaluationRecord, Failed
from harness.records.rules import Rules
from harness.records.session import Notice, Session
from harness.sandbox import forgetting

MORE_PASSES = (
    "use a larger test set or a finer meter, or raise measured_seconds, max_sweeps and "
    "variant_seconds in the rules"
)
SHORT_FOR_THE_RULES = 0.5
"""Less than this share of the rules' ``measured_seconds`` is worth a warning."""
SHORT_FOR_THE_METER = 0.75
"""Less of what the meter asks for is worth one: an entry's pace in its warm-up is no promise."""


def notices(record: EvaluationRecord, rules: Rules) -> tuple[Notice, ...]:
    """Return every warning that the record gives cause for, the gravest kind first."""
    return (
        *_about_the_campaign(record),
        *_about_the_figure(record, rules),
        *_about_the_meter(record, rules),
        *_about_the_machine(record, rules),
        *_about_disturbances(record, rules),
        *about_drift(record, rules.cautions),
        *_about_work_elsewhere(record, rules),
        *about_variants(record, rules.cautions),
        *about_agreement(record, rules.cautions),
    )


def _about_the_campaign(record: EvaluationRecord) -> Iterator[Notice]:
    campaign = record.campaign
    if campaign is None:
        return
    failed_itself = isinstance(record.outcome, Failed) and record.outcome.blame == "submission"
    if campaign.void is not None and not failed_itself:
        yield Notice(
            code="void-campaign",
            message=f"nothing is to be concluded from this campaign, and it is not ranked: "
            f"{campaign.void}",
            remedy="evaluate its entries again on a steadier machine",
        )
    if campaign.control is None:
        yield Notice(
            code="no-control",
            message="no control ran beside these entries: nothing shows how steady the machine was",
            remedy="name a control of this task in leaderboard/rules.toml: [reference.<task>]",
        )


def _about_the_figure(record: EvaluationRecord, rules: Rules) -> Iterator[Notice]:
    completed = isinstance(record.outcome, Completed)  # else there is no figure to warn of
    if completed and record.meter.grade == "model":
        yield Notice(
            code="modelled-energy",
            message="modelled work, not energy: joules come from CPU time and assumed constants",
            remedy="measure on a machine whose power sensors can be read; see `doctor`",
        )
    if completed and record.meter.grade == "simulated":
        yield Notice(
            code="simulated-energy",
            message="the meter is a stand-in: its joules say nothing of this machine",
            remedy="for a real figure read hardware: leave out HARNESS_POWERCAP_ROOT, "
            "HARNESS_NVML_LIBRARY, replay, and a plug or a program that stands in",
        )
    if record.data.items < rules.cautions.small_test_set:
        yield Notice(
            code="small-test-set",
            message=f"so few test items ({record.data.items}) cannot tell close models apart",
            remedy=f"use at least {rules.cautions.small_test_set} items",
        )
    if record.data.unreadable:
        yield Notice(
            code="unreadable-samples",
            message=f"{record.data.unreadable} of {record.data.items} test samples do not begin as "
            "files of their kind do; the entry was given them as they are, and they are scored",
            remedy="the first of them are named when the data is loaded: if the data set is not so "
            "by itself, fetch or write it again",
        )
    if completed and len(record.sessions) < rules.boards.min_sessions:
        yield Notice(
            code=FEW_SESSIONS,
            message=(
                "1 session gives a wide interval of energy; "
                if len(record.sessions) == 1
                else f"{len(record.sessions)} sessions give a wide interval of energy; "
            )
            + f"a board shows none below {rules.boards.min_sessions}",
            remedy="use --protocol official",
        )
    last = record.looks[-1] if record.looks else None
    several = len(rules.protocols[record.protocol].looks) > 1
    if completed and several and last and last.half_width is not None and not last.narrow:
        width, wanted = beside(last.half_width, rules.protocols[record.protocol].half_width)
        yield Notice(
            code="wide-interval",
            message=f"after {last.sessions} sessions, the most that the rules allow, the interval "
            f"of energy is ±{width} wide; ±{wanted} is wanted",
            remedy="use a quieter or steadier machine, or a longer measured phase: what differs by "
            "less than that cannot be told apart",
        )


def _about_the_meter(record: EvaluationRecord, rules: Rules) -> Iterator[Notice]:
    sessions = record.sessions
    if unresolved := _numbers(sessions, lambda s: not is_resolved(s)):
        yield Notice(
            code="unresolved-energy",
            message=f"the meter cannot resolve the energy measured in {_sessions(unresolved)}: "
            "no figure is claimed",
            remedy=MORE_PASSES,
        )
    protocol = rules.protocols[record.protocol]
    refresh = record.meter.refresh_seconds
    wanted = wanted_seconds(rules, protocol, refresh)
    least = SHORT_FOR_THE_RULES * protocol.measured_seconds
    if short := _numbers(sessions, lambda s: phase_seconds(s, "measured") < least):
        yield Notice(
            code="short-measurement",
            message=f"the measured phase of {_sessions(short)} lasted less than half of the "
            f"{protocol.measured_seconds:g} s that the rules ask for: the figure is mostly the "
            "harness's own noise",
            remedy="use a larger test set; the rules bound how many variants are made",
        )
    share = rules.energy.edge_share

    def long_enough(session: Session) -> bool:  # else it is said above, and mended with that
        return phase_seconds(session, "measured") >= least

    if coarse := _numbers(
        sessions, lambda s: long_enough(s) and is_resolved(s) and _left_open(s) > share
    ):
        most, at_most = beside(max(_left_open(sessions[number - 1]) for number in coarse), share)
        yield Notice(
            code="coarse-energy",
            message=f"edges and steps of the meter leave up to {most} of the energy measured "
            f"in {_sessions(coarse)} open; the rules want {at_most} at most",
            remedy=MORE_PASSES,
        )
    elif wanted > protocol.measured_seconds and (
        less := _numbers(
            sessions,
            lambda s: (
                long_enough(s) and phase_seconds(s, "measured") < SHORT_FOR_THE_METER * wanted
            ),
        )
    ):
        yield Notice(
            code="short-for-the-meter",
            message=f"the measured phase of {_sessions(less)} lasted less than the {wanted:.3g} s "
            f"that a meter which refreshes every {refresh:.3g} s asks for",
            remedy=MORE_PASSES,
        )


def _about_the_machine(record: EvaluationRecord, rules: Rules) -> Iterator[Notice]:
    if record.isolation.grade not in rules.boards.official_isolation:
        yield Notice(
            code="weak-isolation",
            message=f"the entry ran at isolation grade {record.isolation.grade}"
            f" ({record.isolation.method})",
            remedy="leave out --isolation where it was given; else install bubblewrap and allow "
            "user namespaces: `doctor` says what is missing",
        )
    if kept := _numbers(record.sessions, lambda s: s.caches_forgotten is False):
        yield Notice(
            code="caches-kept",
            message=f"before {_sessions(kept)} the kernel did not forget what it remembers of "
            "names and files: by that one session can know what another was asked",
            remedy=forgetting.REMEDY,
        )
    costs = [
        cost
        for session in record.sessions
        for cost in (session.kernel.before_cpu_seconds, session.kernel.after_cpu_seconds)
    ]
    if costs and max(costs) > min(costs) * (1 + rules.cautions.kernel_spread):
        yield Notice(
            code="unsteady-machine",
            message="the same fixed work cost between "
            f"{min(costs) * 1000:.0f} and {max(costs) * 1000:.0f} ms of CPU time",
            remedy="expect differences of that size between runs; use a machine of your own",
        )
    clocks = [clock for session in record.sessions for clock in _measured_megahertz(session)]
    if clocks and max(clocks) > min(clocks) * (1 + rules.cautions.frequency_spread):
        yield Notice(
            code="unsteady-frequency",
            message="when measured phases ended, the cores ran at between "
            f"{min(clocks):,.0f} and {max(clocks):,.0f} MHz",
            remedy="set the performance governor, and see that the machine is cooled",
        )
    change = rules.cautions.idle_change
    if apart := _numbers(
        record.sessions, lambda s: idle_difference_watts(s) > change * idle_watts(s)
    ):
        worst = max((record.sessions[n - 1] for n in apart), key=idle_difference_watts)
        yield Notice(
            code="idle-disagrees",
            message=f"idle power before and after differs by more than {change:.0%} in "
            f"{_sessions(apart)}: {idle_watts(worst, 'idle-before'):.3g} W before and "
            f"{idle_watts(worst, 'idle-after'):.3g} W after session {worst.index + 1}",
            remedy="let the machine come to rest, or raise idle_seconds in the rules; the figure "
            "without idle is uncertain by as much",
        )


def _about_disturbances(record: EvaluationRecord, rules: Rules) -> Iterator[Notice]:
    if disturbed := _numbers(record.sessions, lambda s: bool(s.disturbances)):
        first = record.sessions[disturbed[0] - 1]
        seen = "; ".join(reason.message for reason in first.disturbances)
        repeats = len(record.voided)
        after = f" after {repeats} {'repeat' if repeats == 1 else 'repeats'}" if repeats else ""
        where = "" if len(disturbed) == 1 else f"in session {disturbed[0]} "
        yield Notice(
            code="disturbed",
            message=f"{_sessions(disturbed)} disturbed, and kept{after}: {where}{seen}",
            remedy="; ".join(dict.fromkeys(reason.remedy for reason in first.disturbances)),
        )
    elif record.voided:
        tries = f"{len(record.voided)} of {len(record.voided) + len(record.sessions)} sessions"
        kinds = sorted({reason.code for void in record.voided for reason in void.reasons})
        void = "was disturbed and is" if len(record.voided) == 1 else "were disturbed and are"
        yield Notice(
            code="void-sessions",
            message=f"{tries} {void} void ({', '.join(kinds)})",
            remedy="what was seen in each is in the record; a quiet machine would need no repeats",
        )
    yield from _about_its_own_load(record)
    limit = rules.cautions.run_queue_share
    # Where others were at work, that is said above, and waiting is what comes of it.
    if queued := _numbers(
        record.sessions, lambda s: not s.disturbances and _queued_share(s) > limit
    ):
        most = max(_queued_share(record.sessions[number - 1]) for number in queued)
        yield Notice(
            code="queued-for-cores",
            message=f"some task waited for a core during up to {most:.0%} of {_sessions(queued)}",
            remedy="stop what else runs; an entry with more threads than cores waits for itself",
        )
    if hot := sorted({each for s in record.sessions for each in _throttled_devices(s)}):
        yield Notice(
            code="device-throttled",
            message=f"when a measured phase ended, {', '.join(hot)}",
            remedy="cool the machine, and see its power limits; the record holds every window",
        )


def _about_its_own_load(record: EvaluationRecord) -> Iterator[Notice]:
    """Count against the entry, in words, sessions that its own load may have spoilt."""
    kept = [session.disturbances for session in record.sessions if session.disturbances]
    disturbed = [void.reasons for void in record.voided] + kept
    if any(map(may_be_its_own, disturbed)):
        yield Notice(
            code="own-load",
            message=who_may_have(disturbed),
            remedy="see whether other entries are disturbed here as often: where they are not, it "
            "is this one's load; else cool the machine, or fix a clock that it can hold",
        )


def _about_work_elsewhere(record: EvaluationRecord, rules: Rules) -> Iterator[Notice]:
    """Find work that was moved out of the measured phase: ahead of it, or behind it."""
    cautions = rules.cautions
    items, warm_up_queries = record.data.items, rules.protocols[record.protocol].warm_up_queries

    def ahead(session: Session) -> float:
        """Return the CPU seconds of loading, and of a warm-up dearer than its queries are."""
        expected = warm_up_queries * _measured_cost(session)
        dearer = max(0.0, phase_cpu_seconds(session, "warm-up") - expected)
        return phase_cpu_seconds(session, "load") + dearer

    def too_much_ahead(session: Session) -> bool:
        passes = cautions.preparation_sweeps * items * _measured_cost(session)
        return ahead(session) > passes + cautions.preparation_cpu_seconds

    if moved := _numbers(record.sessions, too_much_ahead):
        worst = max((record.sessions[number - 1] for number in moved), key=ahead)
        yield Notice(
            code="work-before-measured",
            message=f"before the measured phase of {_sessions(moved)} the entry worked for up to "
            f"{ahead(worst):.3g} s of CPU time, where a pass over the test set takes it "
            f"{items * _measured_cost(worst):.2g} s",
            remedy="load only what predict needs: answers worked out while loading would show like "
            "this, and so does a large library",
        )

    def left(session: Session) -> float:
        return phase_cpu_seconds(session, "drain")

    def too_much_left(session: Session) -> bool:
        share = cautions.drain_share * phase_cpu_seconds(session, "measured")
        return left(session) > share + cautions.drain_cpu_seconds

    if late := _numbers(record.sessions, too_much_left):
        worst = max((record.sessions[number - 1] for number in late), key=left)
        measured = phase_cpu_seconds(worst, "measured")
        yield Notice(
            code="work-after-answers",
            message=f"after the last answer of {_sessions(late)} the entry worked for up to "
            f"{left(worst):.3g} s of CPU time, beside {measured:.3g} s in the measured phase",
            remedy="end at once when the request channel is closed; what is done then is billed "
            "like the answers",
        )


def _measured_cost(session: Session) -> float:
    """Return the CPU seconds of a measured query."""
    return phase_cpu_seconds(session, "measured") / session.queries if session.queries else 0.0


def _left_open(session: Session) -> float:
    """Return the share of the measured energy that the meter's edges and steps leave open."""
    return measured_uncertainty_joules(session) / phase_joules(session, *MEASURED_THROUGH_DRAIN)


def _measured_megahertz(session: Session) -> list[float]:
    seen = (w.disturbance.frequency_megahertz for w in session.phases if w.phase == "measured")
    return [clock for clock in seen if clock is not None]


def _queued_share(session: Session) -> float:
    """Return for how much of the entry's own phases some task of the machine waited for a core."""
    windows = own_phases(session)
    seconds = sum(window.reading.seconds for window in windows)
    queued = sum(window.disturbance.run_queue_seconds or 0.0 for window in windows)
    return queued / seconds if seconds else 0.0


def _throttled_devices(session: Session) -> list[str]:
    return [
        f"{condition.device} was throttled by {', '.join(condition.throttled_by)}"
        for window in session.phases
        if window.phase == "measured"
        for condition in window.reading.conditions
        if condition.throttled_by
    ]


def _numbers(sessions: Sequence[Session], holds: Callable[[Session], bool]) -> list[int]:
    """Return the numbers, from 1, of the sessions of which something holds."""
    return [number for number, session in enumerate(sessions, 1) if holds(session)]


def _sessions(numbers: list[int]) -> str:
    """Spell numbers, which rise: ``session 2``, ``sessions 1, 3``, ``sessions 1 to 5``."""
    if len(numbers) == 1:
        return f"session {numbers[0]}"
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:  # noqa: PLR2004 - a run
        return f"sessions {numbers[0]} to {numbers[-1]}"
    return f"sessions {', '.join(str(number) for number in numbers)}"
