"""The page of measured results, from records: plain Markdown, the same for the same records."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from harness.ranking.summary import Summary, summarise
from harness.records.evaluation import EvaluationRecord, Failed, Hardware, MetricValue
from harness.records.rules import Rules
from harness.site.language import language
from harness.site.paths import MAIN_LANGUAGE
from harness.site.text import plain, significant
from harness.tasks.card import TaskCard

NOTHING = "\N{EN DASH}"
DIGITS = 8
"""Of a digest, where it is shown to tell versions apart."""


class Outcome(NamedTuple):
    """What came of one entry on one data set."""

    entry: str
    record: EvaluationRecord | None
    reason: str = ""
    """Why there is no record."""


class Table(NamedTuple):
    """All entries of a task on one data set."""

    outcomes: tuple[Outcome, ...]
    absent: str = ""
    """Why there is no such data set; then there are no outcomes."""


class Section(NamedTuple):
    """One task."""

    card: TaskCard
    sample: Table
    real: Table


class Page(NamedTuple):
    """Everything that the page is made of."""

    sections: tuple[Section, ...]
    unfit: tuple[Outcome, ...]
    """Entries that belong to no task that there is."""
    protocol: str
    rules: Rules
    versions: Mapping[str, str]
    """Of the packages that entries ran with, by name."""
    command: str


class UnlikeError(Exception):
    """Records that must not share a table."""


def render(page: Page) -> str:
    """Return the page; ``UnlikeError`` where records are of different data or machines."""
    records = [
        outcome.record
        for section in page.sections
        for table in (section.sample, section.real)
        for outcome in table.outcomes
        if outcome.record is not None
    ]
    _require_one({record.hardware.fingerprint for record in records}, "machines")
    lines = [*_heading(page, records)]
    for section in page.sections:
        lines += _section(section)
    if page.unfit:
        lines += ["## Entries of no task", "", *_without(page.unfit), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _heading(page: Page, records: Sequence[EvaluationRecord]) -> Iterator[str]:
    yield "# Results"
    yield ""
    yield (
        "Every reference entry on the sample data and on small real sets, as `harness evaluate` "
        "measured it. Written by `benchmarks/results.py`; not edited by hand."
    )
    yield ""
    yield "| | |"
    yield "|---|---|"
    for name, fact in _facts(page, records):
        yield _row(name, fact)
    yield ""
    yield (
        "Behind each figure stands its 95 % interval: of quality over the test items (over whole "
        "groups where the task has them), of energy over the sessions. Energy is gross of idle, "
        "with start, load and warm-up in it; how it is measured: "
        "[How energy is measured](explanation/measurement.md). It does not carry over to another "
        "machine. What the warnings mean: [evaluate](reference/cli.md#evaluate). Rows are in the "
        "order of quality, and order is no claim: intervals that overlap tell nothing apart. "
        f"`version` begins the digest of the entry's folder; {NOTHING} is what an entry does not "
        "have."
    )
    yield ""
    yield (
        "The sample data is generated and a stand-in. The real sets are small, for trying, and "
        "not part of this repository; fewer than 1,000 items cannot rank close models. No score "
        "here is a score of a challenge. What was trained here was trained on sample data only, so "
        "the real sets show what carries over, not what a model of this kind can reach."
    )
    yield ""


def _facts(page: Page, records: Sequence[EvaluationRecord]) -> Iterator[tuple[str, str]]:
    protocol = page.rules.protocols[page.protocol]
    least, most = protocol.looks[0], protocol.looks[-1]
    sessions = f"{least} sessions" if least == most else f"{least} to {most} sessions"
    if records:
        moments = sorted(record.created_utc for record in records)
        yield "measured", f"{_moment(moments[0])} to {_moment(moments[-1])} UTC"
        yield "machine", _machine(records[0].hardware)
        for grade in dict.fromkeys(record.meter.grade for record in records):
            spoken = language(MAIN_LANGUAGE)
            yield "energy", f"{spoken.name('grade', grade)}. {spoken.sentence('grade', grade)}"
    yield (
        "protocol",
        (
            f"{page.protocol}, offline: {sessions} an entry; start, load and "
            f"warm-up spread over {page.rules.energy.amortise_queries:,} queries"
        ),
    )
    rules = page.rules.reference_to_these
    yield "rules", f"version {rules.version}, digest {rules.digest[:DIGITS]}"
    yield "versions", ", ".join(f"{name} {version}" for name, version in page.versions.items())
    yield "to repeat", f"`{page.command}`"


def _machine(hardware: Hardware) -> str:
    facts = [
        hardware.processor,
        f"{hardware.cores} cores",
        f"{hardware.memory_gib} GiB",
        *hardware.accelerators,
        hardware.operating_system,
        f"kernel {hardware.kernel_family}",
    ]
    if hardware.hypervisor:
        facts.append(f"a virtual machine ({hardware.hypervisor})")
    return ", ".join([*facts, f"profile `{hardware.profile}`"])


def _section(section: Section) -> Iterator[str]:
    card = section.card
    yield f"## {card.task.title}"
    yield ""
    yield (
        f"Task `{card.task.id}`, version {card.task.version}, ranked by "
        f"{card.ranked_metric.key}. One query is {card.task.query}."
    )
    yield ""
    for title, table in (("Sample data", section.sample), ("Real data", section.real)):
        yield f"### {title}: {card.task.id}"  # a heading of its own, so that links reach it
        yield ""
        if table.absent:
            yield table.absent
            yield ""
        else:
            yield from _table(card, table.outcomes)


def _table(card: TaskCard, outcomes: Sequence[Outcome]) -> Iterator[str]:
    measured = [(o.record, summarise(o.record, None)) for o in outcomes if o.record is not None]
    shown = [(record, summary) for record, summary in measured if summary.quality is not None]
    without = [o for o in outcomes if o.record is None]
    without += [_failure(record) for record, summary in measured if summary.quality is None]
    if shown:
        _require_one({record.data.digest for record, _ in measured}, "data")
        yield _data(shown[0][0])
        yield ""
        yield from _figures(card, shown)
        yield ""
        if span := _span([summary for _, summary in shown]):
            yield span
            yield ""
    if without:
        yield "Without a result:"
        yield ""
        yield from _without(without)
        yield ""
    if not outcomes:
        yield "There is no reference entry for this task."
        yield ""


def _data(record: EvaluationRecord) -> str:
    data = record.data
    facts = [f"{data.items:,} items"]
    if data.generator_version is not None:
        facts.append(f"generator version {data.generator_version}, seed {data.seed}")
    return f"{', '.join(facts)}; digest `{data.digest[:16]}`."


def _figures(card: TaskCard, shown: Sequence[tuple[EvaluationRecord, Summary]]) -> Iterator[str]:
    others = [metric.key for metric in card.metrics if not metric.ranked]
    titles = [
        "entry", card.ranked_metric.key, *others, "J per 1,000 queries", "meter", "isolation",
        "s per 1,000 queries", "sessions", "warnings", "version",
    ]  # fmt: skip
    yield _row(*titles)
    yield "|" + "---|" * len(titles)
    for record, summary in sorted(shown, key=_by_quality):
        metrics = {each.name: each for each in record.quality.metrics} if record.quality else {}
        yield _row(
            record.submission.entry,
            _with_interval(metrics.get(card.ranked_metric.key)),
            *(f"{metrics[key].value:.3f}" if key in metrics else NOTHING for key in others),
            _joules(summary),
            f"{record.meter.grade} ({', '.join(source.name for source in record.meter.sources)})",
            record.isolation.grade,
            _seconds(summary),
            str(summary.sessions),
            ", ".join(sorted({notice.code for notice in record.warnings})) or "none",
            f"`{record.submission.digest[:DIGITS]}`",
        )


def _by_quality(each: tuple[EvaluationRecord, Summary]) -> tuple[float, float, str]:
    _, summary = each
    joules = summary.joules_per_1000_queries
    return -(summary.quality or 0.0), math.inf if joules is None else joules, summary.entry


def _with_interval(metric: MetricValue | None) -> str:
    if metric is None:
        return NOTHING
    return f"{metric.value:.3f} ({metric.low:.3f} to {metric.high:.3f})"


def _joules(summary: Summary) -> str:
    if summary.joules_per_1000_queries is None:
        return "not resolved"
    interval = summary.joules_interval
    text = significant(summary.joules_per_1000_queries)
    if interval is None:
        return f"{text} (no interval)"
    return f"{text} ({language(MAIN_LANGUAGE).between(interval)})"


def _seconds(summary: Summary) -> str:
    seconds = summary.seconds_per_1000_queries
    return NOTHING if seconds is None else significant(seconds)


def _span(summaries: Sequence[Summary]) -> str:
    """Say how far apart the energies lie; nothing where there are no two."""
    joules = [s.joules_per_1000_queries for s in summaries if s.joules_per_1000_queries]
    if len(joules) < 2:  # noqa: PLR2004 - two make a span
        return ""
    low, high = min(joules), max(joules)
    return (
        f"From {significant(low)} to {significant(high)} J per 1,000 queries: a factor of "
        f"{significant(high / low, 2)}."
    )


def _failure(record: EvaluationRecord) -> Outcome:
    outcome = record.outcome
    reason = "the record holds no quality"
    if isinstance(outcome, Failed):
        reason = f"failed in {outcome.stage} (by fault of the {outcome.blame}): {outcome.message}"
    return Outcome(record.submission.entry, record, reason)


def _without(outcomes: Iterable[Outcome]) -> Iterator[str]:
    for outcome in sorted(outcomes, key=lambda each: each.entry):
        yield f"- `{outcome.entry}`: {_text(outcome.reason)}"


def _require_one(found: set[str], what: str) -> None:
    if len(found) > 1:
        raise UnlikeError(
            f"the records are of different {what}: measure them --again, or --keep another folder"
        )


def _moment(created_utc: str) -> str:
    return created_utc[:16].replace("T", " ")


def _row(*cells: str) -> str:
    return "| " + " | ".join(map(_text, cells)) + " |"


def _text(text: str) -> str:
    """Spell a text of anybody's in one cell or line: no markup but backticks of ours."""
    return plain(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
