"""Wheels made on the spot, locks of them, and an installer that only unpacks: no index anywhere."""

from __future__ import annotations

import base64
import hashlib
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.environments.protocol import Command
from harness.records.environment import Lock
from harness.records.rules import EnvironmentRules
from harness.submissions.requirements import read_lock

RULES = EnvironmentRules(installed_bytes=1 << 24, installed_files=1_000, build_seconds=120)


def write_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    files: Mapping[str, str] | None = None,
    *,
    tag: str = "py3-none-any",
    requires: Sequence[str] = (),
    python: str = ">=3",
) -> Path:
    """Write a wheel of one module of its own name, unless ``files`` says otherwise; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    needs = f"Requires-Python: {python}\n"
    needs += "".join(f"Requires-Dist: {each}\n" for each in requires)
    content = dict(files if files is not None else {f"{name}.py": f"VERSION = {version!r}\n"})
    content |= {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(f"{path},{_record(text)}\n" for path, text in content.items())
    content[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    wheel = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in content.items():
            archive.writestr(zipfile.ZipInfo(path), text)  # no time in it: the same bytes each time
    return wheel


def lock_text(*wheels: Path) -> str:
    """Spell the lock of these wheels."""
    lines = []
    for wheel in wheels:
        name, version, *_ = wheel.name.split("-")
        lines.append(f"{name}=={version} \\\n    --hash=sha256:{_sha256(wheel)}\n")
    return "".join(lines)


def lock_of(*wheels: Path) -> Lock:
    """Return the lock of these wheels, as it is read from an entry."""
    lock = read_lock("requirements.lock", lock_text(*wheels).encode()).lock
    assert lock is not None
    return lock


@dataclass
class Unpacker:
    """An ``Installer`` that unpacks whatever lies in the wheelhouse and runs ``then`` after it."""

    version: str = "unpacker 1"
    then: str = ""
    calls: int = 0

    def command(self, lock: Path, into: Path, wheelhouse: Path | None) -> Command:
        assert "--hash=sha256:" in lock.read_text(encoding="utf-8")
        self.calls += 1
        program = (
            "import glob, os, sys, time, zipfile\n"
            "house, into = sys.argv[1:]\n"
            "for wheel in glob.glob(house + '/*.whl'):\n"
            "    zipfile.ZipFile(wheel).extractall(into)\n" + self.then
        )
        return Command([sys.executable, "-I", "-S", "-c", program, str(wheelhouse), str(into)], {})


def _sha256(wheel: Path) -> str:
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def _record(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    return f"sha256={digest},{len(text.encode())}"
