"""``compare``: whether one entry is better than another, or a new version than the one before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import JsonOption, named_path, named_text
from harness.cli.output import print_json, print_note, stdout_console
from harness.cli.project import Project, find_project
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.cli.comparing.sides import Named
    from harness.ranking.compare import Comparison, Contender, Margins
    from harness.ranking.paired_quality import OfSessions
    from harness.ranking.pairing import Evaluations
    from harness.records.rules import Rules

EXAMPLES = """Examples:

python -m harness compare climate-tfidf climate-static

python -m harness compare kept/chainsaw/mine/20261125T214502Z-8c00ffaf.json submissions/mine

python -m harness compare climate-tfidf my-team --fail-on-regression

python -m harness compare my-team their-team --results path/to/results --json
"""


def compare(  # noqa: PLR0917 - typer makes options of them
    a: Annotated[
        str,
        typer.Argument(
            metavar="A", parser=named_text, help="An entry, by name or folder, or a record."
        ),
    ],
    b: Annotated[
        str,
        typer.Argument(metavar="B", parser=named_text, help="Another; it is judged beside A."),
    ],
    results: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            parser=named_path,
            help="Results folder that entries are looked for in.",
            show_default="leaderboard/results",
        ),
    ] = None,
    fail_on_regression: Annotated[
        bool,
        typer.Option(
            "--fail-on-regression",
            help="Exit with 1 when B is certainly worse, by more than a margin, or not up to date.",
        ),
    ] = False,
    quality_margin: Annotated[
        float | None,
        typer.Option(
            min=0.0, help="Difference of quality that counts as none.", show_default="the rules'"
        ),
    ] = None,
    energy_margin: Annotated[
        float | None,
        typer.Option(
            min=0.0, help="Share of energy that counts as none.", show_default="the rules'"
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether B is better than A in quality or energy, and how sure that is.

    An entry stands for its latest version's evaluations, as on a board.
    """
    project = find_project()
    margins = _margins(project.rules(), quality_margin, energy_margin)
    made = make_comparison(project, (a, b), results, margins)
    if fail_on_regression and made.a.evaluations == made.b.evaluations:
        raise UsageError(
            f"{a} and {b} stand for the same evaluations, and --fail-on-regression could not fail",
            remedy="name the record of the version before as A, and evaluate the new one for B",
        )
    if as_json:
        print_json(made)
    else:
        from harness.cli.building.team_names import teams_at_hand
        from harness.cli.comparing.telling import print_comparison

        print_comparison(stdout_console(), made, teams_at_hand(project))
    if fail_on_regression:
        _end_on_regression(made)


def _end_on_regression(made: Comparison) -> None:
    """Say what would fail a comparison, and end with exit code 1 where there is any."""
    from harness.submissions.faults import visible

    if made.energy.status == "not-compared":
        print_note(f"no regression of energy can be seen: {visible(made.energy.reason)}")
    if made.regressions:
        print_note(f"regression: {' and '.join(made.regressions)}")
    for each in made.stale:
        print_note(f"not up to date: {visible(each.message)}; {each.remedy}")
    if made.regressions or made.stale:
        raise typer.Exit(1)


def make_comparison(
    project: Project, texts: tuple[str, str], results: Path | None, margins: Margins
) -> Comparison:
    """Find what the two arguments name, and compare it."""
    from harness.cli.comparing.items import compared_items
    from harness.cli.comparing.sides import find, names_of, notes_on, pair_of, sources_of
    from harness.ranking.compare import compare as compare_contenders

    known = project.rule_book()
    sources = sources_of(project, texts, results)
    named = [find(text, source, known) for text, source in zip(texts, sources, strict=True)]
    one, other, notes = pair_of(named[0], named[1])
    rules = known.of(one.members[-1].record.rules.digest)
    sides = [*zip(named, (one, other), strict=True)]
    items = compared_items(project, sides)
    contenders = [
        contender(name, side, of_sessions)
        for name, side, of_sessions in zip(
            names_of(one, other), sides, items.of_sessions, strict=True
        )
    ]
    return compare_contenders(
        contenders[0],
        contenders[1],
        items.evidence,
        margins,
        few_sessions=rules.boards.min_sessions,
        least_campaigns=rules.campaigns.least,
        floor_joules=_floor(named, one, rules),
        notes=(*notes, *notes_on(project, sides[0]), *items.notes),
        stale=notes_on(project, sides[1]),
    )


def contender(name: str, side: tuple[Named, Evaluations], of_sessions: OfSessions) -> Contender:
    """Put one side together, with the control entry's part in its campaigns."""
    from harness.ranking.compare import Contender
    from harness.ranking.pairing import controls_of

    named, evaluations = side
    return Contender(
        name=name,
        records=tuple(each.record for each in evaluations.members),
        paths=evaluations.paths,
        standing=evaluations.status,
        of_sessions=of_sessions,
        controls=tuple(controls_of(evaluations, named.source.stored)),
    )


def _margins(rules: Rules, quality: float | None, energy: float | None) -> Margins:
    """Take what is asked for, else the rules' margins."""
    import math

    from harness.ranking.compare import Margins

    for option, value in (("--quality-margin", quality), ("--energy-margin", energy)):
        if value is not None and not math.isfinite(value):
            raise UsageError(f"{option}: is {value}", remedy="give a finite number")
    return Margins(
        quality=rules.ranking.quality_margin if quality is None else quality,
        energy=rules.ranking.energy_margin if energy is None else energy,
    )


def _floor(named: list[Named], one: Evaluations, rules: Rules) -> float | None:
    """Return the energy under which an entry is at the floor, where the null entry's is known."""
    from harness.ranking.figures import figures
    from harness.ranking.pairing import evaluations_of, why_not
    from harness.ranking.usable import resolved_records

    record = one.members[-1].record
    reference = rules.reference.get(record.task.id)
    if reference is None:
        return None
    found = {
        each.path: each
        for each in (stored for name in named for stored in name.source.stored)
        if each.record.submission.entry == reference.null and why_not(each) is None
    }
    if not found:
        return None
    key = {name: value for name, value in one.key.items() if name != "status"}
    try:
        nulls = evaluations_of(found.values(), rules)
    except UsageError:  # they contradict each other: a board has no floor then, either
        return None
    for null in nulls:
        resolved = resolved_records([each.record for each in null.members])
        if resolved and key.items() <= null.key.items():
            return rules.energy.floor_multiple * figures(resolved).joules_per_1000_queries
    return None
