"""The page on the method: how a figure comes about, with limits and margins out of the rules. Pure.

Nothing here knows a limit or a margin by itself: a rule that changes changes the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from msgspec import to_builtins

from harness.records.board import Boards, BoardStatus
from harness.records.meter import Grade
from harness.records.rules import Rules
from harness.records.session import PHASES, Phase
from harness.site.blocks import (
    UNKNOWN,
    Block,
    Column,
    Commands,
    Listing,
    Paragraph,
    Said,
    Section,
    Table,
    code,
    name,
)
from harness.site.blocks_html import html, inline
from harness.site.frame import INDEX, contents, framed
from harness.site.paths import METHOD, in_language, safe_name, to_top
from harness.site.wording import Wording, wording

DOCUMENTS = (
    "docs/explanation/measurement.md",
    "docs/explanation/protocol.md",
    "docs/explanation/statistics.md",
    "docs/explanation/statistics-claims.md",
    "docs/explanation/campaigns.md",
    "docs/explanation/disturbance.md",
    "docs/explanation/isolation.md",
    "docs/explanation/threat-model.md",
)
"""Files of the repository: a site may lie anywhere, so that they are named and not linked to."""
SPREAD = ("start", "load", "warm-up")
FULL = ("measured", "drain")


def render_method(boards: Boards, rules: Rules, language: str, address: str = "") -> bytes:
    """Return the page on the method, ``method.html`` in that language.

    ``boards`` are those of the site, which may have been made under other rules than ``rules``,
    those in force. ``address`` is where the site is published. The same input gives the same bytes.
    """
    words = wording(language)
    page = in_language(METHOD, language)
    rules_named = (
        words.text("method.rules", version=name(rules.version, 40).text),
        " ",
        code(rules.reference_to_these.digest),
    )
    home = f"{to_top(page)}{in_language(INDEX, language)}"
    shown = tuple(sections(boards, rules, words, home=home))
    title, lead = words.say["method.title"], words.say["method.lead"]
    return framed(
        language,
        page=METHOD,
        title=title,
        skip=words.say["method.skip"],
        head=f'<h1>{inline(title)}</h1>\n<p class="lead">{inline(lead)}</p>\n',
        body=html((Paragraph(rules_named, "banner"),)) + contents(shown, words) + html(shown),
        address=address,
    )


def sections(boards: Boards, rules: Rules, words: Wording, *, home: str) -> Iterator[Section]:
    """Yield the sections; ``home`` is the page of all boards."""
    yield _figure(rules, words)
    yield _phases(rules, words)
    yield _measured(words)
    yield _intervals(rules, words)
    yield _ranks(rules, words)
    yield _floor(rules, words)
    yield _prizes(rules, words)
    yield _codes("statuses", "status", get_args(BoardStatus), words)
    yield _codes("grades", "grade", get_args(Grade), words, words.say["method.grades_why"])
    grades = words.either(rules.boards.official_isolation)
    isolation = words.text("method.isolation_why", grades=grades)
    yield Section("isolation", words.say["method.isolation"], (Paragraph(isolation),))
    yield _disturbance(rules, words)
    yield _hidden(rules, words)
    if boards.boards:
        yield _boards(boards, rules, words, home)
    yield _everything(rules, words)
    documents = Listing(tuple(map(code, DOCUMENTS)))
    yield Section("more", words.say["method.more"], (documents,))


def _figure(rules: Rules, words: Wording) -> Section:
    say = words.say
    formula = words.text("method.figure_formula", amortise=rules.energy.amortise_queries)
    return Section(
        "figure",
        say["method.figure"],
        (
            Paragraph(say["method.figure_sandbox"]),
            Paragraph(say["method.figure_energy"]),
            Commands((formula,), "text"),
            Paragraph(say["method.figure_gross"]),
            Paragraph(words.everyday_source()),
            Paragraph(say["method.figure_quality"]),
        ),
    )


def _phases(rules: Rules, words: Wording) -> Section:
    say, official = words.say, rules.protocols["official"]
    spread = words.text("method.counts_spread", queries=rules.energy.amortise_queries)
    happens: dict[Phase, str] = {
        "idle-before": say["method.idle_before"],
        "start": say["method.start"],
        "load": say["method.load"],
        "warm-up": words.text("method.warm_up", queries=official.warm_up_queries),
        "measured": words.text(
            "method.measured", seconds=words.plain_number(official.measured_seconds)
        ),
        "drain": say["method.drain"],
        "idle-after": say["method.idle_after"],
    }

    def counts(phase: Phase) -> str:
        if phase in SPREAD:
            return spread
        return say["method.counts_full" if phase in FULL else "method.counts_not"]

    table = Table(
        say["method.phases"],
        (
            Column(say["entry.phase"]),
            Column(say["method.what_happens"]),
            Column(say["method.counts"]),
        ),
        tuple((words.named("phase", each), happens[each], counts(each)) for each in PHASES),
    )
    return Section(
        "phases",
        say["method.phases"],
        (Paragraph(say["method.phases_why"]), table, Paragraph(say["method.phases_variants"])),
    )


def _measured(words: Wording) -> Section:
    say = words.say
    return Section(
        "measured",
        say["method.measured_title"],
        (
            Paragraph(Said("strong", say["method.is_measured"])),
            Listing(tuple(words.text(f"method.is_{n}") for n in range(1, 5))),
            Paragraph(Said("strong", say["method.is_not_measured"])),
            Listing(tuple(words.text(f"method.not_{n}") for n in range(1, 5))),
        ),
    )


def _intervals(rules: Rules, words: Wording) -> Section:
    say = words.say
    looks = Table(
        say["method.looks"],
        (
            Column(say["method.protocol"]),
            Column(say["method.looks"], number=True),
            Column(say["method.half_width"], number=True),
        ),
        tuple(
            (
                code(protocol),
                words.together([*map(str, each.looks)]),
                f"±{words.plain_percent(each.half_width)}",
            )
            for protocol, each in sorted(rules.protocols.items())
        ),
    )
    return Section(
        "intervals",
        say["method.intervals"],
        (
            Paragraph(words.text("method.intervals_energy", sessions=rules.boards.min_sessions)),
            Paragraph(say["method.intervals_quality"]),
            Paragraph(say["method.intervals_looks"]),
            looks,
            Paragraph(say["method.intervals_meter"]),
        ),
    )


def _ranks(rules: Rules, words: Wording) -> Section:
    say, ranking = words.say, rules.ranking
    share = words.plain_percent
    beats = words.text(
        "method.ranks_beats",
        quality=words.plain_number(ranking.quality_margin),
        energy=share(ranking.energy_margin),
        confidence=share(ranking.confidence),
        draws=ranking.draws,
    )
    campaigns = words.text(
        "method.ranks_campaigns",
        spread=share(rules.campaigns.control_spread),
        campaigns=rules.campaigns.least,
    )
    return Section(
        "ranks",
        say["method.ranks"],
        (
            Paragraph(beats),
            Paragraph(say["method.ranks_range"]),
            Paragraph(say["method.ranks_front"]),
            Paragraph(campaigns),
        ),
    )


def _floor(rules: Rules, words: Wording) -> Section:
    say = words.say
    blocks: list[Block] = [
        Paragraph(
            words.text("method.floor_why", multiple=words.plain_number(rules.energy.floor_multiple))
        ),
        Paragraph(say["method.class_why"]),
    ]
    if rules.reference:
        blocks.append(
            Table(
                say["method.reference"],
                (
                    Column(say["method.reference"]),
                    Column(say["method.null"]),
                    Column(say["method.control"]),
                    Column(say["method.middle"]),
                ),
                tuple(
                    (
                        name(task),
                        name(each.null),
                        UNKNOWN if each.control is None else name(each.control),
                        UNKNOWN if each.energy_class is None else name(each.energy_class),
                    )
                    for task, each in sorted(rules.reference.items())
                ),
            )
        )
    return Section("floor", say["method.floor"], tuple(blocks))


def _prizes(rules: Rules, words: Wording) -> Section:
    say = words.say
    blocks: list[Block] = [
        Paragraph(words.text("method.prizes_why", items=rules.prizes.least_items))
    ]
    if rules.prizes.tasks:
        blocks.append(
            Table(
                say["method.prizes"],
                (
                    Column(say["method.prizes"]),
                    Column(say["method.prize_floor"], number=True),
                    Column(say["method.prize_budget"], number=True),
                ),
                tuple(
                    (
                        name(task),
                        words.plain_number(each.quality_floor),
                        words.plain_number(each.budget_joules_per_1000_queries),
                    )
                    for task, each in sorted(rules.prizes.tasks.items())
                ),
            )
        )
    return Section("prizes", say["method.prizes"], tuple(blocks))


def _codes(key: str, kind: str, codes: tuple[str, ...], words: Wording, first: str = "") -> Section:
    """Explain everything of one kind that has a code."""
    listing = Listing(
        tuple(
            (Said("strong", words.named(kind, each)), " ", words.explained(kind, each))
            for each in codes
        )
    )
    blocks: tuple[Block, ...] = (Paragraph(first), listing) if first else (listing,)
    return Section(key, words.text(f"method.{key}"), blocks)


def _disturbance(rules: Rules, words: Wording) -> Section:
    say = words.say
    limits = to_builtins(rules.disturbance)

    def spelt(key: str) -> str:
        value = limits[key]
        return words.plain_number(value) if key == "throttle_events" else words.plain_percent(value)

    table = Table(
        say["method.disturbance"],
        (Column(say["method.seen"]), Column(say["method.limit"], number=True)),
        tuple((words.text(f"method.limit_{key}"), spelt(key)) for key in limits),
    )
    repeats = words.text("method.disturbance_why", repeats=rules.protocols["official"].max_repeats)
    return Section("disturbance", say["method.disturbance"], (Paragraph(repeats), table))


def _hidden(rules: Rules, words: Wording) -> Section:
    step = words.plain_number(rules.boards.quality_step)
    if rules.quota is None:
        text = words.text("method.hidden_no_quota", step=step)
    else:
        quota = rules.quota.official_evaluations
        text = words.text("method.hidden_why", step=step, quota=quota)
    return Section("hidden", words.say["method.hidden"], (Paragraph(text),))


def _boards(boards: Boards, rules: Rules, words: Wording, home: str) -> Section:
    say, digest = words.say, rules.reference_to_these.digest

    def under(board_digest: str, version: str) -> str:
        if board_digest == digest:
            return say["method.in_force"]
        return words.text("method.other_rules", version=name(version, 40).text)

    table = Table(
        say["method.boards"],
        (
            Column(say["method.board"]),
            Column(say["method.status"]),
            Column(say["method.made_under"]),
        ),
        tuple(
            (
                Said(
                    "link",
                    name(words.board_title(each), 160).text,
                    f"{home}#board-{safe_name(each.id)}",
                ),
                words.named("status", each.status),
                under(each.rules_digest, each.rules_version),
            )
            for each in boards.boards
        ),
    )
    return Section("boards", say["method.boards"], (table,))


def _everything(rules: Rules, words: Wording) -> Section:
    say = words.say
    table = Table(
        say["method.everything"],
        (Column(say["method.rule"]), Column(say["method.number"], number=True)),
        tuple((code(key), _value(value, words)) for key, value in _flat(to_builtins(rules), "")),
    )
    return Section(
        "everything", say["method.everything"], (Paragraph(say["method.everything_why"]), table)
    )


def _flat(table: Mapping[str, Any], within: str) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{within}{key}.")
        elif value is not None:
            yield f"{within}{key}", value


def _value(value: Any, words: Wording) -> str | Said:  # noqa: ANN401 - whatever rules hold
    if isinstance(value, str):
        return name(value)
    if isinstance(value, (list, tuple)):
        return words.together([_text(each, words) for each in value])
    return _text(value, words)


def _text(value: Any, words: Wording) -> str:  # noqa: ANN401 - as above
    return words.plain_number(value) if isinstance(value, (int, float)) else name(str(value)).text
