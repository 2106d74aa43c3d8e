"""uv and pip: where each is found, and how each is made to install a lock and nothing else.

Neither looks at what the packages need: ``harness.environments.requires`` does, alike for both.

Both run with the harness's own interpreter and install into a plain folder, which is not on the
path of either: what is installed cannot be imported by what installs it. Of the settings of whoever
runs the harness only those are kept that say where packages come from and how to reach it.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.environments.protocol import Command, Installer, hindered

_KEPT = frozenset({
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "NETRC",
    "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_DATA_HOME",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "SSL_CLIENT_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
})  # fmt: skip
_PIP_SOURCES = frozenset({
    "index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "proxy", "cert",
    "client-cert", "timeout", "default-timeout", "retries", "keyring-provider", "cache-dir",
    "no-cache-dir",
})  # fmt: skip
"""pip's settings of where packages come from; the rest (targets, constraints, …) is left out."""
_UV_SOURCES = re.compile(
    r"UV_(DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|INDEX_STRATEGY"
    r"|INDEX_[A-Z0-9_]+_(USERNAME|PASSWORD)|INSECURE_HOST|NATIVE_TLS|SYSTEM_CERTS|OFFLINE"
    r"|HTTP_TIMEOUT|HTTP_RETRIES|KEYRING_PROVIDER|CONFIG_FILE)\Z"
)
_PIP_SETTING = re.compile(r"(global|install|:env:)\.([a-z-]+)=(.*)\Z")
_ASK_SECONDS = 60


@dataclass(frozen=True)
class Uv:
    """Astral's uv; what ``UV_…`` and ``uv.toml`` configure, it reads itself.

    It unpacks into a cache and links from there. In the user's own, what was refused would stay,
    and no limit would see it grow; so it makes one among its temporary files.
    """

    executable: Path
    version: str

    def command(self, lock: Path, into: Path, wheelhouse: Path | None) -> Command:
        """Return what installs the requirements of ``lock`` into the folder ``into``."""
        arguments = [
            str(self.executable), "pip", "install",
            "--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirements", str(lock),
            "--target", str(into), "--python", sys.executable,
            "--no-python-downloads", "--no-cache", "--link-mode", "hardlink",
            "--no-progress", "--color", "never",
        ]  # fmt: skip
        variables = _kept_variables()
        if wheelhouse is not None:
            arguments += ["--no-config", "--offline", "--no-index", "--find-links", str(wheelhouse)]
        else:
            variables |= {k: v for k, v in os.environ.items() if _UV_SOURCES.match(k)}
        return Command(arguments, variables)


@dataclass(frozen=True)
class Pip:
    """The PyPA's pip; what is configured for it, it is asked for beforehand."""

    program: tuple[str, ...]
    """What runs it with the harness's own interpreter."""
    version: str

    def command(self, lock: Path, into: Path, wheelhouse: Path | None) -> Command:
        """Return what installs the requirements of ``lock`` into the folder ``into``."""
        log = lock.with_name("pip.log")  # there, and nowhere else, it says what it could not reach
        arguments = [
            *self.program, "install",
            "--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirement", str(lock),
            "--target", str(into), "--no-compile", "--no-input", "--no-warn-conflicts",
            "--disable-pip-version-check", "--root-user-action", "ignore",
            "--progress-bar", "off", "--no-color", "--log", str(log),
        ]  # fmt: skip
        variables = _kept_variables()
        if wheelhouse is not None:
            arguments += ["--isolated", "--no-index", "--find-links", str(wheelhouse)]
        else:
            variables |= self._sources()
        variables["PIP_CONFIG_FILE"] = os.devnull
        return Command(arguments, variables, log)

    def _sources(self) -> dict[str, str]:
        """Ask pip for its settings, whatever file or variable they come from; keep some of them."""
        said = _ask([*self.program, "config", "list"], os.environ)
        found: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
        for line in (said or "").splitlines():
            setting = _PIP_SETTING.match(line)
            if setting is not None and setting[2] in _PIP_SOURCES:
                with contextlib.suppress(ValueError, SyntaxError):  # not as pip spells it
                    found[setting[1]][setting[2]] = str(ast.literal_eval(setting[3]))
        merged = found["global"] | found["install"] | found[":env:"]
        return {
            f"PIP_{name.upper().replace('-', '_')}": " ".join(value.split())
            for name, value in merged.items()
        }


def find_installer() -> Installer:
    """Return uv where it is installed, else pip; raise ``OrganiserError`` where neither is."""
    for executable in filter(None, [_beside_python("uv"), shutil.which("uv")]):
        if said := _ask([executable, "--version"], _kept_variables()):
            return Uv(Path(executable), " ".join(said.split()[:2]))
    for program in _ways_to_pip():
        if said := _ask([*program, "--version"], _kept_variables()):
            return Pip(tuple(program), " ".join(said.split()[:2]))
    raise hindered(
        "neither uv nor pip was found to install an entry's packages with",
        "install uv, or pip 22.3 or later, for this Python or on PATH",
    )


def _ways_to_pip() -> Iterator[Sequence[str]]:
    """Yield ways to run pip with this interpreter, in which it need not be installed."""
    if importlib.util.find_spec("pip") is not None:
        yield [sys.executable, "-P", "-m", "pip"]
    other = ["--python", sys.executable]
    base = getattr(sys, "_base_executable", None)  # where a virtual environment came from
    if base and base != sys.executable:
        yield [base, "-I", "-m", "pip", *other]
    for name in ("pip3", "pip"):
        if found := shutil.which(name):
            yield [found, *other]


def _beside_python(name: str) -> str | None:
    return shutil.which(name, path=str(Path(sys.executable).parent))


def _kept_variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name in _KEPT}


def _ask(arguments: Sequence[str], variables: os._Environ[str] | dict[str, str]) -> str | None:
    """Return what a program says; ``None`` where it cannot be run or fails."""
    try:
        done = subprocess.run(
            arguments,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=_ASK_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
