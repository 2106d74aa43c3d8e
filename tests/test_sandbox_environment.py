"""Entries with packages of their own: what they see, what runs when; and programs in no Python."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandboxes import MEBIBYTE, launch_of, predict, working, write_entry
from wheels import RULES, Unpacker, lock_of, write_wheel

from harness.environments.cache import ensure
from harness.errors import SubmissionError
from harness.sandbox import frames, interpreter
from harness.sandbox.protocol import Launch, Sandbox

TINY = {
    "tiny.py": "RAN = set()\n",
    "early.pth": "import tiny; tiny.RAN.add('pth')\n",
    "bin/tiny-tool": "#!/bin/sh\necho tool\n",
    "bin/python3": "#!/bin/sh\necho stolen\n",
}


@pytest.fixture(params=["bwrap", "landlock", "none"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return working(request.param)


@pytest.fixture(params=["bwrap", "landlock"])
def closed(request: pytest.FixtureRequest) -> Sandbox:
    return working(request.param)


@pytest.fixture(scope="module")
def environment() -> Iterator[Path]:
    """Give an environment with one package, in a folder that the sandbox's user gets through to."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        lock = lock_of(write_wheel(folder / "house", "tiny", files=TINY))
        then = "for name in glob.glob(into + '/bin/*'): os.chmod(name, 0o755)\n"
        yield ensure(
            lock,
            RULES,
            wheelhouse=folder / "house",
            note=lambda _: None,
            cache=folder / "cache",
            installer=lambda: Unpacker(then=then),
        ).folder


def tell(sandbox: Sandbox, launch: Launch) -> list[str]:
    """Run a session of one query; return the lines that the entry printed."""
    with sandbox.launch(launch) as process:
        process.ready(deadline_seconds=20)
        assert process.captured().text == ""  # nothing of the entry's has run
        process.load(deadline_seconds=20)
        predict(process, frames.encode_request(["?"]), 1, deadline_seconds=20)
        process.finish(deadline_seconds=5)
        return process.captured().text.splitlines()


def entry_that(folder: Path, *, loads: str) -> Path:
    """Make an entry that does ``loads`` when it is loaded, and answers 0."""
    return write_entry(
        folder,
        "class Model:\n    def predict(self, samples): return [0 for _ in samples]\n"
        "def load(directory):\n" + textwrap.indent(loads, " " * 4) + "\n    return Model()\n",
    )


def test_its_packages_are_there_and_ran_their_own_set_up(
    sandbox: Sandbox, environment: Path, tmp_path: Path
) -> None:
    entry = entry_that(tmp_path, loads="import sys, tiny\nprint(sorted(tiny.RAN), sys.prefix)")
    assert tell(sandbox, launch_of(entry, environment=environment)) == [f"['pth'] {environment}"]


def test_the_harness_s_packages_are_not(
    sandbox: Sandbox, environment: Path, tmp_path: Path
) -> None:
    loads = """
import importlib, sys
for name in ("msgspec", "numpy", "typer", "harness", "pip"):
    try:
        importlib.import_module(name)
        print("has", name)
    except ImportError:
        pass
print([path for path in sys.path if "-packages" in path])
"""
    packages = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    said = tell(sandbox, launch_of(entry_that(tmp_path, loads=loads), environment=environment))
    assert said == [repr([str(environment / packages)])]


def test_no_file_of_any_other_package_can_be_read(
    closed: Sandbox, environment: Path, tmp_path: Path
) -> None:
    """Also not by its path: in every folder of packages that this machine has."""
    hidden = [*interpreter.hidden_paths(environment), Path(sys.prefix, "lib")]
    samples = [
        str(found)
        for folder in hidden
        for found in [next((path for path in folder.rglob("*.py") if path.is_file()), None)]
        if found is not None
    ]
    assert samples
    assert any("-packages" in path for path in samples)
    loads = f"""
for path in {samples!r}:
    try:
        open(path).close()
        print("read", path)
    except OSError:
        pass
"""
    entry = entry_that(tmp_path, loads=loads)
    assert tell(closed, launch_of(entry, environment=environment)) == []
    assert tell(working("none"), launch_of(entry, environment=environment)) != []


def test_the_standard_library_is_whole(closed: Sandbox, environment: Path, tmp_path: Path) -> None:
    loads = """
import ctypes, decimal, encodings.idna, json, lzma, sqlite3, ssl, unittest.mock, xml.dom.minidom
import multiprocessing.pool, subprocess, sys
"""
    assert tell(closed, launch_of(entry_that(tmp_path, loads=loads), environment=environment)) == []


def test_it_cannot_be_written_to(closed: Sandbox, environment: Path, tmp_path: Path) -> None:
    folders = [environment, *interpreter.hidden_paths(environment)]
    loads = f"""
for folder in {[str(folder) for folder in folders]!r}:
    try:
        open(folder + "/new", "w")
        print("wrote", folder)
    except OSError:
        pass
"""
    assert tell(closed, launch_of(entry_that(tmp_path, loads=loads), environment=environment)) == []


def test_a_child_gets_the_same_packages(
    sandbox: Sandbox, environment: Path, tmp_path: Path
) -> None:
    loads = """
import subprocess, sys
for command in ([sys.executable, "-c", "import tiny; print(len(tiny.RAN))"],
                ["python3", "-c", "import tiny; print(len(tiny.RAN))"], ["tiny-tool"]):
    print(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
"""
    said = tell(sandbox, launch_of(entry_that(tmp_path, loads=loads), environment=environment))
    assert said == ["1", "1", "tool"]


def test_a_package_that_ends_the_interpreter_is_the_entry_s_fault(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        files = {"tiny.pth": "import os; os._exit(3)\n"}
        wheel = write_wheel(folder / "house", "tiny", files=files)
        bad = ensure(
            lock_of(wheel), RULES, wheelhouse=wheel.parent, note=lambda _: None,
            cache=folder / "cache", installer=Unpacker,
        ).folder  # fmt: skip
        entry = entry_that(tmp_path, loads="pass")
        with sandbox.launch(launch_of(entry, environment=bad)) as process:
            process.ready(deadline_seconds=20)
            with pytest.raises(SubmissionError, match="ended with exit code 3"):
                process.load(deadline_seconds=20)


def test_there_is_no_network_at_run_time(
    closed: Sandbox, environment: Path, tmp_path: Path
) -> None:
    loads = """
import socket
try:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    print(socket.gethostbyname("localhost") and sorted(n for _, n in socket.if_nameindex()))
except OSError as error:
    print("no sockets")
"""
    said = tell(closed, launch_of(entry_that(tmp_path, loads=loads), environment=environment))
    assert said in (["no sockets"], ["['lo']"])


PERL = r"""#!/usr/bin/perl
use strict; use warnings;
open(my $requests, '<&=', 3) or die; open(my $replies, '>&=', 4) or die;
binmode $requests; binmode $replies;
sub take { my ($n) = @_; my $got = ''; while (length $got < $n) {
    my $more = sysread $requests, $got, $n - length $got, length $got; exit 0 unless $more; } $got }
sub give { my ($kind, $n, $payload) = @_;
    my $frame = $kind . pack('VQ<', $n, length $payload) . $payload;
    while (length $frame) { my $done = syswrite $replies, $frame; die unless $done;
        $frame = substr $frame, $done; } }
give('REDY', 0, '');
while (1) {
    my ($kind, $n, $size) = unpack 'a4VQ<', take(16);
    if ($kind eq 'LOAD') { give('LOAD', 0, ''); next; }
    my @offsets = unpack 'Q<*', take(8 * ($n + 1));
    my $blob = $size ? take($size) : '';
    HOOK
    give('PRED', $n, pack 'l<*', map { ($offsets[$_ + 1] - $offsets[$_]) % 8 } 0 .. $n - 1);
}
"""


def perl_entry(folder: Path, hook: str = "") -> Path:
    program = folder / "run"
    folder.mkdir(exist_ok=True)
    program.write_text(PERL.replace("HOOK", hook))
    program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return folder


@pytest.mark.skipif(not Path("/usr/bin/perl").exists(), reason="no perl on this machine")
class TestAnotherLanguage:
    """A program that is no Python speaks the same frames under the same limits."""

    def test_it_answers(self, sandbox: Sandbox, tmp_path: Path) -> None:
        launch = launch_of(perl_entry(tmp_path), entry=None, command=("./run",))
        with sandbox.launch(launch) as process:
            process.ready(deadline_seconds=20)
            process.load(deadline_seconds=20)
            request = frames.encode_request(["four", "", "eleven char"])
            answer = predict(process, request, 3, deadline_seconds=20)
            process.finish(deadline_seconds=5)
        decoded = frames.decode_predictions(answer, 3, output="index", labels=8, max_boxes=0)
        assert decoded.tolist() == [4, 0, 3]

    def test_it_finds_its_packages_programs(
        self, sandbox: Sandbox, environment: Path, tmp_path: Path
    ) -> None:
        entry = perl_entry(tmp_path, hook="print STDOUT `tiny-tool`;")
        launch = launch_of(entry, entry=None, command=("./run",), environment=environment)
        assert tell(sandbox, launch) == ["tool"]

    @pytest.mark.parametrize(
        ("hook", "message"),
        [
            (f"my $size = {400 * MEBIBYTE}; my $hog = 'x' x $size; sleep 9;", "of memory|signal 9"),
            ("sleep 60;", "no answer within"),
            ("print STDOUT 'x' x 1_000_000;", "are allowed|to standard output"),
            ("exit 7;", "ended with exit code 7"),
            ("give('PRED', $n, 'short');", "bytes|length|asked"),
        ],
    )
    def test_it_is_held_to_the_limits(
        self, sandbox: Sandbox, tmp_path: Path, hook: str, message: str
    ) -> None:
        launch = launch_of(perl_entry(tmp_path, hook), entry=None, command=("./run",))
        with sandbox.launch(launch) as process:
            process.ready(deadline_seconds=20)
            process.load(deadline_seconds=20)
            with pytest.raises(SubmissionError, match=message):
                predict(process, frames.encode_request(["?"]), 1, deadline_seconds=2)


def test_without_packages_of_its_own_nothing_is_hidden() -> None:
    assert interpreter.hidden_paths(None) == ()
    assert interpreter.without_hidden(None) == (tuple(reversed(interpreter.read_only_paths())), ())
    assert "-S" not in interpreter.worker_command("worker.py", "/entry", "model:load")


def test_where_only_parents_can_be_listed_all_but_the_hidden_is_shown(environment: Path) -> None:
    shown, listed = interpreter.without_hidden(environment)
    for hidden in interpreter.hidden_paths(environment):
        assert not any(path == hidden or path in hidden.parents for path in shown)
    for folder in listed:
        for inside in folder.iterdir():
            covered = inside in shown or inside in listed
            assert covered or inside.resolve() in interpreter.hidden_paths(environment)
    assert Path(os.__file__) in shown or any(path in Path(os.__file__).parents for path in shown)
