"""The answer of an evaluation on one screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from harness.cli.terminal.rows import LABEL_WIDTH, print_row
from harness.cli.terminal.spelt import GRADES, digits, interval, shown_path, three_digits
from harness.ranking.summary import Summary, energy_parts, summarise
from harness.ranking.trust import in_words
from harness.records.drift import Drift
from harness.records.energy import joules_per_1000
from harness.records.evaluation import EvaluationRecord, Failed, Look

if TYPE_CHECKING:
    from rich.console import Console


def print_result(
    console: Console,
    record: EvaluationRecord,
    path: Path,
    *,
    again: str,
    board: str,
    printed: Path | None = None,
    official: str | None = None,
) -> None:
    """Show quality, energy and its parts, how both came about, warnings, and what to do next.

    ``again`` is the command that evaluates the entry once more, ``board`` the one that shows where
    it stands; ``printed`` is where the entry's own output is kept, where there was any;
    ``official`` says how many official evaluations its team has had, where an organiser signed.
    """
    summary = summarise(record, str(path))
    console.print()
    title = f"[bold]{escape(record.submission.entry)}[/bold] on {escape(record.task.title)}"
    console.print(title, highlight=False, soft_wrap=True)
    if isinstance(record.outcome, Failed):
        _print_failure(console, record.outcome)
    if record.sessions:
        for label, value in _figures(summary, record):
            print_row(console, label, value)
    for notice in record.warnings:
        print_row(console, "warning", escape(notice.message), style="yellow")
        print_row(console, "", f"[dim]{escape(notice.remedy)}[/dim]")
    # Paths and commands are for copying: they never wrap.
    shown = f"{'record':<{LABEL_WIDTH}}{escape(shown_path(path))}"
    console.print(shown, highlight=False, soft_wrap=True)
    if record.signature is not None:
        print_row(console, "signed", f"by key {escape(record.signature.key[:16])}")
    if official is not None:
        print_row(console, "official", escape(official))
    if printed is not None:
        shown = f"{'printed':<{LABEL_WIDTH}}{escape(shown_path(printed))}  [dim](private)[/dim]"
        console.print(shown, highlight=False, soft_wrap=True)
    step = f"{'next':<{LABEL_WIDTH}}{escape(_next_step(record, again, board))}"
    console.print(step, highlight=False, soft_wrap=True)


def _print_failure(console: Console, outcome: Failed) -> None:
    where = f"in {escape(outcome.stage)}, blame: {outcome.blame}"
    print_row(console, "failed", where, style="red")
    print_row(console, "", escape(outcome.message))
    if outcome.remedy:
        print_row(console, "", f"[dim]{escape(outcome.remedy)}[/dim]")


def _figures(summary: Summary, record: EvaluationRecord) -> Iterator[tuple[str, str]]:
    """Yield labels and what stands beside them; a line that goes on has no label."""
    yield from _quality(record)
    yield from _energy(summary, record)
    yield from _trust(summary)
    yield from _circumstances(summary, record)


def print_control(console: Console, record: EvaluationRecord, path: Path) -> None:
    """Say on a line that a control ran beside the entries, and whether it vouches for them."""
    from harness.evaluation.campaign import control_spread

    campaign = record.campaign
    if campaign is not None and campaign.void is not None:
        held = f"nothing is to be concluded: {campaign.void}"
    else:
        amortise = record.rules.amortise_queries
        spread = control_spread([joules_per_1000(each, amortise) for each in record.sessions])
        held = f"held steady, varying by {spread:.1%} over {len(record.sessions)} rounds"
    console.print()
    print_row(console, "control", f"{escape(record.submission.entry)}: {escape(held)}")
    shown = f"{'record':<{LABEL_WIDTH}}{escape(shown_path(path))}"
    console.print(shown, highlight=False, soft_wrap=True)


def _quality(record: EvaluationRecord) -> Iterator[tuple[str, str]]:
    if record.quality is None:
        return
    ranked = record.quality.ranked_value
    yield (
        ranked.name.replace("_", " "),
        (
            f"{ranked.value:.3f}  [dim](95 % {ranked.low:.3f} to {ranked.high:.3f}, "
            f"{record.quality.items:,} items)[/dim]"
        ),
    )
    others = [m for m in record.quality.metrics if m.name != ranked.name]
    if others:
        yield "also", "  ".join(f"{m.name.replace('_', ' ')} {m.value:.3f}" for m in others)


def _energy(summary: Summary, record: EvaluationRecord) -> Iterator[tuple[str, str]]:
    if summary.joules_per_1000_queries is not None:
        yield (
            "energy",
            (
                f"{three_digits(summary.joules_per_1000_queries)} J per 1,000 queries  "
                f"[dim]({interval(summary.joules_interval)}, {_sessions(summary)})[/dim]"
            ),
        )
        yield from _parts(record)
    elif summary.status == "completed":
        yield "energy", "unresolved: the meter leaves all of it open in some session; not zero"
    if summary.active_joules_per_1000_queries is not None:
        yield (
            "without idle",
            (
                f"{three_digits(summary.active_joules_per_1000_queries)} J per 1,000 queries  "
                "[dim](shown, never ranked)[/dim]"
            ),
        )
    if summary.seconds_per_1000_queries is not None:
        time = f"{three_digits(summary.seconds_per_1000_queries)} s per 1,000 queries"
        if summary.measured_watts is not None:
            time += f" at {three_digits(summary.measured_watts)} W"
        yield "time", time


def _trust(summary: Summary) -> Iterator[tuple[str, str]]:
    """Say what the evaluation could have told apart, and how alike its sessions and answers were.

    Not of one that failed: it has no figures.
    """
    if summary.status != "completed" or summary.resolvable is None:
        return
    yield "tells apart", in_words(summary.resolvable)
    if summary.looks and len(summary.looks) > 1:
        taken = ", ".join(_look(look) for look in summary.looks)
        yield "", f"[dim](looked at after {taken})[/dim]"
    agreed = [
        f"{100 * share:.1f} % {of_what}"
        for share, of_what in (
            (summary.variant_agreement, "of variants as their originals"),
            (summary.rebatched_agreement, "in other batches"),
            (
                None if summary.session_disagreement is None else 1 - summary.session_disagreement,
                "from session to session",
            ),
        )
        if share is not None
    ]
    if agreed:
        yield "same answers", ", ".join(agreed)
    if summary.drift is not None and (trends := _trends(summary.drift)):
        yield "trends", trends


def _look(look: Look) -> str:
    """Spell a look at the interval: the number of sessions, and how wide it was."""
    wide = "unresolved" if look.half_width is None else f"±{_percent(look.half_width)}"
    return f"{look.sessions} sessions: {wide}"


def _trends(drift: Drift) -> str:
    """Spell the trends with the probability that chance alone makes as much."""
    found = [
        f"{named} {100 * trend.change:+.1f} % [dim](p {trend.p_value:.2g})[/dim]"
        for named, trend in (
            ("within a session", drift.within_sessions),
            ("over the sessions", drift.energy),
        )
        if trend is not None
    ]
    return ", ".join(found)


def _sessions(summary: Summary) -> str:
    """Say how many stand, and how many were void."""
    void = f", {summary.void_sessions} more void" if summary.void_sessions else ""
    return f"{summary.sessions} sessions{void}"


def _parts(record: EvaluationRecord) -> Iterator[tuple[str, str]]:
    parts = energy_parts(record.sessions)
    once = (
        ("start", parts.start_joules),
        ("load", parts.load_joules),
        ("warm-up", parts.warm_up_joules),
    )
    yield "its parts", _in_joules(*once)
    yield "", _in_joules(("measured", parts.measured_joules), ("drain", parts.drain_joules))
    spread = f"{record.rules.amortise_queries:,} queries"
    yield "", f"[dim](a mean session; the upper three are spread over {spread})[/dim]"


def _in_joules(*named: tuple[str, float]) -> str:
    return "  ".join(f"{name} {three_digits(joules)} J" for name, joules in named)


def _circumstances(summary: Summary, record: EvaluationRecord) -> Iterator[tuple[str, str]]:
    sources = ", ".join(source.name for source in record.meter.sources)
    yield "meter", f"{GRADES[record.meter.grade]}  [dim]({escape(sources)})[/dim]"
    if record.meter.left_out:
        yield "", f"[dim]not counted: {escape(', '.join(map(str, record.meter.left_out)))}[/dim]"
    yield from _left_open(summary)
    yield (
        "isolation",
        f"grade {record.isolation.grade}  [dim]({escape(record.isolation.method)})[/dim]",
    )
    yield (
        "data",
        (
            f"{record.data.source}, {record.data.items:,} items  "
            f"[dim](digest {record.data.digest[:8]}"
            f"{', labels are public' if record.data.public else ''})[/dim]"
        ),
    )
    yield (
        "machine",
        f"{escape(record.hardware.profile)}  [dim](energy does not carry over to another)[/dim]",
    )


def _left_open(summary: Summary) -> Iterator[tuple[str, str]]:
    """Yield how far the meter lets the figure be from the truth; what entries share apart."""
    joules, left_open = summary.joules_per_1000_queries, summary.joules_uncertainty
    if not joules or left_open is None:
        return
    yield "", f"[dim]±{_percent(left_open.random / joules)} from its edges and steps[/dim]"
    share = left_open.systematic / joules
    more = f": up to {1 + share:.2g} times as much" if share >= 1 else ""
    yield "", f"[dim]±{_percent(share)} from its scale, the same for every entry here{more}[/dim]"


def _percent(share: float) -> str:
    """Spell an uncertainty: two digits say all that is known of it."""
    return f"{digits(100 * share, 2)} %"


def _next_step(record: EvaluationRecord, again: str, board: str) -> str:
    """Say what to type next: what shows whether the fault is gone, where there was one."""
    if not isinstance(record.outcome, Failed):
        return board
    from harness.cli.evaluating.preparing import COPYING
    from harness.environments.protocol import STAGE as PACKAGES
    from harness.evaluation.run import DISTURBANCE
    from harness.submissions.weights import STAGE as WEIGHTS

    stage, blame = record.outcome.stage, record.outcome.blame
    if stage == COPYING:
        return f"leave the entry alone meanwhile, and evaluate again: {again}"
    if stage in {PACKAGES, WEIGHTS}:  # neither `check` nor `doctor` sees more of it
        what = "requirements.lock" if stage == PACKAGES else "the weights"
        mended = f"mend {what}" if blame == "submission" else f"see to {what} as said above"
        return f"{mended}, then: {again}"
    if blame == "submission":
        return f"mend the entry, then: {again}"
    looks = " --idle-seconds 30" if stage == DISTURBANCE else ""  # who else is at work shows then
    return f"python -m harness doctor{looks}, then: {again}"
