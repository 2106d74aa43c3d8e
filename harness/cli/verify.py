"""``verify``: compute a results folder again, and name what does not hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import JsonOption, listed_folder, named_path
from harness.cli.output import in_colour, print_json, print_line
from harness.cli.project import Project, find_project
from harness.cli.terminal.progress import ProgressLine, progress_on_terminal
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.records.board import Problem
    from harness.records.finding import Finding
    from harness.store.results import StoredRecord
    from harness.verification.references import References
    from harness.verification.subject import Subject

EXAMPLES = """Examples:

python -m harness verify

python -m harness verify leaderboard/results --data my-data --published

python -m harness verify --json > verified.json
"""

REMEDIES = {
    "unreadable": "make it a file that can be read, or remove it",
    "symlink": "put the file itself there, or remove the link",
    "not-json": "restore the file from the repository's history or a backup, or remove it",
    "schema-version": "use the version of the harness that is named, or evaluate again",
    "fields": "restore the file from the repository's history or a backup, or remove it",
    "altered": "restore the file from the repository's history or a backup, or remove it",
    "misplaced": "move it to the place that is named, if you know how it came here; if you named "
    "a part of a results folder, name the whole",
    "unsigned": "restore the file from the repository's history, or evaluate with --sign",
    "key-unknown": "bring the organiser's public key to leaderboard/keys by a review, or remove "
    "the record: anybody can make a key",
    "signature-invalid": "restore the file from the repository's history or a backup, or remove it",
    "key-revoked": "evaluate again with another key; or, if you know the record from elsewhere, "
    "name its digest in keep",
    "no-demonstration": "remove it, and evaluate the entry again without --demonstration",
    "items-altered": "restore the file from a backup, or remove it",
}
"""By the code of a problem of reading."""


def verify(
    results: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RESULTS]",
            parser=named_path,
            help="Results folder.",
            show_default="leaderboard/results",
        ),
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            parser=named_path,
            help="Directory with the data of results that are not on sample data; several times "
            "for several data sets.",
            show_default=False,
        ),
    ] = None,
    published: Annotated[
        bool,
        typer.Option("--published", help="Leave out this machine's own, self-reported results."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Compute digests, signatures and statistics of all results again, offline.

    Named is every record that was altered, is unsigned, or does not match its entry, task, data or
    rules. Exit code 1 when there is a finding; what moved on since, as it may, is none.
    """
    project = find_project()
    folder = results or project.results
    for named in filter(None, (results, *(data or ()))):
        listed_folder(named, "name a folder that can be listed")
    with progress_on_terminal() as progress:
        document = _document(project, folder, data or (), progress, local=not published)
    if as_json:
        print_json(document)
    else:
        _print(document)
    if document["findings"]:
        raise typer.Exit(1)


def _document(
    project: Project, folder: Path, data: Sequence[Path], progress: ProgressLine, *, local: bool
) -> dict[str, Any]:
    from harness.cli.building.joints import Joints
    from harness.cli.joint_findings import check_joints
    from harness.records.finding import Finding
    from harness.store.joint import FOLDER, digests_there, joint_folder
    from harness.store.paths import items_path
    from harness.store.results import orphaned_items, read_all, read_items
    from harness.submissions.faults import visible
    from harness.verification.subject import Subject
    from harness.verification.windows import check_replays, check_rounds

    stored, problems = read_all(folder, project.key_ring(), local=local)
    if not stored:
        _require_results_folder(folder, problems)
    references = _references(project, data)
    found = [
        Finding(
            kind="finding", path=each.path, code=each.code, message=each.message,
            remedy=REMEDIES[each.code],
        )
        for each in problems
    ]  # fmt: skip
    unfit = {each.path for each in problems}
    subjects: list[Subject] = []
    records: list[dict[str, Any]] = []
    for done, each in enumerate(stored):
        progress.verified(visible(each.path), done, len(stored))
        subject = Subject(
            each.path, each.record, each.digest, each.verified, read_items(folder, each),
            outcomes_unfit=items_path(each.path, each.record) in unfit,
        )  # fmt: skip
        of_it = [*_check(subject, references)]
        subjects.append(subject)
        found += of_it
        records.append(_summary(each, of_it))
    found += check_replays(subjects)
    found += check_rounds(subjects)
    found += check_joints(Joints(project, folder), stored)
    found += [
        Finding(
            kind="note", path=path, code="items-orphaned",
            message="the outcomes of single items, and no record of them beside it",
            remedy="remove it if an evaluation was killed just then; else ask for the record",
        )
        for path in orphaned_items(folder, local=local)
    ]  # fmt: skip
    found.sort(key=lambda each: (each.path, each.code, each.message))
    return {
        "results": str(folder),
        "records": records,
        "joints": [
            {"path": f"{FOLDER}/{name}", "digest": digest}
            for name, digest in digests_there(joint_folder(folder)).items()
        ],
        "findings": [each for each in found if each.kind == "finding"],
        "history": [each for each in found if each.kind == "history"],
        "notes": [each for each in found if each.kind == "note"],
    }


def _require_results_folder(folder: Path, problems: Sequence[Problem]) -> None:
    """Refuse a part of a results folder, or what is around one: all in it would look misplaced."""
    from harness.cli.terminal.spelt import shown_path
    from harness.store.misplaced import results_folders

    meant = results_folders(folder, problems)
    if meant:
        raise UsageError(
            f"{folder}: is not a results folder: the records in it lie as they should under "
            f"{', '.join(shown_path(each) for each in meant)}",
            remedy=f"name {'it' if len(meant) == 1 else 'one of them'}",
        )


def _references(project: Project, data: Sequence[Path]) -> References:
    from harness.cli.check import check_context
    from harness.records.profile_file import SUFFIX, find_profiles, read_profile
    from harness.verification.references import References

    profiles = {
        name: read_profile(project.hardware / f"{name}{SUFFIX}").digest
        for name in find_profiles(project.hardware)
    }
    return References(project.root, check_context(project), project.rule_book(), profiles, data)


def _check(subject: Subject, references: References) -> Iterator[Finding]:
    """Hold one record against the project and against itself."""
    from harness.ranking.gists import UNRANKED_ISOLATION
    from harness.ranking.usable import why_void, why_without_figures
    from harness.verification.references import check_references, split_of, task_of
    from harness.verification.statistics import check_statistics
    from harness.verification.windows import check_windows

    yield from _standing(subject)
    yield from check_references(subject, references)
    if subject.record.isolation.grade == UNRANKED_ISOLATION:
        yield subject.found(
            "isolation-d",
            "is on no board: the entry was not kept apart (isolation grade D)",
            "evaluate it where it is kept apart, see doctor, for a result that counts",
            "note",
        )
    if void := why_void(subject.record):
        yield subject.found(
            "void-campaign",
            f"is on no board: {void}",
            "keep it, as a record of that day; an evaluation that counts is a new one",
            "note",
        )
    if why := why_without_figures(subject.record):
        yield subject.found("unusable", f"has no figures: {why}", "evaluate the entry again")
        return
    yield from check_windows(subject, references.rules.of(subject.record.rules.digest))
    task = task_of(subject, references)
    if task is None:
        yield subject.found(
            "quality-unchecked",
            "its quality is not computed again: its task, as it was, is not here",
            "check out the task as it was, if the record is to be verified in full",
            "note",
        )
    else:
        yield from check_statistics(subject, task, split_of(subject, references))


def _standing(subject: Subject) -> Iterator[Finding]:
    if subject.verified:
        return
    if subject.record.demonstration:
        yield subject.found(
            "demonstration",
            "is unsigned, as every record of the demonstration: nobody vouches for it",
            "nothing: it decides nothing",
            "note",
        )
    else:
        yield subject.found(
            "unsigned",
            "is self-reported: no organiser signed it",
            "have the organiser evaluate the entry with --sign; --published leaves these out",
        )


def _summary(stored: StoredRecord, found: Sequence[Finding]) -> dict[str, Any]:
    """Return a record's own line: whose it is, who vouches for it, its figures computed again."""
    from harness.ranking.summary import summarise

    record = stored.record
    standing = "demonstration" if record.demonstration else "self-reported"
    usable = all(each.code != "unusable" for each in found)
    summary = summarise(record, stored.path) if usable else None
    return {
        "path": stored.path,
        "digest": stored.digest,
        "task": record.task.id,
        "entry": record.submission.entry,
        "standing": "verified" if stored.verified else standing,
        "signed_by": stored.signed_by,
        "status": "completed" if summary is None else summary.status,
        "quality": summary and summary.quality,
        "quality_interval": summary and summary.quality_interval,
        "joules_per_1000_queries": summary and summary.joules_per_1000_queries,
        "joules_interval": summary and summary.joules_interval,
    }


def _print(document: dict[str, Any]) -> None:
    from harness.submissions.faults import visible

    for each in document["findings"]:
        code = in_colour(each.code, "red")
        print_line(f"{visible(each.path)}: {code} {visible(each.message)}")
        print_line(f"    fix: {each.remedy}")
    for title, colour in (("history", "yellow"), ("notes", "yellow")):
        for (code, message), paths in _grouped(document[title]):
            print_line(f"{title}: {in_colour(code, colour)} {visible(message)}")
            for path in paths:
                print_line(f"    {visible(path)}")
    print_line(_verdict(document))


def _grouped(found: Iterable[Finding]) -> Iterable[tuple[tuple[str, str], list[str]]]:
    paths: dict[tuple[str, str], list[str]] = {}
    for each in found:
        paths.setdefault((each.code, each.message), []).append(each.path)
    return paths.items()


def _verdict(document: dict[str, Any]) -> str:
    standings = [record["standing"] for record in document["records"]]
    counted = [
        f"{standings.count(standing)} {standing}"
        for standing in ("verified", "self-reported", "demonstration")
        if standing in standings
    ]
    records = f"{len(standings)} record{'' if len(standings) == 1 else 's'} can be read"
    of_which = f" ({', '.join(counted)})" if counted else ""
    wrong = len(document["findings"])
    if wrong:
        outcome = in_colour(f"{wrong} finding{'' if wrong == 1 else 's'}", "red")
    elif not standings:
        outcome = "there is nothing to verify"
    else:
        outcome = in_colour("all hold", "green")
    return f"{records}{of_which}: {outcome}"
