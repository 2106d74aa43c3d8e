"""One campaign of a task: begun, or gone on with where it was interrupted, to its records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.errors import printable
from harness.cli.evaluating.keeping import SeveralUnkeptError
from harness.cli.interrupts import held
from harness.cli.output import print_note
from harness.errors import HarnessError, OrganiserError

if TYPE_CHECKING:
    from harness.cli.evaluating.controls import Checked, Group
    from harness.cli.evaluating.reporter import Reporter
    from harness.cli.evaluating.running import Kept, Results
    from harness.evaluation.campaign import Contestant, Rounds
    from harness.evaluation.session import Bench
    from harness.records.unfinished import Begun, Event
    from harness.store.unfinished import Unfinished

_THEN_RESUME = "then the same command with --resume goes on with the sessions that stand"


@dataclass
class Ready:
    """An entry that is ready to be run, or is not."""

    contestant: Contestant
    unready: HarnessError | None

    def fail_or_stop(self) -> None:
        """Have an entry fail that cannot be run; raise that where sessions of it stand.

        They would be lost to what can be mended.
        """
        evaluation = self.contestant.evaluation
        if self.unready is None or evaluation.failed is not None:
            return
        if evaluation.sessions:
            mended = [each for each in (self.unready.remedy, _THEN_RESUME) if each]
            self.unready.remedy = "; ".join(mended)
            raise self.unready
        evaluation.fail(self.unready)


def evaluate_group(  # noqa: PLR0917 - what all groups share, and each
    group: Group,
    prepared: Mapping[str, Ready],
    bench: Bench,
    results: Results,
    progress: Reporter,
    show: Callable[[Checked, Group, Kept], None],
    *,
    before_round: Callable[[], None],
    resume: bool,
    ended: list[Keeping],
    last: bool,
) -> None:
    """Run one campaign and keep its records: all others, too, where one has no place.

    ``before_round`` raises where the machine is not any more as it was. Its file joins those of the
    campaigns that have ``ended``, and all go with the ``last``: until then an interrupted command
    takes their records from there rather than measure them once more.
    """
    members = {each.report.entry: prepared[each.report.entry] for each in group.all}
    control = None
    if group.control is not None:
        ready = members[group.control.report.entry]
        if ready.unready is not None:  # without it the campaign would be void from the beginning
            raise ready.unready
        control = ready.contestant
    entries = [members[each.report.entry].contestant for each in group.entries]
    with campaign(
        results.folder, group.task, bench, entries, control,
        before_round=before_round, resume=resume, ended=ended,
    ) as (rounds, keeping):  # fmt: skip
        for ready in members.values():
            ready.fail_or_stop()
        rounds.run(progress)
        progress.clear()
        records = [rounds.finish(members[each.report.entry].contestant) for each in group.all]
        kept: list[tuple[Checked, Kept]] = []
        unkept: list[OrganiserError] = []
        with held():  # all of them, and no trace that there is something to go on with
            for each, (record, outcomes) in zip(group.all, records, strict=True):
                heard = members[each.report.entry].contestant.heard
                try:
                    kept.append((each, results.accept(record, outcomes, heard)))
                except OrganiserError as error:
                    unkept.append(error)
            if not unkept:
                _settle(keeping, ended, last=last)
        for each, record_kept in kept:
            show(each, group, record_kept)
        if unkept:
            raise unkept[0] if len(unkept) == 1 else SeveralUnkeptError(unkept)


def _settle(keeping: Keeping, ended: list[Keeping], *, last: bool) -> None:
    """Take away a campaign's file whose records are kept, or leave it until the last one's are."""
    if last:
        for each in (*ended, keeping):
            each.remove()
        ended.clear()
    elif keeping.stays:
        ended.append(keeping)
    else:  # not whole: gone on with, its sessions would be of two records
        keeping.remove()


class Keeping:
    """Writes events to a campaign's file, and goes on without where that cannot be written.

    What is measured is not lost for it: the records are tried in other places, too.
    """

    def __init__(self, results: Path, begun: Begun, size_bytes: int = 0) -> None:
        """Begin a campaign's file, or go on with it behind its first ``size_bytes``."""
        from harness.store.unfinished import Log, log_path

        self._log = Log(log_path(results, begun.campaign), size_bytes)
        if not size_bytes:
            self._log.add(begun)
        self._works = True

    def __call__(self, events: Sequence[Event]) -> None:
        """Write events; an interrupt waits until they are whole."""
        if not self._works or not events:
            return
        try:
            with held():
                self._log.add(*events)
        except OrganiserError as error:
            self._works = False
            print_note(
                f"note: {printable(error.message)}; an interruption would lose what has been "
                f"measured ({printable(error.remedy)})"
            )

    @property
    def keeps(self) -> bool:
        """Whether a session could be gone on from."""
        return self._works and self._log.is_there

    @property
    def stays(self) -> bool:
        """Whether the file is whole, and lies there though the campaign has ended."""
        return self._works and self._log.path.exists()

    def remove(self) -> None:
        """Take the file away: the records are kept."""
        self._log.remove()

    def close(self) -> None:
        """Let go of the file, which stays."""
        self._log.close()


@contextmanager
def campaign(
    results: Path,
    task: str,
    bench: Bench,
    entries: Sequence[Contestant],
    control: Contestant | None,
    *,
    before_round: Callable[[], None],
    resume: bool,
    ended: Sequence[Keeping] = (),
) -> Iterator[tuple[Rounds, Keeping]]:
    """Give a campaign of these entries, with ``resume`` one that was interrupted, and its file.

    An interrupt or an error says how to go on, where there is something to go on with: of this
    campaign, or of those that have ``ended`` and whose files are still there.
    """
    from harness.evaluation.campaign import Rounds, new_id
    from harness.records.unfinished import Begun

    rules = entries[0].evaluation.assignment.rules
    begun = Begun(
        campaign=new_id(),
        began_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        task=task,
        entries=tuple(each.name for each in entries),
        control=None if control is None else control.name,
        same=_same(bench, entries, control),
    )
    found = _find(results, begun, resume=resume)
    if found is not None and found.begun is not None:
        keeping = Keeping(results, found.begun, found.size_bytes)
        rounds = Rounds(
            found.begun.campaign, entries, control, rules, keep=keeping, before_round=before_round
        )
        rounds.restore(found.events)
        print_note(f"note: going on with {_what(found)}")
    else:
        keeping = Keeping(results, begun)
        rounds = Rounds(
            begun.campaign, entries, control, rules, keep=keeping, before_round=before_round
        )
    try:
        yield rounds, keeping
    except BaseException:  # an interrupt too is told how to go on; it goes on its way
        if keeping.keeps or any(each.stays for each in ended):
            print_note("note: the sessions that stand are kept: add --resume to go on from them")
        raise
    finally:
        keeping.close()


def _find(results: Path, begun: Begun, *, resume: bool) -> Unfinished | None:
    """Return the campaign to go on with; say why there is none, or that there is one."""
    from harness.store.unfinished import find_unfinished

    alike = []
    for found in find_unfinished(results):
        if found.begun is None:
            print_note(f"note: {printable(str(found.path))}: {printable(found.fault)}; remove it")
        elif (found.begun.task, set(found.begun.entries), found.begun.control) == (
            begun.task, set(begun.entries), begun.control,
        ):  # fmt: skip
            alike.append(found)
    fitting = [each for each in alike if each.begun and each.begun.same == begun.same]
    if fitting and resume:
        return fitting[-1]
    for found in fitting:
        print_note(
            f"note: beginning anew; with --resume {_what(found)} would have been gone on with"
        )
    if not resume:
        return None
    for found in alike:
        unlike = ", ".join(_unlike(found.begun, begun))
        print_note(
            f"note: {_what(found)} cannot be gone on with, for other than now is {unlike}; it "
            f"lies in {printable(str(found.path))}"
        )
    names = ", ".join(begun.entries)
    print_note(f"note: beginning anew: nothing of {printable(names)} can be gone on with")
    return None


def _unlike(before: Begun | None, now: Begun) -> list[str]:
    was = {} if before is None else before.same
    return [name for name in sorted({*was, *now.same}) if was.get(name) != now.same.get(name)]


def _what(found: Unfinished) -> str:
    begun = found.begun
    since = "" if begun is None else f" of {begun.began_utc}"
    stand = "1 session stands" if found.sessions == 1 else f"{found.sessions} sessions stand"
    return f"the interrupted evaluation{since}, of which {stand}"


def _same(
    bench: Bench, entries: Sequence[Contestant], control: Contestant | None
) -> dict[str, str]:
    """Return what must be as it was for sessions to be of one evaluation."""
    from msgspec.structs import replace

    from harness import __version__
    from harness.records.base import digest

    first = entries[0].evaluation.assignment
    isolation = bench.sandbox.probe(first.launch.cores)
    sources = [
        replace(source, resolution_joules=0.0, refresh_seconds=0.0)  # measured anew each time
        for source in bench.meter.describe().sources
    ]
    named = [each.evaluation.assignment for each in entries]
    if control is not None and control not in entries:
        named.append(control.evaluation.assignment)
    return {
        "the harness": __version__,
        "the rules": first.rules.reference_to_these.digest,
        "the task": first.task.digest,
        "the data": digest(first.data.reference),
        "the protocol": f"{first.protocol}, {first.scenario}",
        "the kind of result": "demonstration" if first.demonstration else "result",
        "the machine": digest(first.hardware),
        "the meter": digest(sources),
        "the isolation": f"{isolation.grade}, {isolation.method}",
    } | {
        f"the entry {each.submission.entry}": digest([each.submission, each.environment])
        for each in named
    }
