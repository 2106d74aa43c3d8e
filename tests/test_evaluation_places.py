"""Local paths in texts: every one that is known gets its name, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from record_samples import record

from harness.evaluation.places import Places
from harness.records.evaluation import Failed
from harness.records.session import Notice

PLACES = Places(
    [
        (Path("/srv/frugal/submissions/mine"), "mine"),
        (Path("/srv/frugal"), ""),
        (Path("/home/ada"), "~"),
        (Path("/tmp/run-1"), "$TMPDIR"),  # noqa: S108 - a name
        (Path("/tmp"), "never"),  # noqa: S108 - a name
        (Path("/"), "never"),
        (Path("/usr/local/lib/python3.11/site-packages"), ""),
    ]
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nothing of it", "nothing of it"),
        ("/srv/frugal/tasks/a.py: is wrong", "tasks/a.py: is wrong"),
        ("in /srv/frugal, and /srv/frugal.", "in the project, and the project."),
        ("'/srv/frugal/submissions/mine/model.py'", "'mine/model.py'"),
        ("/srv/frugal/submissions/mine-2/x", "submissions/mine-2/x"),
        (
            "/srv/frugality /srv/frugal.d/x /srv/frugal-2",
            "/srv/frugality /srv/frugal.d/x /srv/frugal-2",
        ),
        ("file:///home/ada/x", "file://~/x"),
        ("/srv/home/ada/x", "/srv/home/ada/x"),
        ("/tmp/run-1/entry/x and /tmp/full", "$TMPDIR/entry/x and /tmp/full"),  # noqa: S108 - a name
        ("PATH=/home/ada/bin:/usr/bin", "PATH=~/bin:/usr/bin"),
        ("Ctrl\n/home/ada\n", "Ctrl\n~\n"),
        ("PosixPath('/tmp/run-1/ent (cut)", "PosixPath('$TMPDIR/ent (cut)"),
        ("cut within: /srv/frug", "cut within: …"),
        ("cut: '/srv/frugal/submis' /tmp/ru.", "cut: 'submis' …."),
        ("above: /srv/", "above: /srv/"),
        ("another: /srv/fresh, /home/a/x, /home/b", "another: /srv/fresh, /home/a/x, /home/b"),
        ("/usr/local/lib/x.py of /usr/local/lib", "/usr/local/lib/x.py of /usr/local/lib"),
    ],
)
def test_known_places_get_their_names(text: str, told: str) -> None:
    assert PLACES.in_words(text) == told


def test_without_places_nothing_changes() -> None:
    assert Places().in_words("/srv/frugal") == "/srv/frugal"


def test_a_link_s_target_is_the_same_place(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    places = Places([(tmp_path / "link", "here")])
    told = places.in_words(f"{tmp_path}/link/a, {tmp_path}/real/b")
    assert told == "here/a, here/b"


def test_all_that_a_record_says_is_told_so_but_what_the_entry_says_of_itself() -> None:
    notice = Notice(code="x", message="see /srv/frugal/x", remedy="clear /home/ada/x")
    made = record()
    (first, *others) = made.sessions
    made = replace(
        made,
        sessions=(replace(first, disturbances=(notice,)), *others),
        outcome=Failed(stage="load", blame="organiser", message="/home/ada", remedy="/tmp/run-1/x"),  # noqa: S108
        warnings=(notice,),
        submission=replace(made.submission, description="for /home/ada"),
    )
    told = PLACES.told(made)
    assert told.outcome == Failed(stage="load", blame="organiser", message="~", remedy="$TMPDIR/x")
    assert told.warnings == told.sessions[0].disturbances
    assert (told.warnings[0].message, told.warnings[0].remedy) == ("see x", "clear ~/x")
    assert told.submission == made.submission
    assert told.sessions[1:] == made.sessions[1:]
