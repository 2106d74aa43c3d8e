"""Make boards of results, and the site of them: everything, or what has changed since."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial as partial_call
from pathlib import Path
from typing import NamedTuple

from harness.cli.building.cache import digest_of_path
from harness.cli.building.collecting import keep_what_is_freed
from harness.cli.building.files import Built, is_ours, look, refuse_a_strangers
from harness.cli.building.folders import Folders
from harness.cli.building.gathering import Gathered, by_folder_of, gather
from harness.cli.building.joints import BRING_BACK, Joints, Known, Ranked
from harness.cli.building.listing import Listed, There, listing
from harness.cli.building.place import Place, plan_of, who_makes
from harness.cli.building.shards import NOTHING, Behind, Shards, Taken
from harness.cli.building.site import Site
from harness.cli.building.templates import getting_ready, templates_kept
from harness.cli.building.unchanged import (
    LOCAL,
    Asked,
    Seen,
    Shown,
    keep_state,
    look_at,
    shown_of,
    what_is_read,
)
from harness.cli.building.views import Views
from harness.cli.building.workers import Workers, workers
from harness.cli.output import print_note
from harness.errors import OrganiserError
from harness.records.board import Boards
from harness.records.replacing import refuse_link
from harness.store.joint import FOLDER, SUFFIX, joint_folder, joint_name, signed_there
from harness.store.reading import is_local
from harness.store.results import Signs
from harness.store.scanning import scan


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
    keep_what_is_freed()
    with asked.cache.alone() as last_ended_ns, templates_kept(asked.cache):
        found = seen()
        if last_ended_ns >= found.at_ns:
            found = look_at(asked)
        _refuse_a_loss(asked, found)
        takes = not (needed or signer or asked.foreign) and asked.cached
        return _make(asked, found, signer, partial=partial, takes=takes)


def _make(asked: Asked, seen: Seen, signer: Signs | None, *, partial: bool, takes: bool) -> Done:
    _refuse_places(asked)
    cache, of_local = asked.cache, asked.folder / LOCAL
    shows_local = not asked.published and is_ours(of_local)
    left: dict[Path, Listed] = {}
    if not asked.published:
        left[of_local] = [] if shows_local else listing(of_local)
    of_joints = cache.load(_joint_name(asked), dict[str, Known])
    joints = Joints(asked.project, asked.results, signer, of_joints)
    shards = Shards(cache, _name(asked, "boards"), seen, joints)
    local = not asked.published and any(is_local(each.path) for each in seen.found)
    place = Place.of(asked.folder, cache, seen.there)
    folders = Folders(cache, _name(asked, "folders"), shards.tasks)
    taken = _known(shards, folders, place, takes=takes and not (local or shows_local))
    with workers(asked.processes) as several, Views() as views:
        public = gather(
            asked.project,
            asked.results,
            seen.but_of(taken.shards),
            several,
            folders.known,
            local=False,
            views=views,
            meanwhile=getting_ready(),
        )
        everything = _with_local(asked, seen, folders, public, several) if local else public
        ranked = taken.among(joints.of_gathered(public, several))
        if taken.shards and _shows_local(asked, ranked.boards, ranked.published):
            # A page of local results is needed after all, and it wants all rows.
            return _make(asked, seen, signer, partial=partial, takes=False)
        if not partial:
            require_whole(ranked)
        told = ranked.unsigned + (_write_joints(joints, ranked) if asked.own else ())
        shown = joints.of_gathered(everything, several).boards if local else ranked.boards
        shows_local = _shows_local(asked, shown, ranked.published)
        reads: dict[str, Behind] = {}

        def keep() -> None:
            if asked.may_keep_in(cache):
                folders.keep(everything, seen.at_ns)
                cache.save(_joint_name(asked), taken.statistics | joints.used)
            if not asked.foreign and not ranked.unsigned:
                reads.update(shards.keep(site, ranked, public, taken))

        if asked.foreign:
            keep()
        else:
            rules, address = asked.project.rules(), asked.project.site_address()
            site = place.site(ranked.published, public, rules, address, taken)
            left[asked.folder] = place.make(site, several, taken, reads, meanwhile=keep)
        if shows_local:
            place = Place.of(of_local, cache, partial_call(There.of, of_local))
            site = place.site(shown, everything, asked.project.rules(), "", NOTHING)
            left[of_local] = place.make(site, several, NOTHING, {})
    page = f"{LOCAL}/index.html" if shows_local else "index.html"
    printed = shown_of(shown, page, taken.counts)
    if asked.may_keep_in(cache) and not told:  # which is said each time
        keep_state(asked, cache, what_is_read(seen), left, printed, as_used=joints.are_as_used)
    return Done(shown, printed)


def _known(shards: Shards, folders: Folders, place: Place, *, takes: bool) -> Taken:
    """Read what was kept of the results: boards that are taken over, or what it is of each record.

    What cannot be taken over is read while the site's folder is still looked through.
    """
    as_read = shards.as_read(place.known) if takes else frozenset()
    folders.load(task for task in shards.tasks if task not in as_read)
    if not as_read:
        return NOTHING
    taken = shards.take(place.known, place.there().marks)
    folders.load(as_read - taken.shards.keys())
    return taken


def _with_local(
    asked: Asked, seen: Seen, folders: Folders, public: Gathered, several: Workers
) -> Gathered:
    known, found = folders.known | by_folder_of(public.folders), seen.found
    views = public.views
    return gather(asked.project, asked.results, found, several, known, local=True, views=views)


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
    keep_what_is_freed()
    found = scan(asked.results)
    joints = Joints(asked.project, asked.results)
    with workers(asked.processes) as several, Views() as views:
        gathered = gather(
            asked.project,
            asked.results,
            found,
            several,
            {},
            local=False,
            views=views,
            meanwhile=getting_ready(),
        )
        ranked = joints.of_gathered(gathered, several)
        if not partial:
            require_whole(ranked)
        rules, address = asked.project.rules(), asked.project.site_address()
        site = Site(ranked.published, gathered, rules, address)
        built = look(plan_of(site), asked.folder, who_makes(site, several))
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


def _name(asked: Asked, kind: str) -> str:
    return f"{kind}-{digest_of_path(asked.results)}{'' if asked.published else '-local'}"


def _joint_name(asked: Asked) -> str:
    return f"joint-{digest_of_path(asked.results)}"
