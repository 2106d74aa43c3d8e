"""What is refused before an evaluation is spent on it: a sandbox or a meter that is too weak."""

from __future__ import annotations

from harness.errors import ConfigurationError, UsageError
from harness.ranking.status import STAND_IN
from harness.records.evaluation import Isolation
from harness.records.meter import MeterDescription
from harness.records.rules import Rules

_WEAKER = ("landlock", "none")
"""Ways that ``auto`` takes only where a stronger one does not work."""


def require_kept_apart(isolation: Isolation) -> None:
    """Run no entry that could read the key with which its own result will be signed."""
    if isolation.grade == "D":
        raise UsageError(
            "--sign: at isolation grade D an entry can read the private key",
            remedy="leave out --sign, or --isolation none; doctor says what a sandbox lacks here",
        )


def require_official_isolation(isolation: Isolation, requested: str, rules: Rules) -> None:
    """Refuse an official evaluation at a grade that the rules do not admit.

    ``requested`` is what ``--isolation`` says: whoever asks for less has no gap to close.
    """
    if isolation.grade in rules.boards.official_isolation:
        return
    gaps = [check for check in isolation.checks if not check.held]
    step = "close the gaps, each of which `python -m harness doctor` gives a remedy for"
    if requested in _WEAKER:
        step = f"leave out --isolation {requested}, so that the strongest way that works is taken"
    raise ConfigurationError(
        f"isolation grade {isolation.grade} ({isolation.method}), and official evaluations need "
        f"{' or '.join(rules.boards.official_isolation)}; open: "
        f"{', '.join(f'{check.name} ({check.seen})' for check in gaps) or 'nothing'}",
        remedy=f"{step}, or evaluate with --protocol quick",
    )


def require_official_meter(meter: MeterDescription) -> None:
    """Sign no official evaluation whose meter keeps it from every official board."""
    if meter.grade == STAND_IN:
        raise ConfigurationError(
            f"--sign --protocol official: the meter {meter.name} is a stand-in (simulated), and "
            "what it reads stands on no official board",
            remedy="name a meter that reads this machine, as `python -m harness doctor` lists "
            "them, and unset HARNESS_POWERCAP_ROOT and HARNESS_NVML_LIBRARY; or leave out --sign",
        )
