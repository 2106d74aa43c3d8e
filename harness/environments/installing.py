"""Run an installer within limits; say what goes on; say whose fault it is when it fails."""

from __future__ import annotations

import os
import re
import selectors
import subprocess
import time
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from harness.environments.contents import measure, remove
from harness.environments.processes import end_group, start
from harness.environments.protocol import Command, Note, hindered, refused
from harness.records.environment import Pin
from harness.records.rules import EnvironmentRules

_LOOK_SECONDS = 0.5
_TAIL_LINES = 200
_TOLD_LINES = 8
_LOG_BYTES = 1 << 20
_LINE_CHARACTERS = 2_000
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

_OF_THE_MACHINE = re.compile(
    r"No space left on device|Disk quota exceeded|Read-only file system|Permission denied"
    r"|NewConnectionError|ConnectTimeout|ReadTimeout|Read timed out|Connection (?:refused|reset)"
    r"|Connection aborted|Max retries exceeded|Failed to establish|name resolution|dns error"
    r"|Could not fetch URL \S+ (?:connection error|timed out)|too many \d+ error responses"
    r"|ProxyError|SSLError|CERTIFICATE_VERIFY|invalid peer certificate|error sending request"
    r"|tcp connect error|operation timed out|Network is unreachable|No route to host"
    r"|(?:HTTP (?:error )?|status code:? |status (?:client|server) error \()"
    r"(?:401|403|407|429|5\d\d)\b"
    r"|\b(?:401|403|407|429|5\d\d) (?:Client|Server) Error|network was disabled",
    re.IGNORECASE,
)
"""How installers speak of what no lock brings about. Read off a failed run only, so that a mere
retry counts nothing. A name in a wheel may spell any of it: see ``_QUOTED`` and ``_OF_A_WHEEL``."""
_QUOTED = re.compile(
    r"""(?<!\w)b?'(?:\\.|[^'\\])*'|(?<!\w)b?"(?:\\.|[^"\\])*"|`[^`]*`|(?<!\w)[.~]*/.*?(?=:\ |$)"""
)
"""Names and paths within a line; a path that is not in quotes ends before a colon and a space."""
_OF_A_WHEEL = re.compile(
    r"wheel is invalid|invalid wheel|not a valid wheel|unacceptable filename|Unknown scheme key"
    r"|outside (?:of )?the target directory|Invalid script entry point",
    re.IGNORECASE,
)
"""How they speak of a wheel that is not made as wheels are, whatever else is the matter."""
_TELLING = re.compile(r"^\s*(?:ERROR|\u00d7|\u2570\u2500\u25b6|hint:|Caused by)", re.IGNORECASE)


class _Ended(NamedTuple):
    """How an installer ended, and what it said last."""

    code: int
    said: tuple[str, ...]


def install(
    command: Command,
    folder: Path,
    rules: EnvironmentRules,
    name: str,
    note: Note,
    *,
    pins: tuple[Pin, ...] = (),
) -> None:
    """Run the installer in ``folder``, which it fills with ``pins``.

    Raises ``SubmissionError`` where what is asked for cannot be had or is too large, and
    ``OrganiserError`` where the network, the index or the disk did not serve.
    """
    scratch = folder / "tmp"  # inside, so that what is unpacked there counts too
    scratch.mkdir()
    variables = {**command.variables, "TMPDIR": str(scratch)}
    ended = _run(replace(command, variables=variables), folder, rules, note)
    remove(scratch)
    logged = _take_log(command.log)
    if ended.code == 0:
        return
    words = _why(ended.said)
    if ended.code < 0:
        raise hindered(f"{name} was ended by signal {-ended.code}: {words}", "try again")
    if _is_of_the_machine([*ended.said, *logged]):
        raise hindered(
            f"{name} could not fetch or write the packages: {words}",
            "see to the network, the configured index and the disk, or give --wheelhouse",
        )
    about = ", ".join(f"{pin.name}=={pin.version}" for pin in pins if _is_named(pin, words))
    raise refused(
        f"{name} cannot install {about or 'the lock'}: {words}",
        f"make the lock anew, with a version of {about} that has a wheel for this platform"
        if about
        else "make the lock anew for this platform, from packages that have wheels for it",
    )


def _is_named(pin: Pin, words: str) -> bool:
    """Whether an installer speaks of this very version of a package."""
    spelled = re.escape(f"{pin.name}=={pin.version}")
    return re.search(rf"(?<![\w.-]){spelled}(?![\w+-]|\.\w)", words, re.IGNORECASE) is not None


def _is_of_the_machine(lines: list[str]) -> bool:
    """Whether an installer's own words, those that it quotes left out, tell of the machine alone.

    It is a judgement of words: what an installer repeats without any quotes may still mislead it.
    """
    own = [_QUOTED.sub(" ", line) for line in lines]
    if any(_OF_A_WHEEL.search(line) for line in own):
        return False
    return any(_OF_THE_MACHINE.search(line) for line in own)


def _take_log(log: Path | None) -> list[str]:
    """Return the end of what was logged, and remove it."""
    if log is None or not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _LOG_BYTES))
        lines = [_plain(line) for line in file.read().split(b"\n")]
    log.unlink()
    return lines


def _why(said: tuple[str, ...]) -> str:
    """Return the lines from the first that tells of an error; the last few where none does."""
    first = next((i for i, line in enumerate(said) if _TELLING.match(line)), max(0, len(said) - 3))
    words = " / ".join(line.strip() for line in said[first : first + _TOLD_LINES])
    return words[:_LINE_CHARACTERS] or "it said nothing"


def _run(command: Command, folder: Path, rules: EnvironmentRules, note: Note) -> _Ended:
    with start(command.arguments, command.variables, folder, output=subprocess.PIPE) as process:
        try:
            said = _follow(process, folder, rules, note)
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        finally:
            end_group(process)
    return _Ended(process.returncode, said)


def _follow(
    process: subprocess.Popen[bytes], folder: Path, rules: EnvironmentRules, note: Note
) -> tuple[str, ...]:
    """Read what it says until it ends, and return the last of it; stop it at the limits."""
    said: deque[str] = deque(maxlen=_TAIL_LINES)
    if process.stdout is None:
        raise AssertionError("its output is a pipe")
    descriptor = process.stdout.fileno()
    os.set_blocking(descriptor, False)
    began, looked, rest, is_open = time.monotonic(), 0.0, b"", True
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while is_open:
            selector.select(_LOOK_SECONDS)
            while (piece := _read(descriptor)) is not None:
                *lines, rest = (rest + piece).split(b"\n")
                said.extend(_plain(line) for line in lines)
                rest = rest[-_LINE_CHARACTERS:]
                if not piece:
                    is_open = False
                    break
            if time.monotonic() - looked < _LOOK_SECONDS and is_open:
                continue
            looked = time.monotonic()
            files, size = measure(folder)
            _require_bearable(files, size, looked - began, rules)
            last = said[-1].strip()[:60] if said else ""
            note(f"installing packages: {size / 2**20:,.0f} MiB" + (f" · {last}" if last else ""))
    said.append(_plain(rest))
    return tuple(line for line in said if line.strip())


def _read(descriptor: int) -> bytes | None:
    try:
        return os.read(descriptor, 65_536)
    except BlockingIOError:
        return None


def _plain(line: bytes) -> str:
    text = _ESCAPES.sub("", line[:_LINE_CHARACTERS].decode("utf-8", "replace"))
    return "".join(c if c.isprintable() else " " for c in text)


def _require_bearable(files: int, size: int, seconds: float, rules: EnvironmentRules) -> None:
    if size > rules.installed_bytes:
        raise refused(
            f"its packages are more than {size:,} bytes; the rules allow at most "
            f"{rules.installed_bytes:,} (environments.installed_bytes)",
            "lock fewer or smaller packages",
        )
    if files > rules.installed_files:
        raise refused(
            f"its packages are more than {files:,} files; the rules allow at most "
            f"{rules.installed_files:,} (environments.installed_files)",
            "lock fewer or smaller packages",
        )
    if seconds > rules.build_seconds:
        raise hindered(
            f"its packages were not installed within {rules.build_seconds:g} s "
            "(environments.build_seconds)",
            "see to the network and the index, or give --wheelhouse",
        )
