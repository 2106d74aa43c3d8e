"""Environments in the cache: built once, whole or not at all, and never believed unverified."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from wheels import RULES, Unpacker, lock_of, lock_text, write_wheel

from harness.environments.cache import ensure, packages_of
from harness.environments.contents import digest_folder
from harness.environments.protocol import Environment
from harness.errors import ConfigurationError, OrganiserError, SubmissionError
from harness.records.environment import Lock
from harness.records.rules import EnvironmentRules
from harness.submissions.requirements import read_lock


class Site:
    """A wheelhouse, a cache and an installer of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.house = folder / "house"
        self.cache = folder / "cache"
        self.wheel = write_wheel(self.house, "tiny")
        self.lock = lock_of(self.wheel)
        self.installer = Unpacker()
        self.notes: list[str] = []

    def ensure(self, lock: Lock | None = None, rules: EnvironmentRules = RULES) -> Environment:
        return ensure(
            lock or self.lock,
            rules,
            wheelhouse=self.house,
            note=self.notes.append,
            cache=self.cache,
            installer=lambda: self.installer,
        )

    def left(self) -> list[str]:
        """Return what is in the cache besides locks."""
        return [path.name for path in self.cache.iterdir() if not path.name.endswith(".lock")]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_an_environment_is_built_once(site: Site) -> None:
    first, second = site.ensure(), site.ensure()
    assert first == second
    assert site.installer.calls == 1
    assert (packages_of(first.folder) / "tiny.py").read_text() == "VERSION = '1.0'\n"
    assert first.reference.packages == ("tiny==1.0",)
    assert first.reference.digest == digest_folder(first.folder).digest
    assert (first.reference.installer, first.reference.source) == ("unpacker 1", "wheelhouse")
    assert any("installing packages" in note for note in site.notes)


def test_a_comment_builds_nothing_anew_and_is_in_the_lock_s_digest(site: Site) -> None:
    first = site.ensure()
    commented = read_lock("x", b"# hello\n" + lock_text(site.wheel).encode()).lock
    second = site.ensure(commented)
    assert site.installer.calls == 1
    assert first.folder == second.folder
    assert first.reference.lock_digest != second.reference.lock_digest


def test_another_lock_is_another_environment(site: Site) -> None:
    other = lock_of(site.wheel, write_wheel(site.house, "more"))
    site.installer.then = "if 'more' not in open(into + '/../../../../requirements.txt').read():\n"
    site.installer.then += "    import shutil; [shutil.rmtree(p) if os.path.isdir(p) else "
    site.installer.then += "os.unlink(p) for p in glob.glob(into + '/more*')]\n"
    assert site.ensure().folder != site.ensure(other).folder


def test_a_lock_of_nothing_needs_no_installer(site: Site) -> None:
    nothing = read_lock("x", b"").lock
    assert nothing is not None
    made = site.ensure(nothing)
    assert site.installer.calls == 0
    assert list(packages_of(made.folder).iterdir()) == []


def change(root: Path) -> None:
    (packages_of(root) / "tiny.py").write_text("VERSION = '6.6'\n")


def change_compiled(root: Path) -> None:
    (compiled,) = (packages_of(root) / "__pycache__").iterdir()
    compiled.write_bytes(compiled.read_bytes()[:-1] + b"x")


def add(root: Path) -> None:
    (packages_of(root) / "sitecustomize.py").write_text("")


def remove(root: Path) -> None:
    (packages_of(root) / "tiny.py").unlink()


def lead_elsewhere(root: Path) -> None:
    (root / "bin" / "python").unlink()
    (root / "bin" / "python").symlink_to("/bin/sh")


def make_executable(root: Path) -> None:
    (packages_of(root) / "tiny.py").chmod(0o755)


def remove_root(root: Path) -> None:
    shutil.rmtree(root)


def spoil_manifest(root: Path) -> None:
    (root.parent / "manifest.json").write_text("{}")


def remove_manifest(root: Path) -> None:
    (root.parent / "manifest.json").unlink()


@pytest.mark.parametrize(
    "spoil",
    [
        change, change_compiled, add, remove, lead_elsewhere, make_executable, remove_root,
        spoil_manifest, remove_manifest,
    ],
)  # fmt: skip
def test_a_broken_environment_is_found_and_built_anew(
    site: Site, spoil: Callable[[Path], None]
) -> None:
    first = site.ensure()
    spoil(first.folder)
    assert site.ensure() == first
    assert site.installer.calls == 2
    assert (packages_of(first.folder) / "tiny.py").read_text() == "VERSION = '1.0'\n"


def test_modules_are_compiled_and_believed_without_a_look_at_the_source(site: Site) -> None:
    root = site.ensure().folder
    (compiled,) = (packages_of(root) / "__pycache__").iterdir()
    assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 0b01  # by hash, unchecked
    assert os.fsencode(packages_of(root) / "tiny.py") in compiled.read_bytes()


def test_what_does_not_compile_stays_as_it_is(site: Site) -> None:
    lock = lock_of(write_wheel(site.house, "tiny", files={"tiny.py": "def", "fine.py": ""}))
    cached = packages_of(site.ensure(lock).folder) / "__pycache__"
    assert [path.name.split(".")[0] for path in cached.iterdir()] == ["fine"]


def test_everybody_may_read_it_whatever_the_umask(site: Site) -> None:
    before = os.umask(0o077)
    try:
        root = site.ensure().folder
    finally:
        os.umask(before)
    for path in (root.parent, root, *root.rglob("*")):
        wanted = 0o755 if path.is_dir() else 0o644
        assert path.is_symlink() or path.stat().st_mode & 0o777 == wanted, path


def test_nothing_of_a_package_runs_when_it_is_installed(site: Site, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    spy = f"open({str(witness)!r}, 'a').write(__name__)\n"
    files = {"tiny.py": spy, "sitecustomize.py": spy, "usercustomize.py": spy}
    files |= {
        "tiny.pth": f"import sys; open({str(witness)!r}, 'a')\n",
        "encodings/__init__.py": spy,
    }
    files |= {"compileall.py": spy, "json.py": spy, "conftest.py": spy, "setup.py": spy}
    lock = lock_of(write_wheel(site.house, "tiny", files=files))
    site.ensure(lock)
    site.ensure(lock)
    assert not witness.exists()


def test_what_a_crash_left_is_swept_and_never_used(site: Site) -> None:
    key = Path(site.ensure().folder).parent.name
    shutil.rmtree(site.cache / key)
    half = site.cache / f".{key}.0badcafe"
    (half / "root").mkdir(parents=True)
    site.ensure()
    assert site.left() == [key]


BUILD = """
import sys
from pathlib import Path
from test_environments_cache import Site
from wheels import Unpacker
site = Site(Path(sys.argv[1]))
site.installer.then = "print('halfway', os.getpid(), flush=True); time.sleep(60)"
site.notes = type("", (), {"append": lambda self, text: print(text, flush=True)})()
site.ensure()
"""


def test_a_builder_that_is_killed_leaves_no_process_and_nothing_that_is_used(site: Site) -> None:
    paths = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1])])
    with subprocess.Popen(
        [sys.executable, "-c", BUILD, str(site.house.parent)],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as builder:
        assert builder.stdout is not None
        said = next(line for line in builder.stdout if "halfway" in line)
        installer = int(said.split()[-1])
        group = os.getpgid(installer)
        builder.send_signal(signal.SIGKILL)
    assert len(site.left()) == 1
    with suppress(ChildProcessError):  # ours, if a sandbox has run in this process before
        while True:
            os.waitpid(-group, 0)
    for _ in range(500):
        if not Path(f"/proc/{installer}").exists():
            break
        time.sleep(0.02)
    else:
        pytest.fail("the installer outlived the harness")
    made = site.ensure()
    assert site.left() == [made.folder.parent.name]


def test_two_that_build_the_same_at_once_build_it_once(site: Site) -> None:
    site.installer.then = "time.sleep(0.3)\n"
    made: list[Environment] = []
    builders = [threading.Thread(target=lambda: made.append(site.ensure())) for _ in range(3)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert len(made) == 3
    assert made[0] == made[1] == made[2]
    assert site.installer.calls == 1
    assert any("waiting for another process" in note for note in site.notes)


def test_what_is_installed_must_be_what_is_locked(site: Site) -> None:
    write_wheel(site.house, "stowaway")
    with pytest.raises(SubmissionError, match=r"asked for stowaway \(not at all\)") as caught:
        site.ensure()
    assert caught.value.stage == "environment"
    assert site.left() == []


def test_a_local_version_satisfies_a_pin_and_is_what_the_record_names(site: Site) -> None:
    wheel = write_wheel(site.house, "tiny", "1.0+cpu")
    site.wheel.unlink()
    lock = read_lock("x", lock_text(wheel).replace("+cpu", "").encode()).lock
    assert site.ensure(lock).reference.packages == ("tiny==1.0+cpu",)


@pytest.mark.parametrize(
    "name", ["zz-1.egg-info/PKG-INFO", "zz.egg-info", "zz-1.dist-info/METADATA"]
)
@pytest.mark.parametrize(
    "content", [b"Name: \xff\nVersion: 1\n", b"Name: zz\nVersion: one\n", b"Version: 1\n", b""]
)
def test_metadata_that_cannot_be_read_is_the_entry_s_fault(
    site: Site, name: str, content: bytes
) -> None:
    site.installer.then = f"os.makedirs(os.path.dirname(into + '/{name}'), exist_ok=True)\n"
    site.installer.then += f"open(into + '/{name}', 'wb').write({content!r})\n"
    with pytest.raises(SubmissionError, match=f"a wheel brought '{Path(name).parts[0]}'"):
        site.ensure()
    assert site.left() == []


def test_a_link_among_what_is_installed_is_refused(site: Site) -> None:
    site.installer.then = "os.symlink('/etc/hostname', into + '/name')"
    with pytest.raises(SubmissionError, match="brought name, which is no plain file"):
        site.ensure()
    assert site.left() == []


def test_folders_without_end_are_refused_and_removed(site: Site) -> None:
    site.installer.then = "os.chdir(into)\nfor _ in range(1500): os.mkdir('d'); os.chdir('d')\n"
    with pytest.raises(SubmissionError, match="more than 64 deep"):
        site.ensure()
    assert site.left() == []


def test_what_is_unpacked_on_the_way_counts_and_goes(site: Site) -> None:
    made = site.ensure()
    assert sorted(path.name for path in made.folder.parent.iterdir()) == ["manifest.json", "root"]
    site.installer.then = "open(os.environ['TMPDIR'] + '/x', 'w').truncate(1 << 25); time.sleep(60)"
    more = lock_of(site.wheel, write_wheel(site.house, "more"))
    with pytest.raises(SubmissionError, match="installed_bytes"):
        site.ensure(more)
    assert site.left() == [made.folder.parent.name]


@pytest.mark.parametrize(
    ("then", "limit"),
    [
        ("open(into + '/big', 'w').truncate(1 << 25); time.sleep(60)", "installed_bytes"),
        ("[open(f'{into}/{n}', 'w') for n in range(1100)]; time.sleep(60)", "installed_files"),
    ],
)
def test_packages_without_end_are_stopped(site: Site, then: str, limit: str) -> None:
    site.installer.then = then
    with pytest.raises(SubmissionError, match=limit):
        site.ensure()
    assert site.left() == []


def test_an_installer_that_never_ends_is_stopped_and_no_fault_of_the_entry(site: Site) -> None:
    site.installer.then = "time.sleep(60)"
    rules = EnvironmentRules(installed_bytes=1 << 24, installed_files=99, build_seconds=0.2)
    with pytest.raises(OrganiserError, match="build_seconds"):
        site.ensure(rules=rules)
    assert site.left() == []


def test_an_installer_that_is_killed_is_no_fault_of_the_entry(site: Site) -> None:
    site.installer.then = "os.kill(os.getpid(), 9)"
    with pytest.raises(OrganiserError, match="signal 9"):
        site.ensure()


def test_a_cache_that_others_can_change_is_refused(site: Site) -> None:
    site.cache.mkdir()
    site.cache.chmod(0o777)
    with pytest.raises(ConfigurationError, match="other users can change"):
        site.ensure()


def test_a_cache_that_cannot_be_made_is_explained(site: Site) -> None:
    site.cache.write_text("a file")
    with pytest.raises(OrganiserError, match="cannot be kept") as caught:
        site.ensure()
    assert "HARNESS_CACHE" in caught.value.remedy
