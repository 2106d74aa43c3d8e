"""Choose how an entry is kept apart: the strongest way that works on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable

from harness.errors import ConfigurationError, HarnessError, UsageError
from harness.records.evaluation import IsolationGrade
from harness.sandbox.bwrap import Bwrap, find_bwraps
from harness.sandbox.cgroup import find_accounts
from harness.sandbox.confined import Confined
from harness.sandbox.protocol import Sandbox
from harness.sandbox.stage import UID_VARIABLE, EntryUser, find_user

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
        for sandbox in _sandboxes(way):
            if failures:
                on_weaker(f"isolation: {failures[-1]}; a weaker one is tried")
            try:
                return _probed_twice(way, sandbox, cores)
            except HarnessError as error:
                failures.append(f"{way}: {error.message}")
        if way == "bwrap" and not failures:
            failures.append("bwrap: no bwrap on this machine")
    raise ConfigurationError(
        f"isolation: {'; '.join(failures)}",
        remedy=_REMEDIES["bwrap" if requested == "auto" else requested],
    )


def _probed_twice(way: str, sandbox: Sandbox, cores: tuple[int, ...] | None) -> Sandbox:
    try:
        return _probed(way, sandbox, cores)
    except HarnessError:
        return _probed(way, sandbox, cores)


def _probed(way: str, sandbox: Sandbox, cores: tuple[int, ...] | None) -> Sandbox:
    """Return a sandbox that keeps what its kind promises; raise what its probe found wrong."""
    isolation = sandbox.probe(cores)
    if isolation.grade not in _WORTH[way]:
        gaps = ", ".join(
            f"{check.name} ({check.seen})" for check in isolation.checks if not check.held
        )
        raise ConfigurationError(
            f"it works, but only at grade {isolation.grade}; open: {gaps}", remedy=_REMEDIES[way]
        )
    return sandbox


def _sandboxes(way: str) -> list[Sandbox]:
    """Return the sandboxes of one kind, strongest first: with a user of the entry's own, where one
    is to be had, and by the system's bwrap before the wheel's.
    """  # noqa: D205 - one sentence
    if way == "none":
        return [Confined("none")]
    users = _users()
    if way == "landlock":  # where user namespaces are forbidden: root alone can change its user
        return [Confined("landlock", user=user) for user in users if not (user and user.mapped)]
    return [Bwrap(executable, user=user) for user in users for executable in find_bwraps()]


def _users() -> tuple[EntryUser | None, ...]:
    """Return whom an entry may run as: a user of its own, then the harness's.

    Root's setting must be right: entries of its own rights are not what was asked for. Who is not
    root, or is root without the right to trace, cannot see what another user's processes hold open,
    and so not how much memory that is: another user it is only where the kernel holds the memory.
    """
    try:
        user = find_user()
        return (None,) if user.is_unseen and not find_accounts().enforcing else (user, None)
    except ConfigurationError:
        if os.environ.get(UID_VARIABLE):
            raise
        return (None,)
