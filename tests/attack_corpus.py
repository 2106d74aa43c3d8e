"""The attacks of ``tests/attacks``, read from the ``attack.toml`` beside each."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from harness.records.base import Frozen
from harness.records.evaluation import IsolationGrade

FOLDER = Path(__file__).parent / "attacks"
ATTACK_FILE = "attack.toml"

Verdict: TypeAlias = Literal["contained", "flagged", "open"]
"""``contained``: it ends its own evaluation, blamed on the submission. ``flagged``: the evaluation
ends well, nothing is got, and the record, or ``check`` before it, says what was seen. ``open``: it
succeeds; at grade D only, which is never ranked."""

Way: TypeAlias = Literal["bwrap", "landlock", "none", "check", "process"]
"""A way of isolation; or the walls before a sandbox: ``check``, and that there is another process.
"""

Need: TypeAlias = Literal["vsock", "io_uring", "user_namespaces", "x86_64", "ia32", "root"]
"""What a machine must have for the attack to succeed anywhere."""

Effect: TypeAlias = Literal[
    "token",      # the secret stands in what the entry wrote
    "said",       # the entry says that it was let, where only it can see that
    "reached",    # a listener of the runner's was connected to, or got a packet
    "changed",    # a file outside was written
    "signalled",  # the harness was sent a signal
    "survivor",   # a process outlived its session
    "accepted",   # the evaluation ended well, with what should have ended it
    "crash",      # the harness failed with a traceback
    "perfect",    # all answers were right, of an entry that knows nothing
    "hidden",     # CPU time was used that the record does not hold
    "escaped",    # control characters came through
    "held",       # the harness found out at its deadline only
    "unflagged",  # the record says nothing of it
    "falsified",  # a program that measures in the entry's process printed what the entry wanted
]  # fmt: skip


class Expectation(Frozen, kw_only=True):
    """What must come of an attack at a grade."""

    verdict: Verdict
    stage: str | None = None
    """In which phase it is contained; ``None`` where that hangs on timing."""
    message: Annotated[tuple[str, ...], msgspec.Meta(max_length=8)] = ()
    """One of these is in the message."""
    flags: tuple[str, ...] = ()
    """Codes of notices or of ``check``'s warnings, or names of checks that the probe found open;
    all of them are there."""
    faults: tuple[str, ...] = ()
    """Codes of ``check``; all of them are there."""
    gets: str = ""
    """What it does get hold of there, in words, and why it is worth nothing."""


class Success(Frozen, kw_only=True):
    """What is to be seen when the wall is gone: one of the effects is enough."""

    effects: tuple[Effect, ...]


class Make(Frozen, kw_only=True):
    """What git cannot hold and the runner puts into the entry's folder."""

    symbolic_links: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it for every value
    """Name to target; ``{labels}`` is the secret file."""
    hard_links: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it for every value
    pipes: tuple[str, ...] = ()


class Plan(Frozen, kw_only=True):
    """How the attack is run."""

    drive: Literal["evaluation", "check"] = "evaluation"
    sessions: int = 1
    sweeps: int = 1
    measured_seconds: float | None = None
    """What the rules ask of the measured phase, where that matters."""
    sample_bytes: int = 0
    """Every sample is padded by this much."""
    signals: tuple[str, ...] = ()
    """It is run once for each; the entry finds the name in ``facts.json``."""
    limits: dict[str, int | float] = {}  # noqa: RUF012
    """In place of the runner's own, all of them small."""


class Attack(Frozen, kw_only=True):
    """One folder."""

    name: str
    wall: str
    """The one wall that it attacks, in words."""
    tries: str
    """What it does, in a sentence."""
    expect: dict[Literal["any", "A", "B", "C", "D"], Expectation]
    """``any`` holds where the grade does not stand apart; ``A`` is as ``B`` unless it does."""
    grades: tuple[IsolationGrade, ...] = ("A", "B", "C", "D")
    """Where it is safe to run."""
    without: dict[Way, tuple[str, ...]]
    """By way of isolation: the switches of ``attack_walls`` that take the wall away."""
    success: Success
    needs: tuple[Need, ...] = ()
    plan: Plan = Plan()
    make: Make = Make()

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return FOLDER / self.name

    @property
    def is_static(self) -> bool:
        """Whether nothing of it is ever run."""
        return self.plan.drive == "check"

    def expected_at(self, grade: IsolationGrade) -> Expectation | None:
        """Return what must come of it; ``None`` where it is not run."""
        if grade not in self.grades:
            return None
        by_grade: dict[Any, Expectation] = dict(self.expect)
        chain = [grade, "B", "any"] if grade == "A" else [grade, "any"]
        return next((by_grade[each] for each in chain if each in by_grade), None)


def read_attack(folder: Path) -> Attack:
    """Read one ``attack.toml``, strictly: an unknown field or a wrong type raises."""
    plain = tomllib.loads((folder / ATTACK_FILE).read_text(encoding="utf-8"))
    return msgspec.convert({"name": folder.name} | plain, Attack, strict=True)


def all_attacks() -> tuple[Attack, ...]:
    """Return every attack, by name."""
    return tuple(read_attack(path.parent) for path in sorted(FOLDER.glob(f"*/{ATTACK_FILE}")))
