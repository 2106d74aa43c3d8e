"""The file of a campaign that is under way: private, whole to the last line, one writer."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from record_samples import session

from harness.errors import OrganiserError
from harness.records.unfinished import Begun, Drawn, Event, Stood
from harness.store.results import read_all
from harness.store.unfinished import Log, find_unfinished, log_path

BEGUN = Begun(
    campaign="c0ffee", began_utc="2026-01-02T03:04:05+00:00", task="toy", entries=("ant",),
    control=None, same={"the rules": "5e" * 32},
)  # fmt: skip
DRAWN = Drawn(round=0, order=("ant",))
STOOD = Stood(entry="ant", session=session(), answers=(0, 1, None))


def written(results: Path, *events: Event) -> Path:
    log = Log(log_path(results, "c0ffee"))
    log.add(BEGUN)
    log.add(*events)
    log.close()
    return log.path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, DRAWN, STOOD)

    (found,) = find_unfinished(tmp_path)

    assert (found.begun, found.events, found.fault) == (BEGUN, (DRAWN, STOOD), "")
    assert (found.sessions, found.size_bytes) == (1, path.stat().st_size)


def test_there_is_no_file_before_a_session_stands(tmp_path: Path) -> None:
    written(tmp_path, DRAWN)
    assert list(tmp_path.iterdir()) == []


def test_it_is_private_and_no_result(tmp_path: Path) -> None:
    path = written(tmp_path, STOOD)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert read_all(tmp_path) == ((), ())


@pytest.mark.parametrize("lost", [1, 100])
def test_what_was_cut_short_did_not_happen_and_is_written_over(tmp_path: Path, lost: int) -> None:
    path = written(tmp_path, STOOD, STOOD)
    path.write_bytes(path.read_bytes()[:-lost])

    (found,) = find_unfinished(tmp_path)
    assert found.events == (STOOD,)

    log = Log(path, found.size_bytes)
    log.add(DRAWN)
    log.close()
    (found,) = find_unfinished(tmp_path)
    assert found.events == (STOOD, DRAWN)


@pytest.mark.parametrize("damage", [b'{"event":"stood"}\n', b"\0\0\0\n", b'{"event":"flew"}\n'])
def test_what_is_damaged_is_named_and_not_gone_on_with(tmp_path: Path, damage: bytes) -> None:
    path = written(tmp_path, STOOD)
    path.write_bytes(path.read_bytes() + damage)

    (found,) = find_unfinished(tmp_path)

    assert (found.begun, found.events) == (None, ())
    assert "is damaged: " in found.fault


def test_another_version_or_another_name_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, STOOD)
    path.rename(path.with_name("decaf.campaign"))
    (path.parent / "c0ffee.campaign").write_bytes(b'{"event":"begun","schema":99}\n')

    faults = {found.path.name: found.fault for found in find_unfinished(tmp_path)}

    assert faults == {
        "decaf.campaign": "is not what its name says",
        "c0ffee.campaign": "is not as this version of the harness writes it",
    }


def test_only_one_process_is_at_a_campaign(tmp_path: Path) -> None:
    written(tmp_path, STOOD)
    (found,) = find_unfinished(tmp_path)
    first = Log(found.path, found.size_bytes)

    with pytest.raises(OrganiserError, match="another process is at this campaign"):
        Log(found.path, found.size_bytes)

    first.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / ".unfinished").write_text("in the way")

    with pytest.raises(OrganiserError, match="cannot be kept"):
        written(tmp_path, STOOD)


def test_an_event_of_a_stranger_is_damage(tmp_path: Path) -> None:
    strange: tuple[Event, ...] = (
        Stood(entry="bee", session=session(), answers=(0,)),
        Drawn(round=0, order=("ant", "bee")),
    )
    for number, event in enumerate(strange):
        written(tmp_path / str(number), STOOD, event)

        (found,) = find_unfinished(tmp_path / str(number))

        assert (found.begun, found.events) == (None, ())
        assert found.fault == "is damaged: no entry of this campaign is bee"


def test_a_file_that_others_could_read_is_private_once_it_is_written(tmp_path: Path) -> None:
    path = written(tmp_path, STOOD)
    path.chmod(0o644)
    path.parent.chmod(0o755)
    (found,) = find_unfinished(tmp_path)

    log = Log(found.path, found.size_bytes)
    log.close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_can_be_taken_away_after_it_was_closed(tmp_path: Path) -> None:
    log = Log(log_path(tmp_path, "c0ffee"))
    log.add(BEGUN, STOOD)
    log.close()

    log.remove()

    assert list(tmp_path.iterdir()) == []
