"""Make boards of results, and the site of them: everything, or what has changed since."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from harness.cli.building import Built, Made, build, look, refuse_a_strangers
from harness.cli.collecting import seldom_collected
from harness.cli.gathering import Folder, by_folder_of, gather
from harness.cli.joints import Joints, Known, Ranked
from harness.cli.output import print_note
from harness.cli.page_cache import Cache
from harness.cli.publishing import Site, pages
from harness.cli.site_files import Listed
from harness.cli.unchanged import LOCAL, Asked, keep_state, shown_of, what_is_read
from harness.cli.workers import Workers, workers
from harness.errors import OrganiserError
from harness.records.board import Boards
from harness.records.replacing import refuse_link
from harness.store.joint import joint_folder, joint_name, write_joint
from harness.store.results import Signs
from harness.store.scanning import Found, is_fresh, scan

LEAST_FOR_PROCESSES = 400
"""Files that are new: to start processes is not worth while for fewer."""


class Done(NamedTuple):
    """What was made."""

    boards: Boards
    """What is to be printed: with local results where these were asked for."""
    page: str
    """Below the folder of the page."""


class Checked(NamedTuple):
    """How what is committed compares with what the records give."""

    ranked: Ranked
    site: Built
    left_over_joints: tuple[str, ...]


@seldom_collected()
def make(asked: Asked, signer: Signs | None, *, partial: bool) -> Done:
    """Make the boards and write their site, with the joint files where they are the project's.

    Two builds with one cache come one after the other.
    """
    with asked.cache.alone():
        return _make(asked, signer, partial=partial)


def _make(asked: Asked, signer: Signs | None, *, partial: bool) -> Done:
    _refuse_places(asked)
    left: dict[Path, Listed] = {}
    seen_ns = time.time_ns()
    cache, found = asked.cache, scan(asked.results)
    read = what_is_read(asked, found, seen_ns)
    kept = by_folder_of(cache.load(_folders_name(asked), list[Folder]) or ())
    joints = Joints(
        asked.project, asked.results, signer, cache.load(_joint_name(asked), dict[str, Known])
    )
    with workers(_processes(asked, found, kept)) as several:
        public = gather(asked.project, asked.results, found, several, kept, local=False)
        ranked = joints.of_gathered(public)
        if not partial:
            require_whole(ranked)
        if asked.own:
            _write_joints(joints, ranked)
        if not asked.foreign:
            rules, address = asked.project.rules(), asked.project.site_address()
            site = Site(ranked.published, public, rules, address)
            left[asked.folder] = _build(asked.folder, site, several, cache).marks
        everything, shown = public, ranked.boards
        if not asked.published:
            known = kept | by_folder_of(public.folders)
            everything = gather(asked.project, asked.results, found, several, known, local=True)
            shown = joints.of_gathered(everything).boards
            left[asked.folder / LOCAL] = []
        page = "index.html"
        if _shows_local(asked, shown, ranked.published):
            site = Site(shown, everything, asked.project.rules())
            folder = asked.folder / LOCAL
            left[folder] = _build(folder, site, several, cache).marks
            page = f"{LOCAL}/index.html"
    if asked.cached:
        _keep(asked, cache, kept, _settled(everything.folders, seen_ns), joints)
        if not ranked.unsigned:  # which is said each time
            keep_state(asked, cache, read, left, shown_of(shown, page))
    return Done(shown, page)


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


def _shows_local(asked: Asked, shown: Boards, public: Boards) -> bool:
    """Say whether the page of local results is to be made; also when none of them is left.

    Else it would go on showing those that were.
    """
    if asked.foreign:
        return True
    return not asked.published and (shown != public or (asked.folder / LOCAL).is_dir())


@seldom_collected()
def compare(asked: Asked, *, partial: bool) -> Checked:
    """Compare what is committed with what the records give; everything is read, and no cache."""
    if asked.own:
        refuse_link(joint_folder(asked.results))
    found = scan(asked.results)
    joints = Joints(asked.project, asked.results)
    with workers(_processes(asked, found, {})) as several:
        gathered = gather(asked.project, asked.results, found, several, {}, local=False)
        ranked = joints.of_gathered(gathered)
        if not partial:
            require_whole(ranked)
        rules, address = asked.project.rules(), asked.project.site_address()
        site = Site(ranked.published, gathered, rules, address)
        built = look(pages(site), asked.folder, several)
    return Checked(ranked, built, joints.left_over(ranked) if asked.own else ())


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


def _write_joints(joints: Joints, ranked: Ranked) -> None:
    """Write the joint files that are not what the outcomes give; take away those of no board."""
    for joint in ranked.stale:
        if joint.board in ranked.unsigned:
            print_note(
                f"{joint_name(joint.board)}: not written, for want of a signature: its ranks are "
                "not published yet (--sign KEY)"
            )
        else:
            write_joint(joints.folder, joint)
    if not ranked.boards.problems:  # else a board may be gone for a passing reason
        for name in joints.left_over(ranked):
            (joints.folder / name).unlink(missing_ok=True)


def _build(folder: Path, site: Site, several: Workers, cache: Cache) -> Built:
    name = f"pages-{_digest(folder)}"
    built = build(pages(site), folder, several, cache.load(name, dict[str, Made]) or {})
    cache.save(name, built.made)
    return built


def _keep(
    asked: Asked,
    cache: Cache,
    kept: dict[bytes, Folder],
    folders: tuple[Folder, ...],
    joints: Joints,
) -> None:
    """Keep what is needed of each record for the next build, where any of it is new."""
    if any(folder is not kept.get(name) for name, folder in by_folder_of(folders).items()):
        cache.save(_folders_name(asked), folders)
    cache.save(_joint_name(asked), joints.used)


def _settled(folders: Iterable[Folder], seen_ns: int) -> tuple[Folder, ...]:
    """Return those of which another state would be told by its marks: not what is so fresh."""
    return tuple(
        folder
        for folder in folders
        if not any(is_fresh(mark, seen_ns) for told in folder.told for mark in told.marks)
    )


def _processes(asked: Asked, found: Iterable[Found], kept: dict[bytes, Folder]) -> int:
    known = {told.path for folder in kept.values() for told in folder.told}
    fresh = sum(each.path.encode(errors="surrogateescape") not in known for each in found)
    return asked.processes if fresh >= LEAST_FOR_PROCESSES else 1


def _folders_name(asked: Asked) -> str:
    return f"folders-{_digest(asked.results)}{'' if asked.published else '-local'}"


def _joint_name(asked: Asked) -> str:
    return f"joint-{_digest(asked.results)}"


def _digest(path: Path) -> str:
    from hashlib import blake2b

    spelt = str(path.resolve()).encode(errors="surrogateescape")
    return blake2b(spelt, digest_size=8).hexdigest()
