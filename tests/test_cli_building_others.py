"""What others do to a site's folder and to the cache: nothing of theirs is lost, nor believed."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from record_samples import RULES, record
from site_samples import board, entry, small
from toy_task import write_project
from typer.testing import CliRunner

from harness.cli.app import app
from harness.cli.building import making
from harness.cli.building.cache import Cache
from harness.cli.building.files import OURS as OUR_BEGINNING
from harness.cli.building.files import UNFINISHED, Built, Plan, build, look
from harness.cli.building.gathering import Gathered
from harness.cli.building.listing import listing, ours
from harness.cli.building.pages import pages
from harness.cli.building.site import Files, Key, Page, Site
from harness.cli.building.workers import Here
from harness.errors import OrganiserError
from harness.site import paths
from harness.site.render import data_of
from harness.store import scanning
from harness.store.results import write
from harness.store.scanning import Mark, is_fresh, mark_of, marks_under

BOARD = "task-offline-0123abcd"
runner = CliRunner()


def made(_key: Key) -> Files:
    """Make the files of a small site."""
    return {
        "index.html": b"index", "style.css": b"style", "boards.json": OUR_BEGINNING,
        f"data/{BOARD}.csv": b"csv", f"fr/entries/{BOARD}/one.html": b"one",
    }  # fmt: skip


def a_page() -> Iterator[Page]:
    yield Page("all", "", ())


def built(folder: Path) -> Built:
    return build(Plan(a_page(), [], made), folder, Here(), {})


def looked(folder: Path) -> tuple[str, ...]:
    return look(Plan(a_page(), [], made), folder, Here()).changed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    built(folder)
    assert looked(folder) == ()
    return folder


# Files of others


THEIRS = (
    "mine.csv", "sales-2025.csv", "data/mine.csv", "data/mine.json", "data/a-b-0123abcd.txt",
    "entries/mine/x.html", "fr/entries/mine/x.html", "badges/mine/x.svg", "CNAME",
    f"entries/{BOARD}/notes.txt", ".mine.4194399.new.txt", "assets/.x.4194399.new",
)  # fmt: skip
OURS = (
    "old-offline-fedc0123.csv", "data/old-offline-fedc0123.claims.js",
    f"badges/{BOARD}/gone.svg", f"entries/strange.{'0f' * 16}/name.{'1e' * 16}.html",
    f"data/{BOARD}.json", "data/.0123456789abcdef.4194399.new",
)  # fmt: skip


def test_only_what_is_named_exactly_as_ours_is_taken_away(folder: Path) -> None:
    for name in THEIRS + OURS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    gone = built(folder).left_over
    assert set(gone) == {name for name in OURS if not name.endswith(".new")}
    assert [name for name in THEIRS if not (folder / name).exists()] == []
    assert [name for name in OURS if (folder / name).exists()] == []


@settings(max_examples=60)
@given(task=st.text(min_size=1, max_size=120), name=st.text(min_size=1, max_size=120))
@example(task="some-task", name="CON")
@example(task="A <strange> task\u202e", name="../x")
def test_every_file_of_a_board_is_known_as_ours_by_its_name(task: str, name: str) -> None:
    board_id = f"{task}-offline-0123abcd"
    names = [
        *(paths.entry_page_name(board_id, name, code) for code in ("en", "fr")),
        *(paths.badge_name(board_id, name, code) for code in ("en", "fr")),
        *data_of(replace(board(entry()), id=board_id, ranking=None)),
    ]
    assert [each for each in names if not ours().fullmatch(each)] == []


def test_no_two_pages_of_a_site_have_one_name(tmp_path: Path) -> None:
    boards = replace(
        small(),
        boards=(
            replace(board(entry("b c", evaluations=())), id="a"),
            replace(board(entry("c", evaluations=())), id="a b"),
        ),
    )
    site = Site(boards, Gathered(tmp_path, RULES, ()), RULES)
    names = [page.name for page in pages(site)]
    assert len({*names}) == len(names)


@pytest.mark.parametrize("content", [b"", b'{"boards": []}', b"theirs"])
def test_beside_boards_of_somebody_else_nothing_is_taken_away(folder: Path, content: bytes) -> None:
    for name in (OURS[0], "boards.json"):
        (folder / name).write_bytes(content)
    assert built(folder).left_over == ()
    assert (folder / OURS[0]).read_bytes() == content
    assert built(folder).left_over == (OURS[0],)  # it has our boards now


def test_in_a_site_that_is_as_it_should_be_nothing_is_touched(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_given: object, **_named: object) -> NoReturn:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    for place in (
        "pathlib.Path.unlink",
        "pathlib.Path.rmdir",
        "harness.cli.building.files.replace_file",
    ):
        monkeypatch.setattr(place, read_only)
    assert built(folder).changed == ()


def test_a_build_that_was_begun_and_is_ended_leaves_no_mark_of_it(folder: Path) -> None:
    (folder / UNFINISHED).touch()
    built(folder)
    assert not (folder / UNFINISHED).exists()


@pytest.mark.parametrize("begin", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("nowhere")])
@pytest.mark.parametrize("first", [True, False])
def test_what_is_no_file_and_named_like_our_mark_stays_and_is_none(
    tmp_path: Path, begin: Callable[[Path], object], *, first: bool
) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    if not first:
        built(folder)
    begin(folder / UNFINISHED)
    (folder / OURS[0]).touch()
    assert built(folder).left_over == (() if first else (OURS[0],))
    assert looked(folder) == ()
    assert os.path.lexists(folder / UNFINISHED)


# Links and pipes


@pytest.mark.parametrize("place", ["data", "fr", "fr/entries", f"fr/entries/{BOARD}"])
def test_a_folder_that_is_a_link_is_stale_and_nothing_is_written_through_it(
    folder: Path, tmp_path: Path, place: str
) -> None:
    (folder / place).rename(tmp_path / "elsewhere")
    (folder / place).symlink_to(tmp_path / "elsewhere")
    assert [name for name in looked(folder) if name.startswith(place)]
    before = sorted(tmp_path.joinpath("elsewhere").rglob("*"))
    for path in before:
        if path.is_file():
            path.write_bytes(b"of somebody else")
    with pytest.raises(OrganiserError, match="is not followed"):
        built(folder)
    assert sorted(tmp_path.joinpath("elsewhere").rglob("*")) == before
    assert {path.read_bytes() for path in before if path.is_file()} == {b"of somebody else"}


def test_a_file_in_place_of_a_folder_is_stale_and_named(folder: Path) -> None:
    (folder / "data" / f"{BOARD}.csv").unlink()
    (folder / "data").rmdir()
    (folder / "data").touch()
    assert looked(folder) == (f"data/{BOARD}.csv",)
    with pytest.raises(OrganiserError, match="data: is no folder"):
        built(folder)


def test_a_file_in_place_of_the_site_is_no_folder_and_stays(tmp_path: Path) -> None:
    file = tmp_path / "page"
    file.write_text("mine")
    with pytest.raises(OrganiserError, match=r"page: the page cannot be written: it is no folder"):
        build(Plan(a_page(), [], made), file, Here(), {})
    assert file.read_text() == "mine"


def test_a_link_in_place_of_a_file_is_stale_and_replaced(folder: Path, tmp_path: Path) -> None:
    (folder / "style.css").rename(tmp_path / "elsewhere")
    (folder / "style.css").symlink_to(tmp_path / "elsewhere")
    assert looked(folder) == ("style.css",)
    assert built(folder).changed == ("style.css",)
    assert not (folder / "style.css").is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == b"style"


def test_a_pipe_in_place_of_a_file_is_stale_and_replaced(folder: Path) -> None:
    (folder / "style.css").unlink()
    os.mkfifo(folder / "style.css")
    assert looked(folder) == ("style.css",)
    assert built(folder).changed == ("style.css",)
    assert (folder / "style.css").read_bytes() == b"style"


def test_a_draft_is_never_written_through_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch()
    (folder / f".style.css.{os.getpid()}.new").symlink_to(tmp_path / "elsewhere")
    (folder / "style.css").unlink()
    built(folder)
    assert (folder / "style.css").read_bytes() == b"style"
    assert (tmp_path / "elsewhere").read_bytes() == b""


def test_what_lies_behind_a_link_is_not_tidied(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    draft = tmp_path / "elsewhere" / ".0123456789abcdef.4194399.new"
    draft.touch()
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    built(folder)
    assert draft.exists()


def test_a_file_is_marked_as_this_build_replaced_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "style.css").write_bytes(b"before")
    original = os.replace

    def other_build(draft: str, target: str) -> None:
        original(draft, target)
        if target.endswith("style.css"):
            Path(target).unlink()
            Path(target).write_bytes(b"other")

    monkeypatch.setattr("harness.cli.building.files.os.replace", other_build)
    assert built(folder).marks != listing(folder)


def test_a_file_is_marked_as_this_build_created_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "style.css").unlink()
    original = os.write

    def other_build(descriptor: int, content: bytes) -> int:
        target = Path(f"/proc/self/fd/{descriptor}").readlink()
        if target.name == "style.css":
            target.unlink()
            target.write_bytes(b"other")
        return original(descriptor, content)

    monkeypatch.setattr("harness.records.replacing.os.write", other_build)
    assert built(folder).marks != listing(folder)


# Whole builds


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project with a demonstration, and a cache of its own."""
    made = tmp_path / "project"
    write_project(made)
    monkeypatch.setenv("HARNESS_ROOT", str(made))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(scanning, "SETTLED_NS", 0)  # else nobody would find anything unchanged
    write(made / "leaderboard" / "results", record("one", demonstration=True), None)
    return made


def leaderboard(*options: str) -> str:
    ran = runner.invoke(app, ["leaderboard", "--processes", "1", *options])
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def never(*_given: object, **_named: object) -> NoReturn:
    raise AssertionError("a build was made")


def test_a_site_that_another_build_spoils_meanwhile_is_not_taken_for_unchanged(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = root / "leaderboard" / "site"

    def spoilt(plan: Plan, folder: Path, *given: object, **named: object) -> Built:
        done = build(plan, folder, *given, **named)  # type: ignore[arg-type]
        (folder / "index.html").write_bytes(b"of the other build")
        next((folder / "entries").rglob("*.html")).unlink()
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.cli.building.place.build", spoilt)
        leaderboard("--published")
    leaderboard("--published")
    assert (site / "index.html").read_bytes() != b"of the other build"
    assert [*(site / "entries").rglob("*.html")]
    monkeypatch.setattr(making, "make", never)
    leaderboard("--published")


def test_a_page_of_local_results_that_another_build_makes_meanwhile_is_not_forgotten(
    root: Path,
) -> None:
    local = root / "leaderboard" / "site" / "local"

    def beside(plan: Plan, folder: Path, *given: object, **named: object) -> Built:
        done = build(plan, folder, *given, **named)  # type: ignore[arg-type]
        if folder != local:
            local.mkdir()
            (local / "index.html").write_bytes(b"of results that are gone")
            (local / "boards.json").write_bytes(OUR_BEGINNING)
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.cli.building.place.build", beside)
        patch.setattr(making, "_shows_local", lambda *_given: False)
        leaderboard()
    leaderboard()
    assert (local / "index.html").read_bytes() != b"of results that are gone"


@pytest.mark.parametrize("where", ["project/leaderboard/site", "public"])
@pytest.mark.usefixtures("root")
def test_a_folder_named_local_that_is_somebodys_gets_no_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    local = tmp_path / where / "local"
    local.mkdir(parents=True)
    (local / "notes.txt").write_bytes(b"theirs")
    if where != "public":  # where it would be refused
        (local / "index.html").write_bytes(b"theirs")
    before = tree(local)
    for _ in range(2):
        assert "local/index.html" not in leaderboard("--output", str(local.parent))
        assert tree(local) == before
    monkeypatch.setattr(making, "make", never)
    leaderboard("--output", str(local.parent))


def test_a_folder_for_local_results_that_is_a_link_is_not_followed(
    root: Path, tmp_path: Path
) -> None:
    leaderboard()
    (tmp_path / "elsewhere").mkdir()
    (root / "leaderboard" / "site" / "local").symlink_to(tmp_path / "elsewhere")
    write(root / "leaderboard" / "results", record("two"), None)
    ran = runner.invoke(app, ["leaderboard", "--processes", "1"])
    assert ran.exit_code == 3
    assert "is a link, and is not followed" in ran.output
    assert [*(tmp_path / "elsewhere").iterdir()] == []


@pytest.mark.parametrize("place", ["site", "joint"])
@pytest.mark.parametrize("options", [(), ("--check",), ("--no-cache",)])
def test_a_folder_of_the_page_or_of_joint_files_that_is_a_link_is_refused(
    root: Path, tmp_path: Path, place: str, options: tuple[str, ...]
) -> None:
    leaderboard("--published")
    folder = root / "leaderboard" / place
    if folder.is_dir():  # every file in it as it was, reached by another way
        folder.rename(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir(exist_ok=True)
    folder.symlink_to(tmp_path / "elsewhere")
    before = tree(tmp_path / "elsewhere")
    for change in (False, True):
        if change:
            write(root / "leaderboard" / "results", record("two", demonstration=True), None)
        ran = runner.invoke(app, ["leaderboard", "--processes", "1", "--published", *options])
        assert ran.exit_code == 3
        assert f"{place}: is a link, and is not followed" in ran.output.replace("\n", "")
    assert tree(tmp_path / "elsewhere") == before


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in files}


@pytest.mark.parametrize("content", [b"theirs", b'{"boards": []}', b'{\n "boards": 1}'])
@pytest.mark.usefixtures("root")
def test_a_strangers_files_are_named_and_never_replaced(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "public"
    (folder / "fr").mkdir(parents=True)
    for name in ("index.html", "style.css", "boards.json", "fr/index.html", "notes.txt"):
        (folder / name).write_bytes(content)
    before = tree(folder)
    ran = runner.invoke(app, ["leaderboard", "--processes", "1", "--output", str(folder)])
    assert ran.exit_code == 2
    said = " ".join(ran.output.split())
    assert "would replace boards.json, fr/index.html, index.html and 1 more" in said
    assert "remove them first" in said
    assert tree(folder) == before


def test_strangers_files_in_the_folder_of_local_results_are_refused_before_anything_is_written(
    root: Path, tmp_path: Path
) -> None:
    write(root / "leaderboard" / "results", record("two"), None)
    folder = tmp_path / "public"
    (folder / "local").mkdir(parents=True)
    (folder / "local" / "index.html").write_bytes(b"theirs")
    before = tree(tmp_path)
    ran = runner.invoke(app, ["leaderboard", "--processes", "1", "--output", str(folder)])
    assert ran.exit_code == 2
    cache = str(tmp_path / "cache")
    assert {name: each for name, each in tree(tmp_path).items() if cache not in name} == before


@pytest.mark.usefixtures("root")
def test_what_a_build_made_or_began_is_built_into_again(tmp_path: Path) -> None:
    folder = tmp_path / "public"
    (folder / ".git").mkdir(parents=True)
    (folder / "CNAME").write_bytes(b"their.host")  # nothing of theirs is in the way
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.cli.building.place.build", interrupted)
        patch.setattr("harness.cli.building.files.PAGES_A_TASK", 1)
        ran = runner.invoke(app, ["leaderboard", "--processes", "1", "--output", str(folder)])
        assert ran.exit_code != 0
    assert [*folder.rglob("*.html")]
    assert not (folder / "boards.json").exists()
    leaderboard("--output", str(folder))
    assert {each.name for each in folder.glob(".*")} == {".git"}
    (folder / "index.html").write_bytes(b"damaged")
    leaderboard("--output", str(folder))
    assert (folder / "index.html").read_bytes() != b"damaged"
    assert (folder / "CNAME").read_bytes() == b"their.host"


def interrupted(plan: Plan, folder: Path, *given: object, **named: object) -> Built:
    def some() -> Iterator[Page]:
        yield from plan.pages
        raise KeyboardInterrupt

    return build(plan._replace(pages=some()), folder, *given, **named)  # type: ignore[arg-type]


def test_what_was_written_shortly_before_it_was_looked_at_does_not_count_as_unchanged(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("HARNESS_ROOT", str(root))
    monkeypatch.setenv("HARNESS_CACHE", str(root.parent / "cache"))
    path = next((root / "leaderboard" / "results").glob("*/*/*.json"))
    forgetful(monkeypatch, path)
    leaderboard("--published")
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"A team"', b'"B team"'))
    assert path.read_bytes() != content
    ran = runner.invoke(app, ["leaderboard", "--processes", "1", "--published"])
    assert "problem" in ran.output  # it was read, and its digest is another


def forgetful(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Let a file have the marks for ever that it has now, as within a step of the clock."""
    kept, number = mark_of(path.stat()), path.stat().st_ino

    def mark(status: os.stat_result) -> Mark:
        return kept if status.st_ino == number else mark_of(status)

    for module in ("harness.store.scanning", "harness.cli.building.gathering"):
        monkeypatch.setattr(f"{module}.mark_of", mark)


@pytest.mark.parametrize(
    ("modified_s", "changed_s", "fresh"),
    [(-5, -5, False), (-1, -5, True), (-5, -1, True), (1, -5, True), (-5, 9, True), (9, -5, False)],
)
def test_a_file_is_fresh_while_its_times_are_nearly_now(
    modified_s: int, changed_s: int, *, fresh: bool
) -> None:
    now = 1_700_000_000
    mark = (1, (now + modified_s) * 10**9, (now + changed_s) * 10**9, 7)
    assert is_fresh(mark, now * 10**9) is fresh


@pytest.mark.usefixtures("root")
def test_the_page_is_told_from_where_one_stands_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path)
    assert "page    out/index.html" in leaderboard("--output", "out")
    monkeypatch.setattr(making, "make", never)
    monkeypatch.chdir(tmp_path / "deep")
    assert "page    ../out/index.html" in leaderboard("--output", "../out")


def test_where_a_tasks_folder_is_a_link_nothing_is_taken_for_unchanged(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = next(path for path in (root / "tasks").iterdir() if path.is_dir())
    task.rename(tmp_path / "elsewhere")
    task.symlink_to(tmp_path / "elsewhere")
    leaderboard()
    monkeypatch.setattr(making, "make", never)
    with pytest.raises(AssertionError, match="a build was made"):
        runner.invoke(app, ["leaderboard"], catch_exceptions=False)


def test_a_file_behind_a_link_that_changes_is_seen(tmp_path: Path) -> None:
    folder, target = tmp_path / "folder", tmp_path / "target"
    folder.mkdir()
    target.write_bytes(b"one")
    (folder / "link").symlink_to(target)
    before = marks_under(folder)
    target.write_bytes(b"other")
    assert before != marks_under(folder) != []
    (folder / "linked").symlink_to(tmp_path)
    assert marks_under(folder) is None
    assert marks_under(folder, deep=False) is not None


def test_the_mark_of_a_file_of_a_far_future_can_be_kept(tmp_path: Path) -> None:
    status = SimpleNamespace(st_size=1, st_mtime_ns=10**21, st_ctime_ns=2**63, st_ino=2**64 - 1)
    mark = mark_of(status)  # type: ignore[arg-type]
    cache = Cache(tmp_path, "made by")
    cache.save("name", [mark])
    assert cache.load("name", list[Mark]) == [mark]


# The cache


def test_what_another_user_could_have_written_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path, "made by")
    cache.save("name", [1])
    path = tmp_path / "name"
    assert (cache.load("name", list[int]), path.stat().st_mode & 0o777) == ([1], 0o600)
    for mode in (0o620, 0o602):
        path.chmod(mode)
        assert cache.load("name", list[int]) is None
    path.chmod(0o600)
    monkeypatch.setattr("harness.cli.building.cache.os.geteuid", lambda: path.stat().st_uid + 1)
    assert cache.load("name", list[int]) is None


def test_a_pipe_or_a_link_in_the_cache_is_not_opened(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", "made by")
    cache.save("name", [1])
    (tmp_path / "cache" / "name").rename(tmp_path / "elsewhere")
    (tmp_path / "cache" / "name").symlink_to(tmp_path / "elsewhere")
    assert cache.load("name", list[int]) is None
    os.mkfifo(tmp_path / "cache" / "pipe", 0o600)
    assert cache.load("pipe", list[int]) is None


def test_two_builds_with_one_cache_come_one_after_the_other(tmp_path: Path) -> None:
    cache = Cache(tmp_path, "made by")
    with cache.alone(), (tmp_path / ".lock").open("rb") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with (tmp_path / ".lock").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize("place", ["file/cache", "cache"])
def test_where_nothing_can_be_locked_nobody_waits(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / ".lock").symlink_to(tmp_path / "nowhere")
    with Cache(tmp_path / place, "made by").alone(), Cache(None, "").alone():
        assert not (tmp_path / "nowhere").exists()
