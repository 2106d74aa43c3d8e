"""The page of an entry: what it says, its golden copies, and what strangers' names do to it.

Remake the golden files after a change that is meant, and look at what changed:

    HARNESS_REMAKE_GOLDEN=1 python -m pytest tests/test_site_entry_page.py
    git diff tests/golden/entries
"""

from __future__ import annotations

import html.parser
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import entry_samples as samples
import msgspec
import pytest
import record_samples
from french_pages import Reading, english_left
from msgspec.structs import replace

from harness.records.base import pretty_json
from harness.records.evaluation import Campaign, EvaluationRecord, Lifecycle, Signature
from harness.records.meter import PowerTrace
from harness.records.narrowing import narrowed
from harness.records.rules import ReferenceEntries
from harness.records.session import Notice
from harness.records.withholding import publishable
from harness.site import entry_carbon
from harness.site import text as english
from harness.site.entry_again import commands
from harness.site.entry_page import render_entry
from harness.site.entry_view import EntryView, entry_view
from harness.site.language import codes
from harness.site.paths import entry_page_name
from harness.site.record_view import NEEDED

GOLDEN = Path(__file__).parent / "golden" / "entries"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'none'"
)


@pytest.fixture(autouse=True)
def _grids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_carbon, "_per_kwh", lambda: samples.GRID)


class Outline(html.parser.HTMLParser):
    """What a browser would find: elements with their attributes, and the text between them."""

    VOID = frozenset({"meta", "link", "img", "br", "input", "wbr"})

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page_of(view: EntryView, language: str = "en") -> Outline:
    return Outline(render_entry(view)[language])


def view_of(record: EvaluationRecord, *, signed_by: str | None = None) -> EntryView:
    only = samples.kept(record, signed_by=signed_by)
    return entry_view(samples.board_of(only), record.submission.entry, (only,))


@pytest.mark.parametrize("language", codes())
@pytest.mark.parametrize("what", ["full", "failed"])
def test_the_page_is_as_its_golden_copy_has_it(what: str, language: str) -> None:
    view = samples.full_view() if what == "full" else samples.failed_view()
    made = render_entry(view)[language]
    golden = GOLDEN / f"{what}.{language}.html"
    if os.environ.get("HARNESS_REMAKE_GOLDEN") == "1":
        GOLDEN.mkdir(parents=True, exist_ok=True)
        golden.write_bytes(made)
    assert made.decode() == golden.read_text(encoding="utf-8")


def test_an_entry_with_a_part_in_the_method_is_tagged_by_it() -> None:
    view = samples.full_view()
    named = ReferenceEntries(null="null", control=samples.ENTRY, energy_class=samples.ENTRY)
    assert view.entry is not None
    of = view._replace(
        board=replace(view.board, reference=named),
        entry=replace(view.entry, energy_class="D"),
    )
    assert '<span class="tag">control</span>' not in render_entry(view)["en"].decode()
    for language, tags in (("en", ("control", "middle of class D")),
                           ("fr", ("témoin", "milieu de la classe D"))):  # fmt: skip
        page = render_entry(of)[language].decode()
        assert all(f'<span class="tag">{each}</span>' in page for each in tags)
    assert f"in the middle of D stands {samples.ENTRY}" in page_of(of).text


def test_the_order_of_records_has_no_say() -> None:
    stored = samples.full_stored()
    board = samples.board_of(*stored)
    first, turned = (entry_view(board, samples.ENTRY, each) for each in (stored, stored[::-1]))
    for language in codes():
        assert render_entry(first)[language] == render_entry(turned)[language]


def test_a_page_needs_no_more_of_a_record_than_is_read_for_it() -> None:
    decoder = msgspec.json.Decoder(narrowed(EvaluationRecord, NEEDED))
    view = samples.full_view()
    less = [
        ReadInPart(each.path, decoder.decode(pretty_json(each.record)), each.digest, each.signed_by)
        for each in samples.full_stored()
    ]
    assert not any(hasattr(each.record, "looks") for each in less)
    assert render_entry(entry_view(view.board, view.name, less)) == render_entry(view)


class ReadInPart(NamedTuple):
    path: str
    record: EvaluationRecord
    digest: str
    signed_by: str | None


def test_a_board_is_asked_for_its_own_entries_alone() -> None:
    stored = samples.full_stored()
    board = samples.board_of(*stored)
    with pytest.raises(ValueError, match="has no entry 'nobody'"):
        entry_view(board, "nobody", stored)
    with pytest.raises(ValueError, match="no record of 'team-model'"):
        entry_view(board, samples.ENTRY, ())


@pytest.mark.parametrize("language", codes())
def test_every_figure_of_the_record_is_there(language: str) -> None:
    text = page_of(samples.full_view(), language).text
    for said in (
        "Ada", "Grace", "Apache-2.0", "A team", "Made-up processor", "numpy==2.4.0", "1c" * 32,
        "RAPL (made up)", "disk limit", "mount a tmpfs", "8 boards", "card.md", "d1" * 32,
        "smoke", "clear", "other processes took 4.1%", "python -m harness evaluate",
        "Something new", "control",
    ):  # fmt: skip
        assert said in text, said


def test_load_energy_and_every_phase_stand_in_joules() -> None:
    text = page_of(samples.full_view()).text
    row = re.search(r"load30\.0", text.replace("\n", ""))
    assert row is not None


def test_phases_add_up_to_another_mean_than_the_result_and_say_so() -> None:
    view = samples.full_view()
    assert view.entry is not None
    whole = sum(row.joules_per_1000 or 0.0 for row in view.phases)
    assert whole > (view.entry.joules_per_1000_queries or 0.0) > 0
    said = {"en": "Arithmetic means over the sessions", "fr": "Moyennes arithmétiques des sessions"}
    for language in codes():
        assert said[language] in page_of(view, language).text


def test_carbon_is_a_range_over_grids_and_goes_with_energy() -> None:
    view = samples.full_view()
    assert view.entry is not None
    joules = view.entry.joules_per_1000_queries
    assert joules is not None
    text = page_of(view).text
    part = text[text.index("Computed when rendering") :][:600]
    for grams in (20.0, 900.0, 470.0):
        assert f"{english.significant(1000 * joules / 3.6e6 * grams)} mg" in part
    assert "Northland" in part
    assert "Southland" in part
    assert "Carbon" not in page_of(samples.failed_view()).text


def test_grams_of_what_is_no_measurement_are_none() -> None:
    model = replace(record_samples.SOURCE, grade="model", kind="model")
    record = record_samples.record(samples.ENTRY, sources=(model,))
    modelled = view_of(replace(record, meter=replace(record.meter, grade="model")))
    said = "These joules are no measurement, and so these grams are none."
    assert said in page_of(modelled).text
    assert said not in page_of(samples.full_view()).text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Modelled work, not energy Joules come from CPU time and assumed constants. Mea"),
        ("fr", "Travail modélisé, et non énergie Les joules viennent du temps de processeur et de"),
    ],
)
def test_a_warning_is_told_in_sentences_and_once(language: str, said: str) -> None:
    notice = Notice(
        code="modelled-energy",
        message="modelled work, not energy: joules come from CPU time and assumed constants",
        remedy="measure on a machine whose power sensors can be read",
    )
    record = replace(record_samples.record(samples.ENTRY), warnings=(notice,))
    assert said in page_of(view_of(record), language).text.replace("\n", "")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_remedies_show_commands_as_code_and_codes_by_their_names(language: str) -> None:
    notices = (
        Notice(
            code="modelled-energy",
            message="modelled work, not energy: joules come from CPU time and assumed constants",
            remedy="measure on a machine whose power sensors can be read; see `doctor`",
        ),
        Notice(
            code="void-sessions",
            message="3 of 18 sessions were disturbed and are void (kernel-changed, steal)",
            remedy="what was seen in each is in the record; a quiet machine would need no repeats",
        ),
    )
    record = replace(record_samples.record(samples.ENTRY), warnings=notices)
    text = page_of(view_of(record), language).text
    assert "doctor" in text
    assert "`" not in text
    assert "kernel-changed" not in text


def test_what_is_not_declared_is_unknown_and_never_zero() -> None:
    record = record_samples.record(samples.ENTRY)
    text = page_of(view_of(record)).text
    part = text[text.index("Energy spent before") :][:400]
    assert part.count("unknown") >= 2
    assert "0 kWh" not in part
    declared = replace(
        record, submission=replace(record.submission, lifecycle=Lifecycle(fine_tuning_kwh=2.0))
    )
    part = page_of(view_of(declared)).text
    part = part[part.index("Energy spent before") :][:400]
    assert "2.00 kWh" in part
    assert "Trainingunknown" in part.replace("\n", "")


def test_on_hidden_labels_nothing_is_shown_that_the_record_keeps_back() -> None:
    full = samples.full_record(data={"public": False, "source": "directory", "seed": None})
    withheld = publishable(full, signed=True)
    view = view_of(withheld, signed_by="jury")
    text = page_of(view).text
    assert "What was taken for what" not in text
    assert "smoke" not in text
    assert "Right" not in text
    assert "in steps of 0.005" in text
    assert (view.confusion, view.classes) == (None, ())
    open_text = page_of(view_of(full)).text  # the check finds what it looks for
    assert "What was taken for what" in open_text
    assert "As before: the share of" in text
    assert "Right: the share of" in open_text


def test_an_entry_that_only_failed_says_where_and_what_to_do() -> None:
    text = page_of(samples.failed_view()).text
    for said in ("It failed", "load", "s fault", "failed in load", "weights.npz"):
        assert said in text
    assert "The team mends the entry" in text
    assert "Nothing is to be mended" in page_of(samples.failed_view(blame="organiser")).text


def test_the_history_tells_earlier_versions_and_failures() -> None:
    view = samples.full_view()
    assert [(row.counts, row.failed_in) for row in view.history] == [
        (True, None), (False, "load"), (False, None),
    ]  # fmt: skip
    text = page_of(view).text
    assert "an earlier version" in text
    assert "failed: load" in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"on_front": True}, "On it: no other entry here is at least as good on both"),
        ({"on_front": False}, "Not on it: another entry here is at least as good on both"),
        (
            {"on_front": False, "joules_per_1000_queries": None, "joules_interval": None},
            "Its energy is not resolved, so it has no place on it.",
        ),
    ],
)
def test_its_place_on_the_front_is_told_as_the_front_is_made(
    changes: dict[str, Any], said: str
) -> None:
    view = samples.full_view()
    assert view.entry is not None
    text = page_of(view._replace(entry=replace(view.entry, **changes))).text
    told = ("On it:", "Not on it:", "so it has no place on it")
    assert said in text
    assert sum(each in text for each in told) == 1


def test_at_the_floor_and_of_modelled_joules_no_phone_charge_is_given() -> None:
    view = samples.full_view()
    assert view.entry is not None
    assert "a phone charge would answer" in page_of(view).text
    at_floor = view._replace(entry=replace(view.entry, at_floor=True))
    assert "a phone charge would answer" not in page_of(at_floor).text
    modelled = view._replace(board=replace(view.board, meter_grade="model"))
    assert "a phone charge would answer" not in page_of(modelled).text


def test_what_is_of_one_of_several_evaluations_says_of_which() -> None:
    warning = Notice(code="wide-interval", message="it is wide", remedy="rest")
    shared = samples.full_record().warnings[0]
    earlier = samples.full_record(created="2026-01-01T03:04:05+00:00")
    first = samples.kept(replace(earlier, warnings=(shared, warning)))
    second = samples.kept(replace(samples.full_record(), warnings=(shared,)))
    pooled = entry_view(samples.board_of(first, second), samples.ENTRY, (first, second))

    text = page_of(pooled).text

    assert "Wide interval (evaluation 1) It is wide." in text
    assert "Unsteady machine The same" in text
    said = "The metrics above are of all 2 evaluations together; what follows is of the latest"
    assert f"{said} alone, evaluation 2." in text
    assert text.index(said) < text.index("Recall")
    assert "the signature and the date are of the latest." in text
    alone = page_of(samples.full_view()).text
    assert "evaluations together" not in alone
    assert "are of the latest." not in alone


def test_a_signature_is_named_with_its_key() -> None:
    signature = Signature(key="ab" * 32, value="cd" * 64)
    record = replace(
        record_samples.record(samples.ENTRY, data={"public": False, "source": "directory"}),
        signature=signature,
    )
    text = page_of(view_of(record, signed_by="jury-2026")).text
    assert "jury-2026" in text
    assert "ab" * 32 in text


@pytest.mark.parametrize("text", samples.HOSTILE)
def test_strangers_text_stays_text_wherever_it_stands(text: str) -> None:
    full = samples.full_record()
    record = replace(
        full,
        submission=replace(
            full.submission,
            entry=text, team=text, name=text, version=text, licence=text, description=text,
            authors=(text,), url=text, digest=text,
        ),
        task=replace(full.task, title=text),
        hardware=replace(full.hardware, processor=text, profile=text, operating_system=text),
        warnings=(replace(full.warnings[0], code=text, message=text, remedy=text),),
        harness_version=text,
    )  # fmt: skip
    view = view_of(record)
    for language in codes():
        page = page_of(view, language)
        assert page.unbalanced == []
        assert page.open == []
        assert [tag for tag, _ in page.elements if tag in {"script", "b", "style", "form"}] == []
        for _, attributes in page.elements:
            assert not any(name.startswith("on") or name == "style" for name in attributes)
            for name in ("href", "src"):
                assert not (attributes.get(name) or "").startswith(("javascript", "//"))
        assert len(page.all("img")) <= 1
        assert len(render_entry(view)[language]) < 60_000


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://example.org/a?b=1&c=2", True),
        ("http://example.org", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("ftp://example.org", False),
        ("//example.org", False),
        ('https://example.org/"onmouseover="x', False),
        ("https://example.org/ and more", False),
        ("https://" + "x" * 5000, False),
    ],
)
def test_only_addresses_of_the_web_are_linked_to(url: str, *, linked: bool) -> None:
    record = record_samples.record(samples.ENTRY)
    page = page_of(view_of(replace(record, submission=replace(record.submission, url=url))))
    away = [each for each in page.all("a") if re.match("https?:", each.get("href") or "")]
    assert [each["href"] for each in away] == ([url] if linked else [])
    assert all(each["rel"] == "noopener nofollow" for each in away)


def test_the_page_asks_for_its_own_files_alone() -> None:
    page = page_of(samples.full_view())
    policies = [each["content"] for each in page.all("meta") if "http-equiv" in each]
    assert policies == [POLICY]
    assert page.all("script") == []
    asked = [each["href"] for each in page.all("link") if each.get("rel") == "stylesheet"]
    assert asked == ["../../style.css"]
    assert all(not re.match("[a-z]+:|/", each["src"] or "") for each in page.all("img"))


@pytest.mark.parametrize("language", codes())
def test_links_lead_to_pages_of_the_site(language: str) -> None:
    view = samples.full_view()
    here = Path("/site") / entry_page_name(view.board.id, view.name, language)
    page = page_of(view, language)
    own = {
        os.path.normpath(here.parent / (each["href"] or "").split("#")[0].split("?")[0])
        for each in page.all("a")
        if not re.match("https?:|#", each["href"] or "")
    }
    home = "/site" if language == "en" else f"/site/{language}"
    others = {
        os.path.normpath(Path("/site") / entry_page_name(view.board.id, view.name, other))
        for other in codes()
        if other != language
    }
    assert own == {f"{home}/index.html", f"{home}/method.html", *others}
    ids = {attributes.get("id") for _, attributes in page.elements}
    jumps = {(each["href"] or "")[1:] for each in page.all("a") if each["href"][:1] == "#"}  # type: ignore[index]
    assert jumps <= ids


def test_no_identifier_stands_twice() -> None:
    ids = [a["id"] for _, a in page_of(samples.full_view()).elements if "id" in a]
    assert len(ids) == len(set(ids))


def typed(record: EvaluationRecord, entry: str) -> Iterator[str]:
    return commands(record, entry, record.isolation.tool)


def test_the_commands_make_the_same_evaluation_again() -> None:
    check, evaluate = typed(samples.full_record(), "team-model")
    assert check == "python -m harness check submissions/team-model --format json"
    assert evaluate == (
        "python -m harness evaluate submissions/team-model submissions/control --data sample "
        "--seed 0 --protocol official --scenario offline --meter rapl"
    )
    hub = samples.full_record(data={"source": "hub", "hub_id": "a/b", "revision": "9" * 40})
    assert f"--data hub@{'9' * 40} " in list(typed(hub, "team-model"))[1]
    own = replace(samples.full_record(data={"source": "directory"}), demonstration=False)
    assert "--data DIRECTORY " in list(typed(own, "team-model"))[1]


@pytest.mark.parametrize(
    ("tool", "asked"),
    [("Landlock 7", " --isolation landlock"), ("none", " --isolation none"),
     ("bubblewrap 0.11.0", ""), (None, "")],
)  # fmt: skip
def test_the_command_asks_for_a_weaker_way_of_keeping_apart(tool: str | None, asked: str) -> None:
    full = samples.full_record()
    of = replace(full, isolation=replace(full.isolation, tool=tool))
    assert list(typed(of, "team-model"))[1].endswith(f" --meter rapl{asked}")


def test_the_entries_of_a_campaign_that_the_command_leaves_out_are_counted() -> None:
    view = samples.full_view()
    assert "took turns with these" not in page_of(view).text
    campaign = Campaign(id="c0", entries=tuple(f"entry-{n}" for n in range(40)))
    made = replace(samples.full_record(), campaign=campaign)
    text = page_of(view_of(made)).text
    assert "11 more entries took turns with these" in text
    assert "submissions/entry-28" in text
    assert "submissions/entry-29" not in text


def test_the_commands_name_the_entry_where_its_latest_record_is_of_a_copy() -> None:
    full = samples.full_record()
    campaign = Campaign(id="c0", entries=("a-copy", "team-model", "control"))
    submission = replace(full.submission, entry="a-copy")
    of_copy = replace(full, submission=submission, campaign=campaign)

    check, evaluate = typed(of_copy, "team-model")

    assert " submissions/team-model " in check
    assert "evaluate submissions/team-model submissions/control --data" in evaluate


@pytest.mark.parametrize("entry", ["; rm -rf /", "$(id)", "a b", "it's", "-rf"])
def test_a_hostile_name_is_no_command(entry: str) -> None:
    record = replace(
        samples.full_record(),
        submission=replace(samples.full_record().submission, entry=entry),
        campaign=None,
    )
    words = shlex.split(list(typed(record, entry))[1])
    assert words[4] == f"submissions/{entry}"


def test_a_record_whose_sessions_make_no_sense_is_shown_all_the_same() -> None:
    full = samples.full_record(failed="measured")
    empty = replace(
        full.sessions[0], sweeps=(), phases=(), trace=(PowerTrace(component="gpu", watts=()),)
    )
    record = replace(full, sessions=(empty, *full.sessions[1:]), quality=None)
    text = page_of(view_of(record)).text
    assert "Sessions" in text


def test_a_page_of_five_sessions_is_small() -> None:
    assert len(render_entry(samples.full_view())["en"]) < 21_000


@pytest.mark.parametrize(
    "view", [samples.full_view(), samples.failed_view()], ids=["full", "failed"]
)
def test_a_french_page_says_nothing_in_english(view: EntryView) -> None:
    texts = Reading(render_entry(view)["fr"].decode()).texts
    assert english_left(each for each in texts if view.name not in each) == {}
    english = render_entry(view)["en"].decode().replace('lang="en"', 'lang="fr"')
    assert len(english_left(Reading(english).texts)) > 20  # the check finds what it looks for
