"""Choose how an entry is kept apart: the strongest way that works on this machine."""

from __future__ import annotations

from harness.errors import ConfigurationError, HarnessError, UsageError
from harness.sandbox.bwrap import Bwrap, find_bwrap
from harness.sandbox.protocol import Sandbox

_REMEDY = (
    "install bubblewrap; where user namespaces are forbidden (Ubuntu 24.04: by AppArmor, "
    "`sysctl kernel.apparmor_restrict_unprivileged_userns`; Docker: by its seccomp profile) have "
    "the administrator allow them"
)


def choose(requested: str) -> Sandbox:
    """Return the sandbox called ``auto`` (the strongest that works) or ``bwrap``.

    Raises ``ConfigurationError`` with what was seen when the one asked for does not work here.
    """
    if requested not in ("auto", "bwrap"):
        raise UsageError(f"isolation: {requested!r} is not known", remedy="give auto or bwrap")
    executable = find_bwrap()
    if executable is None:
        raise ConfigurationError("isolation: no bwrap on this machine", remedy=_REMEDY)
    sandbox = Bwrap(executable)
    try:
        sandbox.probe()
    except HarnessError as error:
        raise ConfigurationError(f"isolation: {error.message}", remedy=_REMEDY) from None
    return sandbox
