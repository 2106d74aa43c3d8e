"""Choose how an entry is kept apart: the strongest way that works on this machine."""

from __future__ import annotations

from collections.abc import Callable

from harness.errors import ConfigurationError, HarnessError, UsageError
from harness.records.evaluation import IsolationGrade
from harness.sandbox.bwrap import Bwrap, find_bwrap
from harness.sandbox.confined import Confined
from harness.sandbox.protocol import Sandbox

WAYS = ("bwrap", "landlock", "none")
"""Strongest first."""

_WORTH: dict[str, tuple[IsolationGrade, ...]] = {
    "bwrap": ("A", "B"),
    "landlock": ("A", "B", "C"),
    "none": ("A", "B", "C", "D"),
}
"""The grades at which a way has worked as it should."""

_REMEDIES = {
    "bwrap": "install bubblewrap; where user namespaces are forbidden (Ubuntu 24.04 by AppArmor: "
    "`sysctl kernel.apparmor_restrict_unprivileged_userns=0` or a profile for bwrap; Docker by "
    "its default seccomp profile) have the administrator allow them",
    "landlock": "use Linux 6.12 or later, with Landlock among its security modules",
    "none": "report this: a plain process should start anywhere",
}


def _unheard(_: str) -> None:
    """Tell nobody."""


def choose(
    requested: str,
    cores: tuple[int, ...] | None = None,
    *,
    on_weaker: Callable[[str], None] = _unheard,
) -> Sandbox:
    """Return the sandbox called ``bwrap``, ``landlock`` or ``none``, or for ``auto`` the strongest
    that works here; it has been probed, pinned to ``cores`` where some are given.

    ``on_weaker`` is told why ``auto`` passes over a way. A busy machine can make a probe late, so
    each way is tried twice before that. Raises ``UsageError`` for another name,
    ``ConfigurationError`` with what was seen when the one asked for does not work.
    """  # noqa: D205 - one sentence
    if requested not in ("auto", *WAYS):
        raise UsageError(
            f"isolation: {requested!r} is not known", remedy=f"give auto, {', '.join(WAYS)}"
        )
    failures: list[str] = []
    for way in WAYS if requested == "auto" else (requested,):
        try:
            return _probed_twice(way, cores)
        except HarnessError as error:
            failures.append(f"{way}: {error.message}")
            if requested == "auto":
                on_weaker(f"isolation: {failures[-1]}; a weaker one is tried")
    raise ConfigurationError(
        f"isolation: {'; '.join(failures)}",
        remedy=_REMEDIES["bwrap" if requested == "auto" else requested],
    )


def _probed_twice(way: str, cores: tuple[int, ...] | None) -> Sandbox:
    try:
        return _probed(way, cores)
    except HarnessError:
        return _probed(way, cores)


def _probed(way: str, cores: tuple[int, ...] | None) -> Sandbox:
    """Return a sandbox that keeps what its kind promises; raise what its probe found wrong."""
    sandbox = _sandbox(way)
    isolation = sandbox.probe(cores)
    if isolation.grade not in _WORTH[way]:
        gaps = ", ".join(
            f"{check.name} ({check.seen})" for check in isolation.checks if not check.held
        )
        raise ConfigurationError(
            f"it works, but only at grade {isolation.grade}; open: {gaps}", remedy=_REMEDIES[way]
        )
    return sandbox


def _sandbox(way: str) -> Sandbox:
    if way == "landlock":
        return Confined("landlock")
    if way == "none":
        return Confined("none")
    executable = find_bwrap()
    if executable is None:
        raise ConfigurationError("no bwrap on this machine", remedy=_REMEDIES[way])
    return Bwrap(executable)
