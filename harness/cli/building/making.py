"""Make boards of results, and the site of them: everything, or what has changed since."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from harness.cli.building.cache import Cache
from harness.cli.building.files import Built, build, is_ours, look, refuse_a_strangers
from harness.cli.building.gathering import Folder, Gathered, by_folder_of, gather
from harness.cli.building.joints import BRING_BACK, Joints, Known, Ranked
from harness.cli.building.kept_rows import Shelf
from harness.cli.building.listing import Listed, There, listing
from harness.cli.building.pages import pages
from harness.cli.building.parts import Parts
from harness.cli.building.shards import NOTHING, Behind, Pages, Shards, Taken
from harness.cli.building.site import Site
from harness.cli.building.templates import learn_templates, templates_kept
from harness.cli.building.unchanged import (
    LOCAL,
    Asked,
    Seen,
    Shown,
    keep_state,
    look_at,
    shown_of,
    task_of,
    what_is_read,
)
from harness.cli.building.workers import Workers, workers
from harness.cli.output import print_note
from harness.errors import OrganiserError
from harness.records.board import Boards
from harness.records.replacing import refuse_link
from harness.records.rules import Rules
from harness.store.joint import FOLDER, SUFFIX, joint_folder, joint_name, signed_there
from harness.store.reading import is_local
from harness.store.results import Signs
from harness.store.scanning import Found, is_fresh, scan

LEAST_FOR_PROCESSES = 400
"""Files that are new: to start processes is not worth while for fewer."""
PARTS_OF_A_TASK = 16
"""Files of the cache that hold what was kept of a task's records."""


class Done(NamedTuple):
    """What was made."""

    boards: Boards
    """With local results where these were asked for; with all rows where they are ``needed``."""
    shown: Shown
    """What is to be printed."""


class Checked(NamedTuple):
    """How what is committed compares with what the records give."""

    ranked: Ranked
    site: Built
    left_over_joints: tuple[str, ...]
    signed_left_over: tuple[str, ...]
    """Those of them that ``leaderboard`` does not take away."""


def make(
    asked: Asked,
    signer: Signs | None,
    *,
    partial: bool,
    seen: Callable[[], Seen],
    needed: bool,
) -> Done:
    """Make the boards and write their site, with the joint files where they are the project's.

    Two builds with one cache come one after the other. ``needed`` says whether somebody wants all
    rows of all boards, besides the site. What was ``seen`` before another build ended is looked up
    again.
    """
    with asked.cache.alone() as last_ended_ns, templates_kept(asked.cache):
        found = seen()
        if last_ended_ns >= found.at_ns:
            found = look_at(asked)
        _refuse_a_loss(asked, found)
        takes = not (needed or signer or asked.foreign) and asked.cached
        return _make(asked, found, signer, partial=partial, takes=takes)


def _make(asked: Asked, seen: Seen, signer: Signs | None, *, partial: bool, takes: bool) -> Done:
    _refuse_places(asked)
    cache, results, of_local = asked.cache, asked.results, asked.folder / LOCAL
    shows_local = not asked.published and is_ours(of_local)
    left: dict[Path, Listed] = {}
    if not asked.published:
        left[of_local] = [] if shows_local else listing(of_local)
    joints = Joints(
        asked.project, results, signer, cache.load(_joint_name(asked), dict[str, Known])
    )
    shards = Shards(cache, _name(asked, "boards"), seen, joints)
    local = not asked.published and any(is_local(each.path) for each in seen.found)
    place = _Place.of(asked.folder, cache, seen.there())
    takes = takes and not (local or shows_local)
    taken = shards.take(place.known, place.there.marks) if takes else NOTHING
    found = seen.but_of(taken.shards)
    folders = _Folders(cache, _name(asked, "folders"), shards, taken)
    with workers(_processes(asked, found, folders.known)) as several:
        public = gather(asked.project, results, found, several, folders.known, local=False)
        ranked = taken.among(joints.of_gathered(public, several))
        if taken.shards and _shows_local(asked, ranked.boards, ranked.published):
            # A page of local results is needed after all, and it wants all rows.
            return _make(asked, seen, signer, partial=partial, takes=False)
        if not partial:
            require_whole(ranked)
        told = ranked.unsigned + (_write_joints(joints, ranked) if asked.own else ())
        everything, shown = public, ranked.boards
        if local:
            known = folders.known | by_folder_of(public.folders)
            everything = gather(asked.project, results, found, several, known, local=True)
            shown = joints.of_gathered(everything, several).boards
        shows_local = _shows_local(asked, shown, ranked.published)
        if not asked.foreign:
            rules, address = asked.project.rules(), asked.project.site_address()
            site = place.site(ranked.published, public, rules, address, several, taken)
            built = place.build(site, several, taken)
            reads = {} if ranked.unsigned else shards.keep(site, ranked, public, taken)
            place.keep(built, site, reads)
            left[asked.folder] = built.marks
        page = "index.html"
        if shows_local:
            place = _Place.of(of_local, cache, There.of(of_local))
            site = place.site(shown, everything, asked.project.rules(), "", several, NOTHING)
            built = place.build(site, several, NOTHING)
            place.keep(built, site, {})
            left[of_local] = built.marks
            page = f"{LOCAL}/index.html"
    printed = shown_of(shown, page, taken.counts)
    if asked.cached and asked.cache.where == cache.where:  # else rules or keys changed meanwhile
        folders.keep(everything, seen.at_ns)
        cache.save(_joint_name(asked), taken.statistics | joints.used)
        if not told:  # which is said each time
            read = what_is_read(seen)
            keep_state(asked, cache, read, left, printed, as_used=joints.are_as_used)
    return Done(shown, printed)


def _refuse_places(asked: Asked) -> None:
    """Refuse to write through a link, or over files of others, before anything is written.

    The project's own folder of the page is ours, whatever is in it.
    """
    if asked.own:
        refuse_link(joint_folder(asked.results))
    strange = asked.folder.absolute() != asked.project.site
    written = [asked.folder] if asked.published else [asked.folder, asked.folder / LOCAL]
    for folder in written:
        if strange:
            refuse_a_strangers(folder)
        else:
            refuse_link(folder)


def _refuse_a_loss(asked: Asked, seen: Seen) -> None:
    """Refuse to take the page and signed joint files away because no record can be read.

    A disk may not be mounted, a branch not be the right one; and nobody else can sign them again.
    """
    if not asked.own or any(each.mark for each in seen.found):
        return
    folder = joint_folder(asked.results)
    if signed := [*signed_there(folder)]:
        shown = ", ".join(map(joint_name, (name.removesuffix(SUFFIX) for name in signed[:3])))
        more = f" and {len(signed) - 3} more" if len(signed) > 3 else ""  # noqa: PLR2004
        raise OrganiserError(
            f"{asked.results}: no record can be read there, and signed files of ranks lie beside "
            f"it: {shown}{more}; nothing was written",
            remedy=f"bring the records back; or, if they are to be gone, remove {folder}, too",
        )


def _shows_local(asked: Asked, shown: Boards, public: Boards) -> bool:
    """Say whether the page of local results is to be made; also when none of them is left.

    Else it would go on showing those that were. A folder of that name that is somebody's is none.
    """
    if asked.foreign:
        return True
    return not asked.published and (shown != public or is_ours(asked.folder / LOCAL))


def compare(asked: Asked, *, partial: bool) -> Checked:
    """Compare what is committed with what the records give; everything is read, and no cache."""
    if asked.own:
        refuse_link(joint_folder(asked.results))
    found = scan(asked.results)
    joints = Joints(asked.project, asked.results)
    with workers(_processes(asked, found, {})) as several:
        gathered = gather(asked.project, asked.results, found, several, {}, local=False)
        ranked = joints.of_gathered(gathered, several)
        if not partial:
            require_whole(ranked)
        rules, address = asked.project.rules(), asked.project.site_address()
        site = Site(ranked.published, gathered, rules, address, parts=Parts(several))
        built = look(pages(site), asked.folder, several)
    if not asked.own:
        return Checked(ranked, built, (), ())
    return Checked(ranked, built, joints.left_over(ranked), joints.signed_left_over(ranked))


def require_whole(ranked: Ranked) -> None:
    """Refuse to sign ranks of a part of the entries: who is missing could have won."""
    for joint in ranked.stale:
        missing = [
            each.entry
            for each in joint.statistics.unranked
            if each.why in {"items-missing", "items-unfit"}
        ]
        if missing and joint.signature is not None:
            raise OrganiserError(
                f"{joint_name(joint.board)}: not signed: outcomes of single items are missing, or "
                f"do not fit: {', '.join(missing)}",
                remedy="bring their *.items.json from the machine that evaluated, or give "
                "--partial: they get no rank, and nobody a prize",
            )


def _write_joints(joints: Joints, ranked: Ranked) -> tuple[str, ...]:
    """Write the joint files that are not what the outcomes give; take away those of no board.

    Returns the names of the signed ones among these, which stay.
    """
    for joint in ranked.stale:
        if joint.board in ranked.unsigned:
            print_note(
                f"{joint_name(joint.board)}: not written, for want of a signature: its ranks are "
                "not published yet (--sign KEY)"
            )
        else:
            joints.write(joint)
    if ranked.boards.faulty:  # a board may be gone for a passing reason
        return ()
    kept = joints.signed_left_over(ranked)
    for name in joints.left_over(ranked):
        if name in kept:
            print_note(f"{FOLDER}/{name}: signed, and of no board here: left there; {BRING_BACK}")
        else:
            (joints.folder / name).unlink(missing_ok=True)
    return kept


@dataclass(frozen=True)
class _Place:
    """A site's folder, and what is known of it."""

    folder: Path
    cache: Cache
    known: Pages
    there: There

    @classmethod
    def of(cls, folder: Path, cache: Cache, there: There) -> _Place:
        kept = cache.load(f"pages-{_digest(folder)}", Pages)
        return cls(folder, cache, kept or Pages(made={}, reads={}), there)

    def site(  # noqa: PLR0917 - all that a site is made of
        self,
        boards: Boards,
        gathered: Gathered,
        rules: Rules,
        address: str,
        several: Workers,
        taken: Taken,
    ) -> Site:
        """Return what the site is made of, with what was kept of it."""
        parts = Parts(several, self.cache, f"parts-{_digest(self.folder)}")
        return Site(boards, gathered, rules, address, taken.boards, parts, self._shelf)

    def build(self, site: Site, several: Workers, taken: Taken) -> Built:
        """Make the site."""
        made = self.known.made
        carried = {name: each for name, each in made.items() if each.board in taken.boards}
        built = build(pages(site), self.folder, several, made, there=self.there, carried=carried)
        learn_templates(several)
        return built

    def keep(self, built: Built, site: Site, reads: dict[str, Behind]) -> None:
        """Keep what the site was made of; ``reads`` is of its boards."""
        self.cache.save(f"pages-{_digest(self.folder)}", Pages(made=built.made, reads=reads))
        site.parts.keep()
        shown = (self._shelf.name_of(board.id) for board in site.boards.boards)
        self.cache.tidy(f"{self._shelf.name}-", shown)

    @property
    def _shelf(self) -> Shelf:
        return Shelf(cache=self.cache.where, name=f"rows-{_digest(self.folder)}")


class _Folders:
    """What was kept of each record of the tasks that are not taken over.

    The folders of a task are kept in ``PARTS_OF_A_TASK`` files: where one is new, one is written.
    """

    def __init__(self, cache: Cache, name: str, shards: Shards, taken: Taken) -> None:
        self._cache, self._name = cache, name
        numbers = range(PARTS_OF_A_TASK)
        self._places = [self._place(task, n) for task in shards.tasks for n in numbers]
        self._kept = {
            place: by_folder_of(cache.load(place, list[Folder]) or ())
            for task in shards.tasks
            if task not in taken.shards
            for place in (self._place(task, n) for n in numbers)
        }
        self.known = {name: each for kept in self._kept.values() for name, each in kept.items()}

    def keep(self, gathered: Gathered, seen_ns: int) -> None:
        """Keep it for the next build, where any is new or gone; not of files that were fresh."""
        settled: dict[str, dict[bytes, Folder]] = {place: {} for place in self._kept}
        for name, folder in by_folder_of(gathered.folders).items():
            marks = (mark for told in folder.told for mark in told.marks)
            if not any(is_fresh(mark, seen_ns) for mark in marks):
                number = crc32(name) % PARTS_OF_A_TASK
                settled[self._place(task_of(os.fsdecode(name) + "/"), number)][name] = folder
        for place, folders in settled.items():
            kept = self._kept[place]
            if any(kept.get(name) is not each for name, each in folders.items()) or (
                kept.keys() != folders.keys()
            ):
                self._cache.save(place, [*folders.values()])
        self._cache.tidy(f"{self._name}-", self._places)

    def _place(self, task: str, number: int) -> str:
        return f"{self._name}-{_digest_of(os.fsencode(task) + bytes([0, number]))}"


def _processes(asked: Asked, found: Iterable[Found], kept: dict[bytes, Folder]) -> int:
    known = {told.path for folder in kept.values() for told in folder.told}
    fresh = sum(os.fsencode(each.path) not in known for each in found)
    return asked.processes if fresh >= LEAST_FOR_PROCESSES else 1


def _name(asked: Asked, kind: str) -> str:
    return f"{kind}-{_digest(asked.results)}{'' if asked.published else '-local'}"


def _joint_name(asked: Asked) -> str:
    return f"joint-{_digest(asked.results)}"


def _digest(path: Path) -> str:
    return _digest_of(os.fsencode(path.resolve()))


def _digest_of(name: bytes) -> str:
    return blake2b(name, digest_size=8).hexdigest()
