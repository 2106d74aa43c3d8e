"""A record whose fields can be read and not be true: it is refused, or shown; it stops nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import entry_samples as samples
import msgspec
import pytest
import record_samples
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.ranking.boards import make_boards
from harness.ranking.usable import MOST, why_unusable
from harness.records.board import Boards
from harness.records.evaluation import Campaign, EvaluationRecord, Failed
from harness.records.session import Agreement, Phase, Session
from harness.site import entry_carbon
from harness.site.badge import badge
from harness.site.blocks import Column, Table
from harness.site.blocks_html import html
from harness.site.entry_page import render_entry
from harness.site.entry_view import entry_view
from harness.site.power import lay_out
from harness.site.render import board_parts, data_of, placed

IDLE: tuple[Phase, ...] = ("idle-before", "idle-after")
FAILED = Failed(stage="measured", blame="submission", message="it ended early")


@pytest.fixture(autouse=True)
def _grids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_carbon, "_per_kwh", lambda: samples.GRID)


def built(record: EvaluationRecord) -> tuple[Boards, str]:
    """Build what a site shows of a record by itself; the boards, and its English page if any."""
    kept = samples.kept(record)
    boards = make_boards((kept,), record_samples.RULES)
    page = ""
    for board in boards.boards:
        (place,) = placed([board], [len(board.entries)])
        board_parts(place)
        data_of(board)
        view = entry_view(board, record.submission.entry, (kept,))
        page = render_entry(view)["en"].decode()
        if view.entry is not None:
            badge(board, view.entry, "en")
    return boards, page


def in_all_sessions(record: EvaluationRecord, **changes: Any) -> EvaluationRecord:  # noqa: ANN401
    """Change each session: the value of a field, or a function of the session that gives it."""
    return replace(record, sessions=tuple(_changed(each, changes) for each in record.sessions))


def _changed(session: Session, changes: Mapping[str, Any]) -> Session:
    plain = msgspec.to_builtins(session)
    for field, value in changes.items():
        plain[field] = value(plain[field]) if callable(value) else value
    return msgspec.convert(plain, Session)


def with_trace(watts: list[tuple[float, float]]) -> Callable[[list[Any]], list[Any]]:
    return lambda kept: [*kept, {"component": "dram", "watts": watts}]


def agreeing(**changes: float) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda kept: {**kept, **changes}


DAMAGE: dict[str, dict[str, Any]] = {
    "a trace of no step": {"trace": with_trace([])},
    "a trace of no time": {"trace": with_trace([(0.0, 0.0)])},
    "a trace of hardly any time": {"trace": with_trace([(5e-324, 1.0), (0.0, 1.0)])},
    "a trace beyond floats": {"trace": with_trace([(1e200, 1e200), (1e-3, 1e308)])},
    "a trace that goes back in time": {"trace": with_trace([(2.0, 1.0), (-2.0, 1.0)])},
    "a trace of negative power": {"trace": with_trace([(1.0, -1e308), (1.0, 1.0)])},
    "an agreement beyond floats": {"agreement": agreeing(previous=1e308)},
    "a negative agreement": {"agreement": agreeing(previous=-0.5)},
    "an agreement that is no number": {"agreement": agreeing(previous=float("nan"))},
    "an agreement of variants above one": {"agreement": agreeing(variants=1.5)},
    "a confusion with an answer too few": {"confusion": [[-1, 2], [0, -1]]},
    "a confusion of unequal rows": {"confusion": [[5], [1, 2, 3, 4, 5]]},
    "a confusion of no label": {"confusion": []},
    "a confusion of a column too few": {"confusion": [[1, 2], [3, 4]]},
    "a confusion of empty rows": {"confusion": [[], []]},
    "a confusion of negative counts": {"confusion": [[-1, 2, 0], [0, -1, 5]]},
    "a confusion of counts beyond reason": {"confusion": [[1 << 62, 0, 0], [0, 5, 0]]},
}
SHOWN = {"a trace of no step", "a trace of no time", "a trace of hardly any time"}
"""That shows nothing, and might have been seen: the record completed, and has its page."""


@pytest.mark.parametrize("outcome", ["completed", "failed"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_session_is_refused_or_shown(damage: str, outcome: str) -> None:
    record = samples.full_record()
    if outcome == "failed":
        record = replace(record, outcome=FAILED)
    boards, page = built(in_all_sessions(record, **DAMAGE[damage]))
    assert bool(page) or [each.code for each in boards.problems] == ["unusable"]
    assert bool(page) == (outcome == "failed" or damage in SHOWN)
    assert "What was taken for what" not in page or "confusion" not in damage


def test_the_sound_trace_beside_an_unsound_one_is_drawn() -> None:
    for name, changes in DAMAGE.items():
        if "trace" in changes:
            session = in_all_sessions(samples.full_record(), **changes).sessions[0]
            drawn = lay_out(session.trace, session.phases)
            assert drawn is not None
            named = [component for component, _ in drawn.lines]
            assert named == [session.trace[0].component], name


def test_a_trace_that_shows_nothing_leaves_the_page_the_others() -> None:
    for name in SHOWN:
        page = built(in_all_sessions(samples.full_record(), **DAMAGE[name]))[1]
        assert "power power-0" in page, name
        assert "power power-1" not in page, name


def test_nothing_is_drawn_over_phases_that_last_beyond_reason() -> None:
    def lasting(phases: list[Any]) -> list[Any]:
        return [
            {**each, "reading": {**each["reading"], "seconds": 1e308}} if n == 0 else each
            for n, each in enumerate(phases)
        ]

    record = in_all_sessions(replace(samples.full_record(), outcome=FAILED), phases=lasting)
    assert built(record)[1]
    kept = samples.kept(record)
    assert entry_view(samples.board_of(kept), samples.ENTRY, (kept,)).trace is None


def test_the_history_shows_a_refused_record_without_what_it_cannot_have_used() -> None:
    def starting(phases: list[Any]) -> list[Any]:
        window = msgspec.to_builtins(record_samples.window("start", seconds=1.0, joules=-1e6))
        return [phases[0], window, *phases[2:]]

    sound = samples.kept(record_samples.record(samples.ENTRY, created="2026-02-01T00:00:00+00:00"))
    unsound = samples.kept(in_all_sessions(samples.full_record(), phases=starting))
    view = entry_view(samples.board_of(sound, unsound), samples.ENTRY, (sound, unsound))
    assert [row.joules_per_1000 is None for row in view.history] == [False, True]
    assert render_entry(view)


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_moment_beyond_the_calendar_is_shown_as_it_stands(moment: str) -> None:
    boards, page = built(samples.full_record(created_utc=moment, outcome=FAILED))
    assert boards.boards
    assert moment in page


def idling(seconds: float) -> Callable[[list[Any]], list[Any]]:
    """Let the idle windows last as long, with some energy each."""

    def change(phases: list[Any]) -> list[Any]:
        idle = {
            phase: msgspec.to_builtins(record_samples.window(phase, seconds=seconds, joules=1.0))
            for phase in IDLE
        }
        return [idle.get(each["phase"], each) for each in phases]

    return change


def with_quality_in_steps_of(step: float) -> EvaluationRecord:
    record = samples.full_record()
    assert record.quality is not None
    return replace(record, quality=replace(record.quality, step=step))


@pytest.mark.parametrize("step", [5e-324, -0.5, 1.5])
def test_a_quality_in_steps_that_cannot_be_is_refused(step: float) -> None:
    assert not why_unusable(with_quality_in_steps_of(0.005))
    boards, page = built(with_quality_in_steps_of(step))
    assert not page
    assert "in steps that are not" in boards.problems[0].message


def test_a_quality_of_more_than_all_is_refused() -> None:
    made = samples.full_record()
    assert made.quality is not None
    (first, *others) = made.quality.metrics
    for field in ("low", "value", "high"):
        beyond = replace(made.quality, metrics=(replace(first, **{field: 1.01}), *others))
        reason = why_unusable(replace(made, quality=beyond))
        assert reason == f"its {first.name} is not between 0 and 1"


def test_what_failed_in_a_void_campaign_failed_and_is_not_void() -> None:
    campaign = Campaign(id="c", entries=("a", "b"), void="the control differed too much")
    made = replace(samples.full_record(), campaign=campaign)
    assert why_unusable(made) == "its campaign is void: the control differed too much"
    assert why_unusable(replace(made, outcome=FAILED)) is None


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"phases": idling(5e-324)}, "a phase of a negative time"),
        ({"kernel": {"before_cpu_seconds": 0.1, "after_cpu_seconds": 1e308}}, "kernel"),
        ({"kernel": {"before_cpu_seconds": 5e-324, "after_cpu_seconds": 0.1}}, "kernel"),
        ({"kernel": {"before_cpu_seconds": -0.1, "after_cpu_seconds": 0.1}}, "kernel"),
    ],
)
def test_times_that_no_clock_tells_are_refused(changes: dict[str, Any], named: str) -> None:
    boards, page = built(in_all_sessions(samples.full_record(), **changes))
    assert not page
    assert named in boards.problems[0].message
    assert built(replace(in_all_sessions(samples.full_record(), **changes), outcome=FAILED))[1]


@pytest.mark.parametrize("share", ["variants", "rebatched", "previous"])
@pytest.mark.parametrize("value", [-1e-9, 1 + 1e-9, MOST, float("inf"), float("nan")])
def test_an_agreement_that_is_no_share_is_refused(share: str, value: float) -> None:
    sound = Agreement(
        variants=0.0, variant_items=1, rebatched=None, rebatched_items=0, previous=1.0
    )
    record = samples.full_record()
    first, *rest = record.sessions
    assert why_unusable(replace(record, sessions=(replace(first, agreement=sound), *rest))) is None
    unsound = replace(first, agreement=replace(sound, **{share: value}))
    assert why_unusable(replace(record, sessions=(unsound, *rest))) == (
        "session 1 has an agreement that is not between 0 and 1"
    )


@pytest.mark.parametrize("rows", [(("a",),), (("a", "1", "2"),), (("a",), ("b", "1", "2"))])
def test_a_table_refuses_rows_of_another_width(rows: tuple[tuple[str, ...], ...]) -> None:
    with pytest.raises(ValueError, match="'Words' has a row"):
        html((Table("Words", (Column("word"), Column("count", number=True)), rows),))


Path: TypeAlias = tuple[str | int, ...]

EXTREME = (
    -1.0, 0.0, 1e-308, 1e12, 1e13, 1e200, 1e308, -1e308,
    -1, 0, 1, 10**12, 10**18, -(1 << 63), (), "", None,
)  # fmt: skip
"""What a file can hold: what is no finite number is refused where it is read."""


def paths(value: object, path: Path = ()) -> Iterator[Path]:
    """Yield where everything stands in plain values, of sequences the first five."""
    yield path
    inner: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list | tuple):
        inner = enumerate(value[:5])
    for name, each in inner:
        yield from paths(each, (*path, name))


def put(value: Any, path: Path, new: object) -> Any:  # noqa: ANN401 - plain values
    """Return plain values with another one at that path."""
    if not path:
        return new
    first, *rest = path
    changed: Any = dict(value) if isinstance(value, dict) else list(value)
    changed[first] = put(changed[first], tuple(rest), new)
    return changed


SOUND = {
    "completed": msgspec.to_builtins(samples.full_record()),
    "failed": msgspec.to_builtins(replace(samples.full_record(), outcome=FAILED)),
}
PLACES = [path for path in paths(SOUND["failed"]) if path[:1] != ("outcome",)]
"""All but what the two differ in."""


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([*SOUND]), st.sampled_from(PLACES), st.sampled_from(EXTREME))
def test_an_extreme_value_anywhere_is_refused_or_shown(
    outcome: str, place: Path, value: object
) -> None:
    plain = put(SOUND[outcome], place, value)
    try:
        record = msgspec.convert(plain, EvaluationRecord, strict=True)
    except msgspec.ValidationError:
        return  # refused where it is read
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entry_carbon, "_per_kwh", lambda: samples.GRID)
        boards, page = built(record)
    assert boards.problems or page
