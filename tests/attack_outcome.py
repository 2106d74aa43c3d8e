"""What came of an attack, and whether it is what had to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from attack_corpus import Effect, Expectation

from harness.records.evaluation import Completed, EvaluationRecord, Failed
from harness.submissions.check import CheckReport


@dataclass
class Outcome:
    """What came of one run."""

    record: EvaluationRecord | None = None
    report: CheckReport | None = None
    error: BaseException | None = None
    """With which the harness itself failed."""
    printed: str = ""
    falsified: bool = False
    reached: bool = False
    signalled: bool = False
    changed: list[str] = field(default_factory=list)
    survivors: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    """Processes below the harness that were not there before."""

    @property
    def completed(self) -> bool:
        """Whether the evaluation ended well."""
        return self.record is not None and isinstance(self.record.outcome, Completed)

    @property
    def failure(self) -> Failed | None:
        """How it failed."""
        ended = self.record.outcome if self.record else None
        return ended if isinstance(ended, Failed) else None

    @property
    def flags(self) -> set[str]:
        """What the record and ``check`` warn of, and what the probe found open."""
        if self.record is None:
            return set()
        codes = {notice.code for notice in self.record.warnings}
        return codes | {c.name for c in self.record.isolation.checks if not c.held} | self.faults

    @property
    def faults(self) -> set[str]:
        """The codes of ``check``."""
        return {fault.code for fault in self.report.faults} if self.report else set()


def verdict_holds(expected: Expectation, outcome: Outcome) -> str:
    """Say how what came differs from what must come; empty when it does not."""
    if expected.faults:
        missing = set(expected.faults) - outcome.faults
        return f"check did not say {missing}: {outcome.report}" if missing else ""
    if outcome.error is not None:
        return f"the harness failed: {outcome.error!r}"
    ended = outcome.failure
    if expected.verdict == "contained":
        return f"it wrote {outcome.printed!r}" if ended is None else _wrong_with(ended, expected)
    if ended is not None:
        return f"it failed in {ended.stage}: {ended.message}"
    missing = set(expected.flags) - outcome.flags
    return f"no flag {missing}, but {outcome.flags}" if missing else ""


def _wrong_with(ended: Failed, expected: Expectation) -> str:
    if ended.blame != "submission" or not ended.remedy or not ended.message.isprintable():
        return f"it was not blamed as it should be: {ended}"
    if expected.stage not in (None, ended.stage):
        return f"it ended in {ended.stage}: {ended.message}"
    if not any(words in ended.message for words in expected.message):
        return f"the message is {ended.message!r}"
    return ""


def seen(effect: Effect, outcome: Outcome, secret: Sequence[str], expected: Expectation) -> bool:
    """Say whether an effect of the attack is there."""
    return _EFFECTS[effect](outcome, secret, expected)


_EFFECTS: dict[Effect, Callable[[Outcome, Sequence[str], Expectation], bool]] = {
    "token": lambda o, secret, _: any(each in o.printed for each in secret),
    "said": lambda o, _, __: "GOT IT" in o.printed,
    "reached": lambda o, _, __: o.reached,
    "changed": lambda o, _, __: bool(o.changed),
    "signalled": lambda o, _, __: o.signalled,
    "survivor": lambda o, _, __: bool(o.survivors),
    "accepted": lambda o, _, __: o.completed or len(o.printed) > 100_000,
    "crash": lambda o, _, __: o.error is not None,
    "perfect": lambda o, _, __: _quality(o) == 1.0,
    "hidden": lambda o, _, __: _hidden(o),
    "escaped": lambda o, _, __: "\x1b" in o.printed + (o.failure.message if o.failure else ""),
    "held": lambda o, _, __: o.failure is not None and "no answer within" in o.failure.message,
    "unflagged": lambda o, _, expected: o.completed and not set(expected.flags) <= o.flags,
    "falsified": lambda o, _, __: o.falsified,
}


def _quality(outcome: Outcome) -> float | None:
    quality = outcome.record.quality if outcome.record else None
    return quality.ranked_value.value if quality else None


def _hidden(outcome: Outcome) -> bool:
    """Whether less CPU time was recorded than half of what the entry says that it used."""
    said = [float(line.split()[1]) for line in outcome.printed.splitlines() if "burned" in line]
    if not outcome.completed or outcome.record is None or not said:
        return False
    windows = [window for session in outcome.record.sessions for window in session.phases]
    return sum(window.reading.cpu_seconds for window in windows) < sum(said) / 2
