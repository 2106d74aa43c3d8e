"""What a reader must know of a whole board before reading a figure off it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from harness.ranking.base_power import Draw, base_ratio, overturned
from harness.ranking.gists import Head
from harness.records.board import BoardEntry, BoardStatus
from harness.records.rule_book import KnownRules
from harness.records.rules import Rules
from harness.records.session import Notice

ORDER_HOLDS, ORDER_DEPENDS = "order-holds", "order-depends-on-base-power"
_NAMED_PAIRS = 5
"""The page has room for about so many."""


def board_notes(
    head: Head,
    lacks: Sequence[str],
    entries: Sequence[BoardEntry],
    known: KnownRules,
    draws: Sequence[Draw] = (),
    *,
    forgotten: Mapping[str, Collection[bool]],
) -> tuple[Notice, ...]:
    """Return the notes of a board.

    ``head`` is what its oldest record says of it: in most of this all are alike, else they shared
    no board. ``lacks`` is what any of them lacks to be official, and ``draws`` are those of the
    entries, where the meter is the CPU-time model. ``forgotten`` is by entry whether the kernel was
    made to forget files before its sessions.
    """
    rules = known.of(head.rules.digest)
    return (
        *_about_energy(head),
        *_about_order(head, entries, draws),
        *_about_status(head.board.status, lacks, rules),
        *_about_rules(head, rules, known.in_force),
        *_about_rows(entries, rules),
        *_about_caches(entries, forgotten),
    )


def _about_energy(record: Head) -> Iterator[Notice]:
    if record.meter.grade == "model":
        yield Notice(
            code="modelled-energy",
            message="modelled work, not energy: joules come from CPU time and assumed constants",
            remedy="measure on a machine whose power sensors can be read",
        )
    if record.meter.grade == "simulated":
        yield Notice(
            code="simulated-energy",
            message="the meter is a stand-in: its joules say nothing of this machine",
            remedy="measure without the stand-in",
        )


def _about_order(
    record: Head, entries: Sequence[BoardEntry], draws: Sequence[Draw]
) -> Iterator[Notice]:
    """Say whether another idle power would turn the order of two entries.

    Two at the floor share one energy, so that there is no order between them.
    """
    ratio = base_ratio(record.meter)
    floor = {entry.entry for entry in entries if entry.at_floor}
    above = sum(draw.entry not in floor for draw in draws)
    if ratio is None or len(draws) < 2 or not above:  # noqa: PLR2004 - an order is of two
        return
    span = f"from none to twice what the model assumes ({ratio:.3g} of a busy core)"
    first, number = overturned(draws, ratio, level=floor, most=_NAMED_PAIRS)
    if not number:
        yield Notice(
            code=ORDER_HOLDS,
            message=f"the order of energy is the same for any idle power, {span}",
            remedy="rely on the order more than on the joules, which are as uncertain as the model",
        )
        return
    named = ", ".join(f"{one} / {other}" for one, other in first)
    rest = number - len(first)
    more = f" and {rest} more {'pair' if rest == 1 else 'pairs'}" if rest > 0 else ""
    yield Notice(
        code=ORDER_DEPENDS,
        message=f"which of two uses less energy depends on the idle power, {span}: {named}{more}",
        remedy="read no order of energy into these pairs, or measure them with a sensor",
    )


def _about_status(status: BoardStatus, lacks: Sequence[str], rules: Rules) -> Iterator[Notice]:
    if status == "demonstration":
        yield Notice(
            code="demonstration",
            message="shows what a board looks like, on generated sample data; nobody won anything",
            remedy="evaluate on the challenge's data for a result",
        )
    elif status == "self-reported":
        yield Notice(
            code="self-reported",
            message="no organiser signed these results: they are what the teams say they saw",
            remedy="have the organiser evaluate the entries",
        )
    elif status == "open":
        yield Notice(
            code="open-labels",
            message="signed by an organiser, on data whose labels anybody can work out",
            remedy="evaluate on data of your own for an official result",
        )
    elif status == "unofficial":
        yield Notice(
            code="unofficial",
            message=f"signed by an organiser, and not official: {', '.join(lacks)}",
            remedy="evaluate with --protocol official at isolation grade "
            f"{' or '.join(rules.boards.official_isolation)}, on a machine with a profile, "
            "by a meter that reads it",
        )


def _about_rules(record: Head, rules: Rules, in_force: Rules) -> Iterator[Notice]:
    """Say under which rules it was made, and where others had to stand in for them: ``rules``."""
    said, now = record.rules, in_force.reference_to_these
    if said.digest == now.digest:
        return
    message = (
        f"made under other rules ({said.version}, digest {said.digest[:8]}) than those in force"
        f" ({now.version}, digest {now.digest[:8]})"
    )
    again = "evaluate the entries again to have them on a board of the rules in force"
    if rules.reference_to_these.digest != said.digest:
        message += (
            ", and not to be found here: status, floor, classes and intervals are by those in force"
        )
        again = f"keep the rules.toml of then as leaderboard/rules/NAME.toml; or {again}"
    yield Notice(code="other-rules", message=message, remedy=again)


def _about_rows(entries: Sequence[BoardEntry], rules: Rules) -> Iterator[Notice]:
    fewest = rules.boards.min_sessions
    resolved = [entry for entry in entries if entry.joules_per_1000_queries is not None]
    if len(resolved) < len(entries):
        unresolved = ", ".join(e.entry for e in entries if e.joules_per_1000_queries is None)
        yield Notice(
            code="unresolved-energy",
            message=f"the meter does not resolve the energy of {unresolved}: that is no figure, and"
            " not zero",
            remedy="evaluate them with more passes, or with a meter that reads more finely",
        )
    if few := [entry.entry for entry in resolved if entry.sessions < fewest]:
        yield Notice(
            code="too-few-sessions",
            message=f"no interval of energy, for want of {fewest} sessions: {', '.join(few)}",
            remedy="evaluate them with --protocol official",
        )
    if several := [entry for entry in entries if entry.occasions > 1 and entry.joules_interval]:
        named = ", ".join(f"{entry.entry} ({entry.occasions})" for entry in several)
        yield Notice(
            code="several-occasions",
            message="measured on several occasions (campaigns, or days), and what varies between "
            f"them is in the interval of energy: {named}",
            remedy="measure in more campaigns: two show little of how days differ, and their "
            "interval is wide",
        )
    if any(entry.at_floor and not entry.baseline for entry in entries):
        multiple = f"{rules.energy.floor_multiple:g}"
        yield Notice(
            code="at-the-floor",
            message=f"entries under {multiple} times the null entry's energy are at the floor: most"
            " of it is the harness's own, and they share one energy on the front",
            remedy="do not read a difference of energy between two of them",
        )
    for entry in entries:
        if entry.copies:
            yield Notice(
                code="copies",
                message=f"{', '.join(entry.copies)}: the very same content as {entry.entry}, and "
                "in its row",
                remedy="nothing: their sessions are pooled, and no rank is given twice",
            )
    if broken := [e for e in entries if e.failed_evaluations]:
        named = ", ".join(f"{e.entry} ({e.failed_evaluations})" for e in broken)
        yield Notice(
            code="failed-evaluations",
            message=f"failed by their own fault in other evaluations of the same content: {named}",
            remedy="read their figures as those of the evaluations that did not fail",
        )
    if any(e.quality_step for e in entries):
        step = max(e.quality_step or 0.0 for e in entries)
        yield Notice(
            code="quality-in-steps",
            message=f"quality is given in steps of {step:g}: exact scores would tell labels",
            remedy="nothing: ranks come from the exact ones",
        )


def _about_caches(
    entries: Sequence[BoardEntry], forgotten: Mapping[str, Collection[bool]]
) -> Iterator[Notice]:
    """Name whose sessions found files in memory, where those of others had the disk to read."""
    if len(frozenset[bool]().union(*forgotten.values())) > 1:
        kept = ", ".join(each.entry for each in entries if False in forgotten[each.entry])
        yield Notice(
            code="caches-differ",
            message="before some sessions the kernel was made to forget files, so that they loaded "
            "from the disk, and before others not; of these, wholly or in part, are those of "
            f"{kept}",
            remedy="evaluate them again with --protocol official, as root and not in a container: "
            "loading from memory takes less energy",
        )
