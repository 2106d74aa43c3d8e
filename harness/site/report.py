"""One entry's result as a page by itself: a file to attach, or text for a pull request. Pure.

It says what the entry's page on the site says, of the same blocks. In HTML it is one file that asks
for nothing else; in Markdown it is what GitHub and GitLab show.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.errors import ConfigurationError
from harness.ranking.status import board_status
from harness.ranking.summary import Summary, energy_parts, summarise
from harness.ranking.usable import why_without_figures
from harness.records.board import Board, BoardEntry, BoardStatus, FailedEntry
from harness.records.energy import is_resolved
from harness.records.evaluation import Failed
from harness.records.rule_book import KnownRules
from harness.site.blocks import Paragraph, Section, name
from harness.site.blocks_html import html
from harness.site.blocks_markdown import escaped, markdown
from harness.site.entry_page import banners, heading, sections, title
from harness.site.entry_view import EntryView, StoredLike, entry_view
from harness.site.frame import alone
from harness.site.wording import Wording, wording
from harness.site.words import is_told_in_charges


def report_html(view: EntryView, language: str) -> bytes:
    """Return the report as one HTML file, its style within."""
    words = wording(language)
    return alone(
        language,
        title=title(view, words),
        skip=words.say["entry.skip"],
        head=heading(view, words),
        body=html(banners(view, words)) + html(_sections(view, words)),
        foot=html(_footer(view, words)),
    )


def report_markdown(view: EntryView, language: str) -> bytes:
    """Return the report as Markdown."""
    words = wording(language)
    submission = view.latest.record.submission
    blocks = (
        Paragraph((name(submission.name), " · ", name(view.team))),
        Paragraph(words.said_title(view.board)),
        *banners(view, words),
        *_sections(view, words),
        *_footer(view, words),
    )
    return f"# {escaped(title(view, words))}\n\n{markdown(blocks)}".encode()


def _footer(view: EntryView, words: Wording) -> Iterator[Paragraph]:
    """Say what it was made of; and what a unit that people know is taken to be."""
    yield Paragraph(words.say["entry.footer" if view.on_board else "report.footer"])
    if view.entry is not None and is_told_in_charges(view.board, view.entry):
        yield Paragraph(words.everyday_source(), "explain")


def _sections(view: EntryView, words: Wording) -> list[Section]:
    return [each for each in sections(view, words) if each.id != "history" or len(view.history) > 1]


def view_of_record(stored: StoredLike, rules: KnownRules | None) -> EntryView:
    """Put together what one record tells by itself: no rank, for a rank is among others.

    ``rules`` say whether what an organiser signed is official; ``None`` outside of a project, where
    nobody's signature was checked either. Raises ``ConfigurationError`` where it completed and no
    figure follows from it.
    """
    if why := why_without_figures(stored.record):
        raise ConfigurationError(
            f"{stored.path}: no report can be made of it: {why}", remedy="evaluate the entry again"
        )
    board = _board_of(stored, rules)
    return entry_view(board, stored.record.submission.entry, (stored,), on_board=False)


def _status(stored: StoredLike, rules: KnownRules | None) -> BoardStatus:
    verified = stored.signed_by is not None
    if rules is not None:
        named = stored.record.rules.digest
        return board_status(stored.record, rules.of(named), verified=verified)
    return "demonstration" if stored.record.demonstration else "self-reported"


def _board_of(stored: StoredLike, rules: KnownRules | None) -> Board:
    """Make the board of a single record: what it was made of, and one row or one failure."""
    record = stored.record
    failed = isinstance(record.outcome, Failed)
    return Board(
        id="report",
        task=record.task.id,
        task_title=record.task.title,
        task_version=record.task.version,
        metric=record.task.metric,
        scenario=record.scenario,
        data_source=record.data.source,
        data_digest=record.data.digest,
        items=record.data.items,
        profile=record.hardware.profile,
        hardware=record.hardware.processor,
        components=record.meter.components,
        meter_grade=record.meter.grade,
        sources=record.meter.sources,
        rules_version=record.rules.version,
        rules_digest=record.rules.digest,
        status=_status(stored, rules),
        entries=() if failed else (_row(stored, summarise(record, stored.path)),),
        failed=(_failure(stored, record.outcome),) if isinstance(record.outcome, Failed) else (),
        notes=(),
    )


def _row(stored: StoredLike, summary: Summary) -> BoardEntry:
    record, submission = stored.record, stored.record.submission
    if summary.quality is None or summary.quality_interval is None:
        raise ValueError(f"{stored.path} has no quality")
    if summary.seconds_per_1000_queries is None:
        raise ValueError(f"{stored.path} took no time")
    resolved = bool(record.sessions) and all(map(is_resolved, record.sessions))
    return BoardEntry(
        rank=None,
        entry=submission.entry,
        team=submission.team,
        name=submission.name,
        description=submission.description,
        family=submission.family,
        quality=summary.quality,
        quality_interval=summary.quality_interval,
        joules_per_1000_queries=summary.joules_per_1000_queries,
        joules_interval=summary.joules_interval,
        joules_uncertainty=summary.joules_uncertainty,
        active_joules_per_1000_queries=summary.active_joules_per_1000_queries,
        seconds_per_1000_queries=summary.seconds_per_1000_queries,
        measured_watts=summary.measured_watts,
        parts=energy_parts(record.sessions) if resolved else None,
        on_front=False,
        front_support=None,
        energy_class=None,
        prizes=(),
        verified=stored.signed_by is not None,
        at_floor=False,
        baseline=False,
        sessions=len(record.sessions),
        metrics=() if record.quality is None else record.quality.metrics,
        digest=submission.digest,
        evaluations=(stored.path,),
        earlier_digests=(),
        isolation_grade=record.isolation.grade,
        warnings=record.warnings,
        quality_step=None if record.quality is None else record.quality.step,
    )


def _failure(stored: StoredLike, outcome: Failed) -> FailedEntry:
    submission = stored.record.submission
    return FailedEntry(
        entry=submission.entry,
        team=submission.team,
        stage=outcome.stage,
        blame=outcome.blame,
        message=outcome.message,
        path=stored.path,
    )
