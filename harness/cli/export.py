"""``export``: one record in a format that others read, with what the format cannot carry."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    RECORD_ENDING,
    RESULTS_REMEDY,
    JsonOption,
    listed_folder,
    named_path,
    named_text,
    of_no_folder,
    written_text,
)
from harness.cli.output import STANDARD_OUTPUT, print_json, print_note, write_out
from harness.cli.project import find_project
from harness.cli.writing import write_file
from harness.errors import UsageError
from harness.submissions.faults import quoted, suggestion, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.export.formats import Format
    from harness.export.loss import Loss
    from harness.export.subject import Confidentiality, Infrastructure, Options, Subject
    from harness.store.reading import StoredRecord

EXAMPLES = """Examples:

python -m harness export my-team --format boamps --zone FRA --output reports/

python -m harness export record.json --format codecarbon --output emissions.csv

python -m harness export my-team --format model-card --zone SWE --loss lost.json
"""


class FormatName(StrEnum):
    """What a record can be exported to."""

    boamps = "boamps"
    every_eval_ever = "every-eval-ever"
    model_card = "model-card"
    spdx = "spdx"
    codecarbon = "codecarbon"
    challenge_2025 = "challenge-2025"


class ConfidentialityName(StrEnum):
    """How far a report may go, as BoAmps says it."""

    public = "public"
    internal = "internal"
    confidential = "confidential"
    secret = "secret"  # noqa: S105 - a word of the format


class InfrastructureName(StrEnum):
    """Whose machine it ran on, as BoAmps says it."""

    public_cloud = "publicCloud"
    private_cloud = "privateCloud"
    on_premise = "onPremise"
    other = "other"


def export(  # noqa: PLR0917 - typer makes options of them
    what: Annotated[
        str,
        typer.Argument(
            metavar="ENTRY|RECORD.json",
            parser=named_text,
            help="An entry, for its latest completed evaluation, or the file of one record.",
        ),
    ],
    form: Annotated[FormatName, typer.Option("--format", help="What to write.")],
    output: Annotated[
        str,
        typer.Option(
            parser=named_text,
            metavar="FILE",
            help="File to write; in a folder that is there, by the name that the format has for "
            "it; - is standard output.",
        ),
    ] = STANDARD_OUTPUT,
    zone: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE",
            parser=written_text,
            help="Country whose grid carbon is computed for, in three letters.",
            show_default="no carbon",
        ),
    ] = None,
    country: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            parser=written_text,
            help="Where it ran, in words.",
            show_default="the zone's name",
        ),
    ] = None,
    publisher: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            parser=written_text,
            help="Who publishes.",
            show_default="whose key signed, else the team",
        ),
    ] = None,
    confidentiality: Annotated[
        ConfidentialityName | None,
        typer.Option(help="How far a BoAmps report may go.", show_default="public"),
    ] = None,
    infrastructure: Annotated[
        InfrastructureName | None,
        typer.Option(
            help="Whose machine it ran on, for BoAmps.",
            show_default="onPremise, or other below a hypervisor",
        ),
    ] = None,
    loss: Annotated[
        Path | None,
        typer.Option(
            parser=named_path,
            metavar="FILE",
            help="Write what the format cannot carry as JSON, too.",
        ),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            parser=named_path,
            help="Results folder that an entry is looked for in.",
            show_default="leaderboard/results",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write one evaluation in a format that others read.

    The document is validated before it is written. What the format cannot carry is reported on
    standard error, by field, with why.
    """
    from harness.export.formats import FORMATS
    from harness.export.formats import export as exported
    from harness.export.subject import subject_of
    from harness.records.base import pretty_json, printable

    chosen = FORMATS[form.value]
    given = {
        "zone": zone,
        "country": country,
        "publisher": publisher,
        "confidentiality": confidentiality,
        "infrastructure": infrastructure,
    }
    _check_effect(chosen, [name for name, value in given.items() if value is not None])
    options = _options(zone, publisher, country, confidentiality, infrastructure)
    of_record = what.endswith(RECORD_ENDING)
    if of_record and results is not None:
        raise of_no_folder(what)
    stored = _of_record(Path(what)) if of_record else _of_entry(what, results)
    subject = subject_of(stored, _with_modality(options, stored))
    content, lost = exported(subject, chosen), chosen.losses(subject)
    place = _place(output, chosen.file_name(subject), loss)
    if loss is not None:  # first: where it cannot be written nothing is
        write_file(loss, pretty_json({"format": chosen.name, "losses": lost}))
    if place is not None:
        write_file(place, content)
    if as_json:
        print_json(
            {
                "format": chosen.name,
                "record": printable(stored.path),
                "file_name": chosen.file_name(subject),
                "output": None if place is None else printable(str(place)),
                "document": content.decode(),
                "losses": lost,
            }
        )
        return
    if place is None:
        write_out(content)
    _report(subject, chosen.title, lost)


def _check_effect(chosen: Format, given: Sequence[str]) -> None:
    """Refuse what would have no effect: whoever gives it believes that it has one."""
    from harness.export.formats import FORMATS

    faults = []
    for name in given:
        if name not in chosen.options:
            carrying = [each.name for each in FORMATS.values() if name in each.options]
            faults.append(f"--{name}: {chosen.name} has no place for it; it is for "
                          f"{', '.join(carrying)}")  # fmt: skip
    if faults:
        raise UsageError("; ".join(faults), remedy="leave it out, or export to such a format")


def _options(
    zone: str | None,
    publisher: str | None,
    country: str | None,
    confidentiality: ConfidentialityName | None,
    infrastructure: InfrastructureName | None,
) -> Options:
    """Take what was asked; raise ``UsageError`` for an unknown zone."""
    from harness.carbon import carbon_in, read_grid
    from harness.export.subject import Options

    kind: Infrastructure | None = None if infrastructure is None else infrastructure.value
    far: Confidentiality = "public" if confidentiality is None else confidentiality.value
    made = Options(
        publisher=publisher,
        country=country,
        confidentiality=far,
        infrastructure=kind,
    )
    if zone is None:
        return made
    from msgspec.structs import replace

    found = carbon_in(zone, 0.0)
    return replace(made, zone=read_grid().zones[found.zone], source=found.source)


def _with_modality(options: Options, stored: StoredRecord) -> Options:
    """Look up what the task's samples are, where there is a project that has the task."""
    from msgspec.structs import replace

    from harness.errors import HarnessError

    try:
        cards = {card.task.id: card for card in find_project().cards()}
    except HarnessError:
        return options
    card = cards.get(stored.record.task.id)
    return options if card is None else replace(options, modality=card.task.modality)


def _of_record(path: Path) -> StoredRecord:
    from harness.store.single import read_single

    try:
        keys = find_project().key_ring()
    except UsageError:  # a record can be read anywhere; who signed it is known in a project only
        keys = None
    return read_single(path, keys)


def _of_entry(what: str, results: Path | None) -> StoredRecord:
    """Return the latest completed evaluation of an entry that counts, if any does."""
    from harness.ranking.gists import problem_of
    from harness.records.evaluation import Completed
    from harness.store.results import read_all

    project = find_project()
    entry = os.path.basename(os.path.abspath(what))  # noqa: PTH100, PTH119 - follows no link
    folder = listed_folder(results or project.results, RESULTS_REMEDY)
    stored, _ = read_all(folder, project.key_ring())
    completed = [each for each in stored if isinstance(each.record.outcome, Completed)]
    own = [each for each in completed if each.record.submission.entry == entry]
    if not own:
        known = tuple(sorted({each.record.submission.entry for each in completed}))
        raise UsageError(
            f"{folder}: no completed evaluation of {quoted(entry)}{suggestion(entry, known)}",
            remedy="evaluate it first, or name the file of a record",
        )
    counting = [each for each in own if problem_of(each) is None]
    latest = max(counting or own, key=lambda each: (each.record.created_utc, each.path))
    if len(own) > 1:
        left_out = len(own) - len(counting)
        more = f", of which {left_out} {'does' if left_out == 1 else 'do'} not count"
        print_note(
            f"note: {len(own)} evaluations of {visible(entry)}{more if left_out else ''}; "
            f"this is {latest.path}"
        )
    return latest


def _place(output: str, file_name: str, loss: Path | None) -> Path | None:
    """Return where the document goes; ``None`` for standard output."""
    if output == STANDARD_OUTPUT:
        return None
    path = Path(output)
    if path.is_dir():
        path /= file_name
    elif output.endswith("/"):
        raise UsageError(
            f"--output: there is no folder {quoted(output)}",
            remedy="make it first, or name a file in a folder that is there",
        )
    same = loss is not None and os.path.realpath(loss) == os.path.realpath(path)
    if same and not _is_no_file(path):
        raise UsageError(
            f"--output and --loss name one file, {quoted(str(path))}: the one would replace the "
            "other",
            remedy="name two files",
        )
    return path


def _is_no_file(path: Path) -> bool:
    """Whether something is there that is written to, such as a pipe: it takes both."""
    return path.exists() and not path.is_file()


def _report(subject: Subject, title: str, lost: Sequence[Loss]) -> None:
    """Say on standard error what does not arrive: a line for each reason, with its fields."""
    from harness.ranking.gists import UNRANKED_ISOLATION

    if subject.record.isolation.grade == UNRANKED_ISOLATION:
        print_note(
            f"note: nothing kept the entry apart from labels and meter (isolation grade "
            f"{UNRANKED_ISOLATION}): boards do not rank this evaluation"
        )
    print_note(f"what {title} does not carry of {visible(subject.stored.path)}:")
    by_reason: dict[tuple[str, str], list[str]] = {}
    for each in lost:
        by_reason.setdefault((each.kind, each.why), []).append(each.field)
    for (kind, why), fields in sorted(by_reason.items()):
        print_note(f"  {kind}: {', '.join(folded(fields))}: {why}")


def folded(fields: Sequence[str]) -> list[str]:
    """Spell fields of one parent together: ``task.{digest, metric}``."""
    by_parent: dict[str, list[str]] = {}
    for field in fields:
        parent, dot, name = field.rpartition(".")
        by_parent.setdefault(f"{parent}{dot}", []).append(name)
    told = []
    for parent, names in by_parent.items():
        together = ", ".join(names)
        told.append(f"{parent}{{{together}}}" if parent and len(names) > 1 else parent + together)
    return told
