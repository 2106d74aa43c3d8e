"""What the ``data`` commands print, as text and for programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.output import in_colour, print_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.tasks import TaskCard
    from harness.tasks.fetching import Fetched
    from harness.tasks.kept import Half, KeptSet
    from harness.tasks.verifying import DataReport

_SHORT = 12
_WHO = {
    True: "public: results on it stand on no official board",
    False: "nobody else's; where others have the files, import them with --public",
}


def licence_of(card: TaskCard, stated: str | None) -> str:
    """Return the licence as the hub states it, and as the task's card does where that differs."""
    declared = card.task.licence
    if stated is None or stated.casefold() == declared.casefold():
        return declared
    return f"{stated} (the task's card says {declared})"


def source_summary(card: TaskCard) -> dict[str, Any]:
    """Return a task's sources, and what of them is here."""
    from harness.tasks.hub import sets_here

    return {
        "id": card.task.id,
        "sources": card.data_sources,
        "sample": card.sample,
        "hub": card.hub,
        "licence": card.task.licence,
        "here": [_here(folder, found) for folder, found in sets_here(card)],
    }


def _here(folder: Path, found: KeptSet | Half | str) -> dict[str, Any]:
    """Return what is here of one commit."""
    from harness.tasks.kept import KeptSet

    kept = found if isinstance(found, KeptSet) else None
    half = None if isinstance(found, (KeptSet, str)) else found
    return {
        "revision": folder.name.partition("@")[2].removesuffix(".partial"),
        "complete": kept is not None,
        "fault": found if isinstance(found, str) else None,
        "folder": str(folder),
        "bytes": kept.bytes if kept else half and half.bytes_here,
        "bytes_in_all": kept.bytes if kept else half and half.bytes,
        "digest": kept and kept.digest,
        "test_items": kept and kept.test_items,
        "train_items": kept and kept.train_items,
        "licence": kept and kept.licence,
    }


def print_sources(card: TaskCard) -> None:
    """Print a task's sources, and what of them is here."""
    from harness.cli.errors import printable

    summary = source_summary(card)
    sample, hub = card.sample, card.hub
    rows = [("--data", ", ".join(card.data_sources))]
    items = f"{sample.train_items:,} items to train on, {sample.test_items:,} to test on"
    rows.append(("sample", f"{items}; generator version {sample.generator_version}"))
    if hub is None:
        rows.append(("hub", "none"))
    else:
        pinned = f"pinned at {hub.revision}" if hub.revision else "no revision pinned"
        pinned += f", digest {hub.digest[:_SHORT]}…" if hub.digest else ""
        gated = ", gated: terms to accept first" if hub.gated else ""
        rows.append(("hub", f"{hub.id}, {pinned}{gated}"))
        rows.append(("licence", card.task.licence))
    for found in summary["here"]:
        if found["complete"]:
            told = f"{found['test_items']:,} test items, digest {found['digest'][:_SHORT]}…"
            told = f"{found['bytes'] / 1e6:,.1f} MB, {told}"
        elif found["fault"]:
            told = printable(found["fault"])
        else:
            part, whole = found["bytes"] / 1e6, found["bytes_in_all"] / 1e6
            told = f"half fetched, {part:,.1f} of {whole:,.1f} MB: fetch it again, and it goes on"
        rows.append(("here", f"{found['revision']}: {told}"))
    print_line(card.task.id)
    _print_rows(rows)


def fetched_summary(card: TaskCard, fetched: Fetched) -> dict[str, Any]:
    """Return what was fetched, for programs."""
    return {
        "folder": fetched.folder,
        "new": fetched.new,
        "pinned": None if card.hub is None else card.hub.digest,
        "set": fetched.kept,
    }


def print_fetched(card: TaskCard, fetched: Fetched, *, in_cache: bool) -> None:
    """Print what is here now, and how it is used."""
    kept, hub = fetched.kept, card.hub
    is_pinned = hub is not None and hub.revision == kept.revision
    source = ("hub" if is_pinned else f"hub@{kept.revision}") if in_cache else fetched.folder
    pin = "as the task's card pins it"
    if not (is_pinned and hub is not None and hub.digest is not None):
        pin = "not pinned: [hub] revision and digest in task.toml do that"
    print_line(f"{kept.hub_id} at {kept.revision}{'' if fetched.new else ', here already'}")
    _print_rows(
        [
            ("folder", fetched.folder),
            ("licence", licence_of(card, kept.licence)),
            ("items", f"{kept.train_items:,} to train on, {kept.test_items:,} to test on"),
            ("size", f"{kept.bytes / 1e6:,.1f} MB in {len(kept.files):,} files"),
            ("digest", f"{kept.digest}, {pin}"),
            ("next", f"python -m harness evaluate ENTRY --data {source}"),
        ]
    )


def imported_summary(kept: KeptSet, destination: Path) -> dict[str, Any]:
    """Return what was imported, for programs."""
    return {"folder": str(destination), "set": kept}


def print_imported(kept: KeptSet, destination: Path) -> None:
    """Print what was made, how it was split, and what to do next."""
    from harness.tasks.importing import FORMS

    made = kept.imported
    how = "as the source says"
    if made is not None and made.form not in FORMS:
        how = f"as {kept.task}'s converter of {made.form} makes it"
    elif made is not None and made.seed is not None:
        how = f"by groups, seed {made.seed}, about {made.test_share:.0%} for the test"
    print_line(f"{destination}: data of {kept.task}")
    _print_rows(
        [
            ("items", f"{kept.train_items:,} to train on, {kept.test_items:,} to test on"),
            ("split", how),
            ("labels", _WHO[kept.public]),
            ("size", f"{kept.bytes / 1e6:,.1f} MB"),
            ("digest", kept.digest),
            ("next", f"python -m harness data verify {destination}"),
            ("", f"python -m harness evaluate ENTRY --data {destination}"),
        ]
    )


def report_summary(report: DataReport) -> dict[str, Any]:
    """Return what a look through a set found, for programs."""
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(report)
    return {"ok": report.ok, **plain}


def print_report(report: DataReport) -> None:
    """Print what a look through a set found: what it is, what is wrong, what should be known."""
    from harness.cli.errors import printable

    reference = report.reference
    print_line(f"{report.task}: {report.source}")
    if reference is not None:
        pinned = "" if report.pinned is None else ", as the task's card pins it"
        _print_rows([("digest", f"{reference.digest}{pinned}")])
    for name, split in report.splits.items():
        groups = "" if split.groups is None else f" in {split.groups:,} groups"
        decoded = f", {split.decoded:,} decoded" if split.decoded else ""
        size = f"{split.bytes / 1e6:,.1f} MB, the longest {split.longest_bytes:,} bytes"
        labels = ", ".join(f"{label} {count:,}" for label, count in split.labels.items())
        rows = [(name, f"{split.items:,} items{groups}{decoded}; {size}"), ("", labels)]
        if split.forms:
            forms = ", ".join(f"{form} ({count:,})" for form, count in split.forms.items())
            rows.append(("", forms))
        _print_rows(rows)
    for note in report.notes:
        print_line(f"note: {note.code}: {note.message}")
    for finding in report.findings:
        at = "" if finding.row is None else f": row {finding.row}, column {finding.column!r}"
        print_line(f"{in_colour('wrong:', 'red')} {finding.code}: {printable(finding.where)}{at}")
        print_line(f"  {printable(finding.message)}")
        print_line(f"  fix: {printable(finding.remedy)}")
    shown = dict.fromkeys(report.counts, 0)
    for finding in report.findings:
        shown[finding.code] += 1
    for code, count in report.counts.items():
        if count > shown[code]:
            print_line(f"{code}: {count:,} in all, the first {shown[code]} are shown")
    total = sum(report.counts.values())
    print_line("nothing is wrong" if report.ok else f"{total:,} finding{'s' * (total != 1)}")


def _print_rows(rows: Iterable[tuple[str, str]]) -> None:
    for name, value in rows:
        print_line(f"  {name:<9}{value}")
