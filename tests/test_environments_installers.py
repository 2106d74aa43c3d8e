"""uv and pip as they are run: with which settings, from where, and whose fault it is."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shlex
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from wheels import RULES, lock_of, lock_text, write_wheel

from harness.environments import installers
from harness.environments.cache import ensure, packages_of
from harness.environments.contents import measure
from harness.environments.installers import Pip, Uv, find_installer
from harness.environments.installing import install
from harness.environments.protocol import Command, Installer
from harness.environments.wheelhouse import check_wheelhouse, require_folder
from harness.errors import OrganiserError, SubmissionError, UsageError
from harness.records.environment import Lock
from harness.sandbox.spawn import adopt_orphans
from harness.submissions.requirements import read_lock


@cache
def found_uv() -> Installer:
    found = find_installer()
    if not isinstance(found, Uv):
        pytest.skip("no uv on this machine")
    return found


@cache  # pip takes a second to say its version
def found_pip() -> Installer:
    ways = (found for found in installers._ways_to_pip())
    for program in ways:
        if said := installers._ask([*program, "--version"], installers._kept_variables()):
            return Pip(tuple(program), " ".join(said.split()[:2]))
    pytest.skip("no pip on this machine")


INSTALLERS = [found_pip, found_uv]


def quiet(_: str) -> None:
    """Nobody waits."""


def program(folder: Path, name: str, lines: str) -> Path:
    """Write a shell script that stands in for an installer."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(0o755)
    return path


def says(folder: Path, words: str) -> Command:
    """Stand in for an installer that says something and fails."""
    quoted = shlex.quote(words)
    return Command([str(program(folder / "bin", "pip", f"printf '%s\\n' {quoted}; exit 1"))], {})


@pytest.mark.parametrize("found", INSTALLERS)
def test_a_lock_is_installed_from_a_wheelhouse(
    tmp_path: Path, found: Callable[[], Installer]
) -> None:
    house = tmp_path / "house"
    entry_points = "[console_scripts]\ntiny-run = tiny:main\n"
    files = {"tiny.py": "def main(): pass\n", "tiny-1.0.dist-info/entry_points.txt": entry_points}
    lock = lock_of(write_wheel(house, "tiny", files=files), write_wheel(house, "Other_One"))
    made = ensure(
        lock, RULES, wheelhouse=house, note=quiet, cache=tmp_path / "cache", installer=found
    )
    assert made.reference.packages == ("other-one==1.0", "tiny==1.0")
    assert made.reference.installer.split()[0] in {"pip", "uv"}
    script = packages_of(made.folder) / "bin" / "tiny-run"
    assert script.read_bytes().startswith(b"#!%s\n" % os.fsencode(made.folder / "bin" / "python"))


@pytest.mark.parametrize("found", INSTALLERS)
def test_a_wheel_that_unpacks_to_too_much_leaves_nothing_in_any_cache(
    tmp_path: Path, found: Callable[[], Installer], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    for name in ("XDG_CACHE_HOME", "UV_CACHE_DIR", "PIP_CACHE_DIR", "HOME"):
        monkeypatch.setenv(name, str(own))
    house = tmp_path / "house"
    lock = lock_of(write_wheel(house, "tiny", files={"tiny.py": "", "big": "0" * (20 << 20)}))
    with pytest.raises(SubmissionError, match="installed_bytes"):
        ensure(lock, RULES, wheelhouse=house, note=quiet, cache=tmp_path / "cache", installer=found)
    assert measure(tmp_path / "cache") == (1, 0)  # the lock of what was to be built
    assert measure(own)[1] < 1 << 20


@pytest.mark.parametrize("found", INSTALLERS)
def test_what_is_installed_counts_once(tmp_path: Path, found: Callable[[], Installer]) -> None:
    house = tmp_path / "house"
    lock = lock_of(write_wheel(house, "tiny", files={"tiny.py": "", "big": "0" * (12 << 20)}))
    made = ensure(
        lock, RULES, wheelhouse=house, note=quiet, cache=tmp_path / "cache", installer=found
    )
    assert RULES.installed_bytes / 2 < made.reference.bytes < RULES.installed_bytes
    big = packages_of(made.folder) / "big"
    assert big.stat().st_nlink == 1  # no name of it is left elsewhere


def test_a_file_of_two_names_counts_once(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(bytes(1_000))
    (tmp_path / "two").hardlink_to(tmp_path / "one")
    (tmp_path / "three").write_bytes(bytes(10))
    assert measure(tmp_path) == (2, 1_010)


def test_a_file_that_is_moved_while_it_is_measured_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("unpacked", "into"):
        (tmp_path / name).mkdir()
    read = os.scandir
    listed: list[Path] = []

    def moving(folder: str) -> object:
        """Write a file to the folder that is read first; move it to the one that is read last."""
        listed.append(Path(folder))
        if len(listed) == 2:
            (Path(folder) / "big").write_bytes(bytes(1_000))
        if len(listed) == 3:
            (listed[1] / "big").rename(Path(folder) / "big")
        return read(folder)

    monkeypatch.setattr(os, "scandir", moving)
    assert measure(tmp_path) == (1, 1_000)
    assert len(listed) == 3


def refused_by(found: Callable[[], Installer], folder: Path, lock: Lock) -> SubmissionError:
    """Have the installer itself meet the lock, past what is looked at before it is run."""
    into = folder / "into"
    into.mkdir()
    (folder / "lock").write_text("".join(f"{pin.line}\n" for pin in lock.pins))
    installer = found()
    command = installer.command(folder / "lock", into, folder / "house")
    with pytest.raises(SubmissionError) as caught:
        install(command, folder, RULES, installer.version, quiet, pins=lock.pins)
    assert list(into.glob("[!.]*")) == []  # uv keeps a lock of its own there
    return caught.value


@pytest.mark.parametrize("found", INSTALLERS)
def test_no_installer_looks_for_what_is_not_in_the_lock(
    tmp_path: Path, found: Callable[[], Installer]
) -> None:
    """Whether a lock is whole is judged alike for all: see ``harness.environments.requires``."""
    write_wheel(tmp_path / "house", "needed")
    lock = lock_of(write_wheel(tmp_path / "house", "tiny", requires=["needed"]))
    into = tmp_path / "into"
    into.mkdir()
    (tmp_path / "lock").write_text("".join(f"{pin.line}\n" for pin in lock.pins))
    installer = found()
    command = installer.command(tmp_path / "lock", into, tmp_path / "house")
    install(command, tmp_path, RULES, installer.version, quiet)
    assert (into / "tiny.py").is_file()
    assert not (into / "needed.py").exists()


@pytest.mark.parametrize("found", INSTALLERS)
def test_a_wheel_with_another_hash_is_never_installed(
    tmp_path: Path, found: Callable[[], Installer]
) -> None:
    house = tmp_path / "house"
    lock = lock_of(write_wheel(house, "tiny"))
    write_wheel(house, "tiny", files={"tiny.py": "import os\n"})
    assert "tiny" in refused_by(found, tmp_path, lock).message


@pytest.mark.parametrize("found", INSTALLERS)
def test_a_wheel_for_another_platform_is_the_entry_s_fault(
    tmp_path: Path, found: Callable[[], Installer]
) -> None:
    house = tmp_path / "house"
    lock = lock_of(write_wheel(house, "tiny", tag="cp27-cp27m-win32"), write_wheel(house, "fine"))
    error = refused_by(found, tmp_path, lock)
    assert " cannot install tiny==1.0: " in error.message
    assert "a version of tiny==1.0 that has a wheel for this platform" in error.remedy


@pytest.mark.parametrize("found", INSTALLERS)
def test_no_build_script_runs(tmp_path: Path, found: Callable[[], Installer]) -> None:
    house, witness = tmp_path / "house", tmp_path / "witness"
    house.mkdir()
    source = house / "tiny-1.0.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("tiny-1.0/setup.py", f"open({str(witness)!r}, 'w')")
        archive.writestr("tiny-1.0/PKG-INFO", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    lock = read_lock("x", f"tiny==1.0 --hash=sha256:{digest}".encode()).lock
    assert lock is not None
    assert "tiny" in refused_by(found, tmp_path, lock).message
    assert not witness.exists()


def test_uv_comes_first_and_pip_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installers, "_beside_python", lambda _: None)
    program(tmp_path, "uv", "echo uv 9.8.7 of today")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert find_installer() == Uv(tmp_path / "uv", "uv 9.8.7")
    program(tmp_path, "uv", "exit 1")
    assert isinstance(find_installer(), Pip)


def test_without_uv_and_pip_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installers, "_beside_python", lambda _: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(sys, "_base_executable", sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OrganiserError, match="neither uv nor pip"):
        find_installer()


CONFIGURED = r"""cat <<'END'
global.index-url='https://one.example/simple'
global.constraint='/etc/constraints.txt'
install.index-url='https://two.example/simple'
:env:.extra-index-url='https://three.example/simple\nhttps://four.example/simple'
global.target='/somewhere'
freeze.timeout='1'
global.cert=broken'
END"""


def test_pip_keeps_of_its_settings_only_where_packages_come_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_TARGET", "PYTHONPATH", "PIP_NO_DEPS"):
        monkeypatch.setenv(name, "1")
    pip = Pip((str(program(tmp_path, "pip", CONFIGURED)),), "pip 99")
    given = pip.command(tmp_path / "lock", tmp_path / "into", None).variables
    assert {k: v for k, v in given.items() if k.startswith(("PIP_", "PYTHON"))} == {
        "PIP_INDEX_URL": "https://two.example/simple",
        "PIP_EXTRA_INDEX_URL": "https://three.example/simple https://four.example/simple",
        "PIP_CONFIG_FILE": os.devnull,
    }


def test_a_wheelhouse_is_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_INDEX_URL", "https://one.example/simple")
    monkeypatch.setenv("PIP_INDEX_URL", "https://one.example/simple")
    for installer in (Pip(("pip",), "pip 1"), Uv(Path("uv"), "uv 1")):
        command = installer.command(tmp_path / "lock", tmp_path / "into", tmp_path)
        assert {"--no-index", "--find-links", str(tmp_path)} <= set(command.arguments)
        assert not [name for name in command.variables if name.endswith("INDEX_URL")]


def test_uv_keeps_of_its_variables_only_where_packages_come_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {"UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_OWN_PASSWORD", "UV_HTTP_TIMEOUT"}
    for name in kept | {
        "UV_CACHE_DIR",
        "UV_NO_BINARY",
        "UV_PRERELEASE",
        "UV_CONSTRAINT",
        "VIRTUAL_ENV",
    }:
        monkeypatch.setenv(name, "1")
    given = Uv(Path("uv"), "uv 1").command(tmp_path / "lock", tmp_path / "into", None).variables
    assert {name for name in given if name.startswith(("UV_", "VIRTUAL"))} == kept


@pytest.mark.parametrize(
    "said",
    [
        "WARNING: Retrying ... NewConnectionError(...): Connection refused",
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        "ERROR: HTTP error 503 while getting https://example.org/x.whl",
        "requests.exceptions.HTTPError: 401 Client Error: Unauthorized",
        "  Caused by: dns error: failed to lookup address information",
        "  error: HTTP status server error (502 Bad Gateway) for url (https://example.org/x/)",
        "ReadTimeoutError: HTTPSConnectionPool(host='x.example', port=443): Read timed out.",
        "ERROR: an OSError: [Errno 28] No space left on device: '/tmp/x/The wheel is invalid'",
        "  cause: failed to copy file from /a/b to /c/d: No space left on device (os error 28)",
        "ERROR: HTTPSConnectionPool(host='x', port=443): Max retries exceeded with url: /a/b/",
    ],
)
def test_what_no_lock_can_bring_about_is_the_organiser_s(tmp_path: Path, said: str) -> None:
    command = says(tmp_path, said)
    with pytest.raises(OrganiserError, match="could not fetch or write"):
        install(command, tmp_path, RULES, "pip 1", quiet)


def test_what_pip_only_logs_counts_too(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(
        "2026-01-01 Could not fetch URL https://x.example/a/: 403 Client Error: Forbidden for url: "
        "https://x.example/a/ - skipping\n"
    )
    silent = program(tmp_path / "bin", "pip", "echo ERROR: No matching distribution; exit 1")
    with pytest.raises(OrganiserError, match="No matching distribution"):
        install(Command([str(silent)], {}, tmp_path / "log"), tmp_path, RULES, "pip 1", quiet)
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("found", INSTALLERS)
def test_an_index_that_cannot_be_reached_is_the_organiser_s(
    tmp_path: Path, found: Callable[[], Installer], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:  # bound, and never listening
        closed.bind(("127.0.0.1", 0))
        index = f"http://127.0.0.1:{closed.getsockname()[1]}/simple"
        for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"):
            monkeypatch.setenv(name, index)
        for name in ("PIP_RETRIES", "UV_HTTP_RETRIES"):
            monkeypatch.setenv(name, "0")
        lock = lock_of(write_wheel(tmp_path / "house", "tiny"))
        with pytest.raises(OrganiserError, match="could not fetch") as caught:
            ensure(
                lock, RULES, cache=tmp_path / "cache", wheelhouse=None, note=quiet, installer=found
            )
    assert caught.value.stage == "environment"


@pytest.mark.parametrize(
    "said",
    [
        "ERROR: No matching distribution found for nowhere==1.5.0",
        "Downloading some-1.0-py3-none-any.whl (541 kB)",
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE",
        "ERROR: Ignored the following versions that require a different python version: 5.0.3",
        "",
    ],
)
def test_the_rest_is_the_entry_s(tmp_path: Path, said: str) -> None:
    command = says(tmp_path, said)
    with pytest.raises(SubmissionError, match="pip 1 cannot install the lock"):
        install(command, tmp_path, RULES, "pip 1", quiet)


@pytest.mark.parametrize(
    "said",
    [
        "  cause: The wheel is invalid: Script path must resolve to: No space left on device",
        "ERROR: Unknown scheme key used in /h/tiny.whl: .. (for file 'x/../../Read timed out')",
        "ERROR: OSError: [Errno 36] File name too long: '/tmp/x/Read timed out/aaa'",
        'ERROR: OSError: [Errno 36] File name too long: "/x/it\'s/Read timed out/aaa"',
        "ERROR: OSError: [Errno 36] File name too long: '/x/\"\\'/Read timed out/aaa'",
        "  cause: failed to create file `/x/Permission denied/a`: File name too long (os error 36)",
        "  cause: failed to open file /x/No space left on device/a: Is a directory (os error 21)",
    ],
)
def test_a_name_in_a_wheel_does_not_shift_the_blame(tmp_path: Path, said: str) -> None:
    with pytest.raises(SubmissionError, match="pip 1 cannot install the lock"):
        install(says(tmp_path, said), tmp_path, RULES, "pip 1", quiet)


@pytest.mark.parametrize("found", INSTALLERS)
@pytest.mark.parametrize(
    "files",
    [
        {
            "tiny-1.0.dist-info/entry_points.txt": "[console_scripts]\n"
            "../../No space left on device = os:getpid\n"
        },
        {"tiny-1.0.data/scripts/../../../../Read timed out": ""},
    ],
)
def test_no_installer_that_quotes_a_wheel_has_the_organiser_blamed(
    tmp_path: Path, found: Callable[[], Installer], files: dict[str, str]
) -> None:
    house = tmp_path / "house"
    lock = lock_of(write_wheel(house, "tiny", files={"tiny.py": "", **files}))
    with suppress(SubmissionError):  # one refuses what the other puts where it does no harm
        ensure(lock, RULES, wheelhouse=house, note=quiet, cache=tmp_path / "cache", installer=found)
    assert not list(tmp_path.glob("No space*"))
    assert not list(tmp_path.rglob("Read timed out"))


def test_what_an_installer_says_cannot_deceive_a_terminal(tmp_path: Path) -> None:
    loud = program(tmp_path / "bin", "pip", r"printf 'ERROR: \033[31mred\033]0;x\007\n'; exit 1")
    with pytest.raises(SubmissionError) as caught:
        install(Command([str(loud)], {}), tmp_path, RULES, "pip 1", quiet)
    assert caught.value.message.isprintable()
    assert "red" in caught.value.message


def test_what_an_installer_started_ends_with_it(tmp_path: Path) -> None:
    adopt_orphans()  # as the harness does once a sandbox has run: then it must reap them, too
    forks = program(tmp_path / "bin", "pip", "sleep 50 >/dev/null 2>&1 & echo $! >pid; exit 1")
    with pytest.raises(SubmissionError):
        install(Command([str(forks)], {}), tmp_path, RULES, "pip 1", quiet)
    assert not Path("/proc", (tmp_path / "pid").read_text().strip()).exists()


class TestWheelhouse:
    """What a folder of wheels must hold is looked at before any installer runs."""

    def test_all_is_there(self, tmp_path: Path) -> None:
        check_wheelhouse(tmp_path, lock_of(write_wheel(tmp_path, "Tiny_One", "1.0.0")).pins)

    def test_a_package_that_is_not_there_is_the_organiser_s(self, tmp_path: Path) -> None:
        lock = lock_of(write_wheel(tmp_path, "tiny"), write_wheel(tmp_path / "x", "other"))
        (tmp_path / "nonsense.whl").write_text("")
        with pytest.raises(OrganiserError, match=r"holds no wheel of other==1\.0") as caught:
            check_wheelhouse(tmp_path, lock.pins)
        assert caught.value.stage == "environment"

    def test_no_wheel_for_this_platform_is_the_organiser_s(self, tmp_path: Path) -> None:
        lock = lock_of(
            write_wheel(tmp_path, "tiny", tag="cp27-cp27m-win32"),
            write_wheel(tmp_path, "more", tag="cp311-cp311-macosx_11_0_arm64"),
        )
        with pytest.raises(OrganiserError, match=r"more==1\.0 .*; no wheel of tiny==1\.0"):
            check_wheelhouse(tmp_path, lock.pins)

    def test_a_damaged_wheel_is_the_organiser_s(self, tmp_path: Path) -> None:
        lock = lock_of(write_wheel(tmp_path, "tiny"))
        write_wheel(tmp_path, "tiny", files={"tiny.py": "VERSION = 'other'"})
        with pytest.raises(OrganiserError, match=r"no hash of tiny==1\.0") as caught:
            check_wheelhouse(tmp_path, lock.pins)
        assert str(tmp_path) in caught.value.message
        assert "fetch the wheels anew" in caught.value.remedy

    def test_it_is_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="is not a folder"):
            require_folder(tmp_path / "nowhere")


def test_the_lock_that_pip_would_hash_is_the_one_that_is_read(tmp_path: Path) -> None:
    """Held against pip itself, which reads the same text with a parser of its own."""
    house = tmp_path / "house"
    wheels = write_wheel(house, "tiny"), write_wheel(house, "more")
    (tmp_path / "lock").write_text(f"# comment\n{lock_text(*wheels)}    # via tiny\n")
    pip = found_pip()
    assert isinstance(pip, Pip)
    command = pip.command(tmp_path / "lock", tmp_path / "into", house)
    subprocess.run(
        command.arguments, env=dict(command.variables), check=True, capture_output=True, timeout=120
    )
    lock = read_lock("x", (tmp_path / "lock").read_bytes()).lock
    assert lock is not None
    there = {path.stem for path in (tmp_path / "into").glob("*.py")}
    assert there == {pin.name for pin in lock.pins}
