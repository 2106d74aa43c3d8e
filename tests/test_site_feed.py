"""The Atom feed: what RFC 4287 requires, whatever stands in a name, and no clock."""

from __future__ import annotations

import re
import uuid
from xml.etree import ElementTree as ET

import msgspec
import pytest
import site_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.records.board import Boards
from harness.site.feed import MOST_RESULTS, feed, feed_name, made
from harness.site.language import language

ATOM = "{http://www.w3.org/2005/Atom}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
ONCE_IN_A_FEED = ("id", "title", "updated")
AT_MOST_ONCE = ("subtitle", "generator", "rights", "logo", "icon", "published", "summary")
KNOWN = frozenset(
    {
        *ONCE_IN_A_FEED,
        *AT_MOST_ONCE,
        "author",
        "link",
        "category",
        "contributor",
        "content",
        "entry",
    }
)
HOSTILE = (
    "<script>alert(1)</script>",
    "]]></summary><entry>",
    "&amp; \"quotes\" 'and'",
    "two\nlines\x00\x1b\ufffe\uffff",
    "\u202egnp.exe",
    "نموذج سريع",
    "👩\u200d🔬",
    "x" * 5000,
    "../../etc/passwd",
    "",
)


def faults(content: bytes) -> list[str]:
    """Return what RFC 4287, section 4, forbids and was found."""
    root = ET.fromstring(content)  # noqa: S314 - of our own making
    found = [] if root.tag == f"{ATOM}feed" else ["the root is no feed"]
    found += list(_container(root, "feed"))
    entries = root.findall(f"{ATOM}entry")
    for entry in entries:
        found += list(_container(entry, "entry"))
        links = [each for each in entry.findall(f"{ATOM}link") if each.get("rel") == "alternate"]
        if entry.find(f"{ATOM}content") is None and not links:
            found.append("an entry has no content and no alternate")  # 4.1.2
        if not (entry.findall(f"{ATOM}author") or root.findall(f"{ATOM}author")):
            found.append("an entry has no author")
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    if len(ids) != len(set(ids)):
        found.append("two entries share an id")
    return found


def _container(element: ET.Element, what: str) -> list[str]:
    found = []
    names = [child.tag.removeprefix(ATOM) for child in element]
    found += [f"{what}: {name} is none of Atom's" for name in names if name not in KNOWN]
    found += [
        f"{what}: {n} stands {names.count(n)} times" for n in ONCE_IN_A_FEED if names.count(n) != 1
    ]
    found += [f"{what}: {name} stands twice" for name in AT_MOST_ONCE if names.count(name) > 1]
    for child in element:
        name, text = child.tag.removeprefix(ATOM), child.text or ""
        if name in {"updated", "published"} and not MOMENT.fullmatch(text):
            found.append(f"{what}: {text!r} is no moment")  # 3.3
        if name == "id" and not re.match(r"[a-z][a-z0-9+.-]*:\S+$", text):
            found.append(f"{what}: {text!r} is no absolute address")  # 4.2.6
        if name == "author" and not (child.findtext(f"{ATOM}name") or "").strip():
            found.append(f"{what}: an author has no name")  # 3.2.1
        if name == "link" and not child.get("href"):
            found.append(f"{what}: a link leads nowhere")  # 4.2.7.1
        if name == "category" and not child.get("term"):
            found.append(f"{what}: a category has no term")  # 4.2.2.1
        if name in {"title", "summary"} and child.get("type", "text") not in {"text", "html"}:
            found.append(f"{what}: {name} is of the type {child.get('type')}")  # 3.1.1
    return found


def of(boards: Boards, code: str = "en") -> ET.Element:
    return ET.fromstring(feed(boards, language(code)))  # noqa: S314 - of our own making


def entries_of(root: ET.Element) -> dict[str, ET.Element]:
    return {entry.findtext(f"{ATOM}title") or "": entry for entry in root.findall(f"{ATOM}entry")}


def moved(*stamps: str, **changes: object) -> Boards:
    paths = tuple(f"t/a/{stamp}-0badcafe.json" for stamp in stamps)
    return Boards(
        boards=(samples.board(samples.entry("a", evaluations=paths, **changes)),), problems=()
    )


@pytest.mark.parametrize("code", ["en", "fr"])
def test_a_feed_has_what_atom_requires(code: str) -> None:
    boards = samples.small()
    assert faults(feed(boards, language(code))) == []
    root = of(boards, code)
    assert root.get(LANG) == code
    assert len(root.findall(f"{ATOM}entry")) == 5


@pytest.mark.parametrize(
    ("found", "put"),
    [
        ("id", "another-id"),
        ("updated", "yesterday"),
        ("name", " "),
    ],
)
def test_a_feed_that_is_not_atom_would_be_found(found: str, put: str) -> None:
    root = of(samples.small())
    element = next(root.iter(f"{ATOM}{found}"))
    element.text = put
    assert faults(ET.tostring(root)) != []
    root = of(samples.small())
    root.remove(next(root.iter(f"{ATOM}title")))
    assert faults(ET.tostring(root)) == ["feed: title stands 0 times"]


@pytest.mark.parametrize("code", ["en", "fr"])
def test_no_name_breaks_a_feed(code: str) -> None:
    entries = [samples.entry(text, team=text, digest=text) for text in HOSTILE]
    stamped = [
        msgspec.structs.replace(entry, evaluations=("t/20260102T030405Z-0badcafe.json",))
        for entry in entries
    ]
    board = samples.board(*stamped, task_title=HOSTILE[0], profile=HOSTILE[1], id=HOSTILE[2])
    boards = Boards(boards=(board,), problems=())
    content = feed(boards, language(code))
    assert faults(content) == []
    assert len(of(boards, code).findall(f"{ATOM}entry")) == len(HOSTILE)
    assert "x" * 100 not in content.decode()


@settings(deadline=None, max_examples=60)  # a busy machine is no fault of this code
@given(st.text(st.characters(codec="utf-8")))
def test_any_text_at_all_leaves_a_feed_well_formed(text: str) -> None:
    made = samples.entry(text, team=text, evaluations=("t/20260102T030405Z-0badcafe.json",))
    board = samples.board(made, task_title=text, profile=text, id=f"board{text}")
    assert faults(feed(Boards(boards=(board,), problems=()), language("fr"))) == []


def test_dates_are_those_of_the_records_and_the_newest_stands_first() -> None:
    root = of(samples.small())
    assert root.findtext(f"{ATOM}updated") == "2026-01-02T03:04:05Z"
    two = of(moved("20260301T000000Z", "20260102T030405Z"))
    entry = two.find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}published") == "2026-01-02T03:04:05Z"
    assert entry.findtext(f"{ATOM}updated") == "2026-03-01T00:00:00Z"
    assert two.findtext(f"{ATOM}updated") == "2026-03-01T00:00:00Z"


def test_a_further_evaluation_changes_a_result_and_another_version_is_another() -> None:
    ids = [
        of(boards).findtext(f"{ATOM}entry/{ATOM}id")
        for boards in (
            moved("20260102T030405Z"),
            moved("20260102T030405Z", "20260301T000000Z"),
            moved("20260102T030405Z", digest="ab" * 32),
        )
    ]
    assert ids[0] == ids[1] != ids[2]
    assert all(uuid.UUID(each) for each in ids if each)


def test_the_languages_feeds_and_their_results_are_told_apart() -> None:
    english, french = (
        {each.text for each in of(samples.small(), code).iter(f"{ATOM}id")} for code in ("en", "fr")
    )
    assert not english & french
    assert feed_name(language("en")) == "feed.xml"
    assert feed_name(language("fr")) == "fr/feed.xml"


def test_figures_are_spelt_by_the_language_with_their_unit_and_grade() -> None:
    summaries = [
        entry.findtext(f"{ATOM}summary") or ""
        for code in ("en", "fr")
        for title, entry in entries_of(of(samples.small(), code)).items()
        if title.startswith("big-model")
    ]
    assert "4,210 modelled J per 1,000 queries (3,790 to 4,630)" in summaries[0]
    assert "4\u202f210 J de travail modélisé pour 1\u202f000 requêtes" in summaries[1]
    assert "Rang\u00a0: 1–2." in summaries[1]  # noqa: RUF001 - the dash is meant


def test_energy_that_is_not_resolved_is_said_to_be_so() -> None:
    entry = entries_of(of(samples.small()))["too-cheap: Some task of two classes"]
    assert "not resolved" in (entry.findtext(f"{ATOM}summary") or "")


def test_an_entry_links_to_its_page_relative_to_the_feed() -> None:
    link = of(moved("20260102T030405Z")).find(f"{ATOM}entry/{ATOM}link")
    assert link is not None
    assert link.get("href") == "entries/some-task-offline-0badcafe/a.html"


def test_a_result_without_a_moment_is_left_out_and_a_feed_may_be_empty() -> None:
    boards = Boards(
        boards=(samples.board(samples.entry(evaluations=("no-moment.json",))),), problems=()
    )
    for empty in (boards, Boards(boards=(), problems=())):
        assert faults(feed(empty, language("en"))) == []
        assert of(empty).find(f"{ATOM}entry") is None


def test_only_the_newest_results_stand_in_a_feed_in_any_order_of_boards() -> None:
    rows = [
        samples.entry(
            f"entry-{n}",
            evaluations=(f"t/2026{n // 28 + 1:02}{n % 28 + 1:02}T000000Z-0badcafe.json",),
        )
        for n in range(MOST_RESULTS + 20)
    ]
    boards = [samples.board(*rows[:60], id="a"), samples.board(*rows[60:], id="b")]
    one = feed(Boards(boards=tuple(boards), problems=()), language("en"))
    other = feed(Boards(boards=tuple(reversed(boards)), problems=()), language("en"))
    assert one == other
    entries = ET.fromstring(one).findall(f"{ATOM}entry")  # noqa: S314 - of our own making
    moments = [entry.findtext(f"{ATOM}updated") or "" for entry in entries]
    assert len(moments) == MOST_RESULTS
    assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize(
    ("path", "moment"),
    [
        ("t/a/20260102T030405Z-0badcafe.json", "2026-01-02T03:04:05+00:00"),
        ("20260102T030405Z-0badcafe.local.json", "2026-01-02T03:04:05+00:00"),
        ("t/a/20261302T030405Z-0badcafe.json", None),
        ("t/a/20260102T030405Z-0badcafe.json.txt", None),
        ("", None),
    ],
)
def test_a_records_moment_is_read_from_its_name(path: str, moment: str | None) -> None:
    found = made(path)
    assert (found and found.isoformat()) == moment
