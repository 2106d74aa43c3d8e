"""Interrupted at any moment, an evaluation goes on: no session is lost, none is run twice."""

from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from projects import write_entry
from runs import KILLED_IN_CALL, KILLED_IN_PHASE, Ended, Place, place_in, slow_entry, until
from toy_task import write_task

from harness.records.evaluation import Completed
from harness.store.results import read_all

CONTROL = '\n[reference.toy]\nnull = "nothing"\ncontrol = "steady"\n'
SESSIONS = 2
KILLED_IN_THE_SECOND_TASK = """
from harness.evaluation.journal import Journal
say = Journal._say
def told(self, doing):
    say(self, doing)
    if doing.phase == "measured" and doing.session == 1 and doing.entry == "late":
        kill()
Journal._say = told
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = place_in(tmp_path / "project", looks=f"[{SESSIONS}]")
    rules = made.root / "leaderboard" / "rules.toml"
    rules.write_text(rules.read_text(encoding="utf-8") + CONTROL, encoding="utf-8")
    write_entry(made.root, "steady")
    return made


def stood(place: Place) -> dict[str, list[dict[str, Any]]]:
    """Return the sessions that a campaign has kept so far, by entry."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in place.results.glob(".unfinished/*.campaign"):
        for line in path.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            if event["event"] == "stood":
                found.setdefault(event["entry"], []).append(event["session"])
    return found


def require_each_once(place: Place, entries: set[str]) -> None:
    """Hold the records against the campaign: every round has each of its entries once."""
    stored, problems = read_all(place.results)
    assert problems == ()
    assert {each.record.submission.entry for each in stored} == entries
    assert len(stored) == len(entries)
    at: Counter[tuple[int | None, int | None]] = Counter()
    for each in stored:
        record = each.record
        assert record.outcome == Completed()
        assert [session.round for session in record.sessions] == list(range(SESSIONS))
        at.update((session.round, session.place) for session in record.sessions)
    assert set(at.values()) == {1}
    assert len({each.record.campaign and each.record.campaign.id for each in stored}) == 1
    assert place.left() == []


def killed_in(phase: str, session: int, after: float = 0) -> str:
    return KILLED_IN_PHASE.format(phase=phase, session=session, after=after)


def test_killed_again_and_again_it_comes_to_its_end(place: Place) -> None:
    entry, other = slow_entry(place), write_entry(place.root, "other")
    kept: dict[str, list[dict[str, Any]]] = {}
    moments = (
        killed_in("load", 1, 0.05),
        killed_in("idle-after", 1),
        killed_in("measured", 2, 0.03),
        KILLED_IN_CALL.format(name="fsync", nth=2),  # as a session that stands is kept
        killed_in("writing the record", 1),
        KILLED_IN_CALL.format(name="link", nth=4),  # between two records
    )
    for hurt in moments:
        killed = place.run(entry, other, "--json", "--resume", hurt=hurt)

        assert killed.code == -signal.SIGKILL, (hurt, killed.err)
        now = stood(place)
        for name, sessions in kept.items():
            assert now[name][: len(sessions)] == sessions
        assert all(len(sessions) <= SESSIONS for sessions in now.values())
        kept = now
    assert {name: len(sessions) for name, sessions in kept.items()} == {
        "slow": SESSIONS, "other": SESSIONS, "steady": SESSIONS,
    }  # fmt: skip

    last = place.run(entry, other, "--json", "--resume")

    assert last.code == 0, last.err
    assert "note: going on with the interrupted evaluation of " in last.err
    require_each_once(place, {"slow", "other", "steady"})
    document = last.document
    assert [each["summary"]["entry"] for each in document["results"]] == ["slow", "other"]
    (control,) = document["controls"]
    assert control["record"]["submission"]["entry"] == "steady"
    for each in (*document["results"], control):
        name = each["record"]["submission"]["entry"]
        assert [s["started_utc"] for s in each["record"]["sessions"]] == [
            s["started_utc"] for s in kept[name]
        ]


def interrupted(place: Place, *entries: Path) -> Ended:
    """Interrupt an evaluation as an entry's second session is measured."""
    first, *rest = entries
    hurt = """
        from harness.evaluation.journal import Journal
        say = Journal._say
        def told(self, doing):
            say(self, doing)
            if doing.phase == "measured" and doing.session == 2:
                os.kill(os.getpid(), signal.SIGINT)
        Journal._say = told
        """
    ended = place.run(first, *rest, hurt=hurt)
    assert ended.code == 128 + signal.SIGINT, ended.err
    assert "note: the sessions that stand are kept: add --resume to go on from them" in ended.err
    return ended


def test_after_control_c_it_goes_on_only_where_all_is_as_it_was(place: Place) -> None:
    entry, other = write_entry(place.root, "fine"), write_entry(place.root, "other")
    interrupted(place, entry, other)
    before = stood(place)
    model = (entry / "model.py").read_text(encoding="utf-8")
    (entry / "model.py").write_text(model + "# changed\n", encoding="utf-8")

    anew = place.run(entry, other, "--resume")

    assert anew.code == 0, anew.err
    assert "cannot be gone on with, for other than now is the entry fine; it lies in " in anew.err
    assert stood(place) == before  # nothing of it is lost

    (entry / "model.py").write_text(model, encoding="utf-8")
    for record in place.results.glob("*/*/*.json"):
        record.unlink()
    again = place.run(entry, other, "--resume")

    assert again.code == 0, again.err
    require_each_once(place, {"fine", "other", "steady"})


def test_without_the_option_it_begins_anew_and_says_what_it_leaves(place: Place) -> None:
    entry = write_entry(place.root, "fine")
    interrupted(place, entry)  # by itself, and so without a control

    anew = place.run(entry, "--json")

    assert anew.code == 0, anew.err
    assert "beginning anew; with --resume the interrupted evaluation of " in anew.err
    assert "1 session stands" in anew.err
    assert anew.document["record"]["campaign"] is None
    assert sum(map(len, stood(place).values())) == 1
    until(lambda: not place.journals(), "the run is over")


def test_a_task_that_was_finished_is_not_measured_again(place: Place) -> None:
    write_task(place.root, task_id="later", hub="")
    entry, later = write_entry(place.root, "fine"), write_entry(place.root, "late", task="later")
    killed = place.run(entry, later, hurt=KILLED_IN_THE_SECOND_TASK)
    assert killed.code == -signal.SIGKILL, killed.err
    before = {path: path.read_bytes() for path in place.records()}
    assert [each.record.submission.entry for each in read_all(place.results)[0]] == ["fine"]

    again = place.run(entry, later, "--resume")

    assert again.code == 0, again.err
    assert "beginning anew: nothing of fine" not in again.err
    assert {path: path.read_bytes() for path in before} == before
    stored, _ = read_all(place.results)
    assert sorted(each.record.submission.entry for each in stored) == ["fine", "late"]
    assert place.left() == []


def test_each_record_without_any_place_is_printed_and_can_be_written_later(place: Place) -> None:
    entry, other = write_entry(place.root, "fine"), write_entry(place.root, "other")
    hurt = """
        import harness.store.results
        from harness.errors import OrganiserError
        def write(*arguments, **options):
            raise OrganiserError("no space", remedy="make some")
        harness.store.results.write = write
        """

    ended = place.run(entry, other, "--json", hurt=hurt, CI="")

    assert ended.code == 3, ended.err
    printed = ended.document["results"]  # of one document
    assert ended.document["error"]["message"] == printed[0]["error"]["message"]
    names = [each["record"]["submission"]["entry"] for each in printed]
    assert names == ["fine", "other", "steady"]
    assert all(each["items"]["ids"] for each in printed)
    assert ended.err.count("make some; keep what was printed") == 3
    assert "note: the sessions that stand are kept: add --resume to go on from them" in ended.err
    resumed = place.run(entry, other, "--resume")
    assert resumed.code == 0
    assert "note: going on with" in resumed.err, resumed.err  # else it says what is otherwise
    require_each_once(place, {"fine", "other", "steady"})


def test_a_log_of_ci_is_given_no_outcomes_of_a_record_without_any_place(place: Place) -> None:
    hurt = """
        import harness.store.results
        from harness.errors import OrganiserError
        def write(*arguments, **options):
            raise OrganiserError("no space", remedy="make some")
        harness.store.results.write = write
        """
    entry, other = write_entry(place.root, "fine"), write_entry(place.root, "other")
    ended = place.run(entry, other, "--json", hurt=hurt, CI="true")

    assert ended.code == 3, ended.err
    assert all(each["record"] for each in ended.document["results"])
    assert [each["items"] for each in ended.document["results"]] == 3 * [None]
    assert "without its items' outcomes" in ended.document["error"]["message"]
    assert ended.err.count("evaluate again: no rank is made without them") == 3
