"""What packages say that they need, held against a lock: as data, without any installer."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from wheels import RULES, lock_of, write_wheel

from harness.environments.cache import ensure
from harness.environments.protocol import Command
from harness.environments.requires import (
    MAX_METADATA_BYTES,
    Needs,
    needs_of_wheel,
    parse_needs,
    unmet,
)
from harness.environments.wheelhouse import check_wheelhouse, look
from harness.errors import SubmissionError
from harness.records.environment import Pin


def pins(*spelled: str) -> tuple[Pin, ...]:
    """Read ``name==version`` or ``name[extra]==version``."""
    made = []
    for each in spelled:
        name, _, version = each.partition("==")
        name, _, extra = name.rstrip("]").partition("[")
        extras = (extra,) if extra else ()
        made.append(Pin(name=name, version=version, hashes=("sha256:0",), extras=extras))
    return tuple(made)


def needing(**requires: tuple[str, ...]) -> dict[str, Needs]:
    return {name: Needs(each) for name, each in requires.items()}


@pytest.mark.parametrize(
    ("locked", "needs", "said"),
    [
        (["a==1"], {"a": ("b",)}, ["a==1 needs b, and the lock does not name it"]),
        (["a==1", "b==1"], {"a": ("b",)}, []),
        (["a==1", "b==1"], {"a": ("B>=1",)}, []),
        (["a==1", "b==1"], {"a": ("b>=2",)}, ["a==1 needs b>=2, and the lock pins 1"]),
        (["a==1", "b==2+cpu"], {"a": ("b==2",)}, []),
        (["a==1", "b==2rc1"], {"a": ("b>=1",)}, []),
        (["a==1"], {"a": ("b; sys_platform == 'win32'",)}, []),
        (["a==1"], {"a": ("b; python_version < '3'",)}, []),
        (["a==1"], {"a": ("b; extra == 'more'",)}, []),
        (
            ["a[more]==1"],
            {"a": ("b; extra == 'more'",)},
            ["a==1 needs b, and the lock does not name it"],
        ),
        (
            ["a==1", "b==1"],
            {"a": ("b[more]",), "b": ("c; extra == 'more'",)},
            ["b==1 needs c, and the lock does not name it"],
        ),
        (["a==1", "b==1"], {"a": ("b[all]",), "b": ("b[more]; extra == 'all'",)}, []),
        (
            ["a==1", "b==1"],
            {"a": ("b", "c>=1,<2"), "b": ("c",)},
            [
                "a==1 needs c<2,>=1, and the lock does not name it",
                "b==1 needs c, and the lock does not name it",
            ],
        ),
        (["a==1"], {}, []),
        (["a==1"], {"a": ("no (requirement >= at all",)}, []),
    ],
)
def test_what_is_needed_and_not_locked_is_said(
    locked: list[str], needs: dict[str, tuple[str, ...]], said: list[str]
) -> None:
    assert unmet(pins(*locked), needing(**needs)) == said


def test_a_package_for_another_python_is_said() -> None:
    (said,) = unmet(pins("a==1"), {"a": Needs(python=">=3.99")})
    assert said.startswith("a==1 is for Python >=3.99, and this is 3.")


def test_metadata_is_read_as_it_is_written() -> None:
    text = (
        "Name: a\nRequires-Dist: b\nRequires-Dist: c>1\nRequires-Python: >=3.8\n\nRequires-Dist: d"
    )
    assert parse_needs(text) == Needs(("b", "c>1"), ">=3.8")
    assert parse_needs("") == Needs()


@pytest.mark.parametrize("spoilt", ["no-archive", "no-metadata", "two", "damaged"])
def test_a_wheel_without_metadata_says_nothing(tmp_path: Path, spoilt: str) -> None:
    wheel = write_wheel(tmp_path, "tiny", requires=["needed"])
    if spoilt == "no-archive":
        wheel.write_bytes(b"PK")
    elif spoilt == "damaged":
        content = wheel.read_bytes()
        wheel.write_bytes(content.replace(b"Requires-Dist", b"Requires-Disc", 1))
    else:
        with zipfile.ZipFile(wheel, "w") as archive:
            for name in ("a", "b") if spoilt == "two" else ():
                archive.writestr(f"{name}.dist-info/METADATA", "Name: a\n")
    assert needs_of_wheel(wheel) is None


def test_metadata_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    wheel = tmp_path / "tiny-1.0-py3-none-any.whl"
    text = "Requires-Dist: near\n" + "X: y\n" * (MAX_METADATA_BYTES // 5) + "Requires-Dist: far\n"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tiny-1.0.dist-info/METADATA", text)
    assert needs_of_wheel(wheel) == Needs(("near",))


def test_a_wheelhouse_tells_of_a_lock_that_is_not_whole_before_anything_is_installed(
    tmp_path: Path,
) -> None:
    lock = lock_of(write_wheel(tmp_path, "tiny", requires=["needed>=2"]))
    write_wheel(tmp_path, "needed", "2.0")
    said = "tiny==1.0 needs needed>=2, and the lock does not name it"
    assert look(tmp_path, lock.pins).unmet == (said,)
    with pytest.raises(SubmissionError) as caught:
        check_wheelhouse(tmp_path, lock.pins)
    assert caught.value.message == f"the lock is not whole: {said}"
    assert "make the lock anew" in caught.value.remedy
    assert caught.value.stage == "environment"


class FromAnIndex:
    """An installer that puts one package there, and knows of no dependency."""

    version = "index 1"

    def command(self, lock: Path, into: Path, wheelhouse: Path | None) -> Command:
        assert lock.is_file()
        assert wheelhouse is None
        info = into / "tiny-1.0.dist-info"
        metadata = "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\nRequires-Dist: needed\n"
        program = f"mkdir -p '{info}'; printf '{metadata}' > '{info}/METADATA'"
        return Command(["/bin/sh", "-c", program.replace("\n", "\\n")], {})


def test_what_came_from_an_index_is_looked_at_once_it_is_there(tmp_path: Path) -> None:
    lock = lock_of(write_wheel(tmp_path / "house", "tiny"))
    with pytest.raises(SubmissionError, match=r"tiny==1\.0 needs needed, and the lock "):
        ensure(
            lock,
            RULES,
            cache=tmp_path / "cache",
            wheelhouse=None,
            note=lambda _: None,
            installer=FromAnIndex,
        )
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]
