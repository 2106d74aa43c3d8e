"""Locks as data: what is taken from one; tests/submissions/lock-* has one folder per fault."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.submissions.requirements import MAX_BYTES, MAX_REQUIREMENTS, read_lock

ONE, OTHER = "sha256:" + "a" * 64, "sha512:" + "b" * 128


def read(text: str) -> list[str]:
    """Return the lines of a lock without faults."""
    found = read_lock("x.lock", text.encode())
    assert found.faults == ()
    assert found.lock is not None
    return [pin.line for pin in found.lock.pins]


def test_names_versions_hashes_and_order_are_normalised() -> None:
    text = f"Zoo_Keeper==1.0.0.RC1 --hash={OTHER} --hash={ONE.upper().replace('SHA', 'sha')}\n"
    text += f"a[Two_Words, one]==2 \\\n  --hash {ONE}\n"
    assert read(text) == [
        f"a[one,two-words]==2 --hash={ONE}",
        f"zoo-keeper==1.0.0rc1 --hash={ONE} --hash={OTHER}",
    ]


def test_comments_blank_lines_and_line_ends_change_only_the_digest() -> None:
    plain = f"a==1 --hash={ONE}\nb==2 --hash={ONE}\n"
    dressed = f"# made by hand\r\n\r\na==1 \\\r\n  --hash={ONE}  # via b\r\nb==2 --hash={ONE}"
    assert read(plain) == read(dressed)
    lock = read_lock("x", dressed.encode()).lock
    assert lock is not None
    assert lock.digest == hashlib.sha256(dressed.encode()).hexdigest()


def test_what_is_for_other_platforms_is_left_out() -> None:
    text = f"a==1 ; python_version < '3' --hash={ONE}\na==2 ; python_version >= '3' --hash={ONE}\n"
    assert read(text) == [f"a==2 --hash={ONE}"]


def test_a_lock_of_nothing_is_one() -> None:
    assert read("# the standard library will do\n") == []


def test_a_universal_lock_may_have_been_made_with_another_python() -> None:
    assert read(f"# uv pip compile --universal --python-version 3.2 x\na==1 --hash={ONE}\n")


@pytest.mark.parametrize("platform", ["windows", "aarch64-apple-darwin", "pdp11-unknown-linux-gnu"])
def test_a_lock_that_says_it_is_for_another_platform_is_warned_of(platform: str) -> None:
    text = f"# uv pip compile --python-platform {platform} x\na==1 --hash={ONE}\n"
    (fault,) = read_lock("x", text.encode()).faults
    assert (fault.code, fault.severity, fault.line) == ("FRG509", "warning", 1)


def test_a_lock_without_end_is_not_read() -> None:
    (fault,) = read_lock("x", b"#" * (MAX_BYTES + 1)).faults
    assert fault.code == "FRG502"


def test_requirements_without_end_are_not_read() -> None:
    found = read_lock("x", b"a\n" * (MAX_REQUIREMENTS + 9))
    assert [fault.line for fault in found.faults if fault.code == "FRG502"] == [2_001]


def test_variables_are_never_put_in() -> None:
    found = read_lock("x", f"${{HOME}}==1 --hash={ONE}\n".encode())
    assert [fault.code for fault in found.faults] == ["FRG503"]


LINES = st.lists(
    st.sampled_from(
        [
            "a==1", "b", "==", " ; ", "python_version", "<", "'3'", f"--hash={ONE}", "--hash=", "@",
            "\\", "\n", "#", "[", "]", ",", "(", ")", "and", "-e", "--pre", "https://x", "*", "1!2",
        ]
    )
)  # fmt: skip


@given(st.one_of(st.binary(max_size=200), LINES.map(lambda parts: " ".join(parts).encode())))
@example(b"a" + b" " * 900_000 + b"b")
@example(b"#" + b" --python-version 1" * 50_000)
@example(b"a" + b" --hash=" * 100_000)
@example(b"-" * 900_000)
@example(b"a==1 ; " + b"- " * 400_000)
@example(b"a==1;" + b"(" * 900)
@example(b"a==" + b"1" * 900)
@example(b"a==1 ; extra == 'x' and python_version < 'nonsense' --hash=" + ONE.encode())
def test_whatever_it_holds_it_is_read_or_refused(content: bytes) -> None:
    found = read_lock("x", content)
    errors = [fault for fault in found.faults if fault.severity == "error"]
    assert (found.lock is None) == bool(errors)
    assert all(fault.message.isprintable() and fault.remedy for fault in found.faults)
    if found.lock is not None:
        again = "\n".join(pin.line for pin in found.lock.pins).encode()
        read_again = read_lock("x", again).lock
        assert read_again is not None
        assert read_again.pins == found.lock.pins
