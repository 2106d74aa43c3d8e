"""The record of one evaluation: everything that was seen, nothing that can be derived from it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta

from harness.records.base import Frozen
from harness.records.environment import EnvironmentReference
from harness.records.meter import MeterDescription
from harness.records.session import Notice, Session, VoidSession

SCHEMA_VERSION = 2
"""Raised when a field changes its meaning or goes away, and records of another one are refused; a
further field with a default does not raise it."""

Protocol: TypeAlias = Literal["quick", "official"]
Scenario: TypeAlias = Literal["offline", "single"]
Output: TypeAlias = Literal["index", "scores", "boxes", "image_score"]
IsolationGrade: TypeAlias = Literal["A", "B", "C", "D"]
DataSource: TypeAlias = Literal["sample", "hub", "directory"]


class TaskReference(Frozen):
    """Which task, exactly."""

    id: str
    title: str
    version: int
    digest: str
    metric: str
    """The one metric that ranks."""


class DataReference(Frozen):
    """Which data, exactly, and how it came."""

    source: DataSource
    digest: str
    """SHA-256 over the test items (identifiers, samples, labels, groups) in their own order; of
    generated data also over the generator's version and seed."""
    items: int
    public: bool
    """Whether anybody can work out the labels: such a board is open, never official."""
    seed: int | None = None
    generator_version: int | None = None
    hub_id: str | None = None
    revision: str | None = None
    unreadable: int = 0
    """How many test samples do not begin as an image or a recording does; they are scored."""


class Lifecycle(Frozen):
    """What the team declares of energy spent before the evaluation; absent is unknown, never 0."""

    training_kwh: float | None = None
    fine_tuning_kwh: float | None = None
    provenance: Literal["measured", "estimated", "reported"] | None = None
    hardware: str | None = None
    source: str | None = None


class SubmissionReference(Frozen):
    """Which entry, exactly, and what it says of itself."""

    entry: str
    """The folder's name: the entry's identity on a board."""
    team: str
    name: str
    version: str
    digest: str
    """SHA-256 over the names and contents of the folder's files."""
    description: str
    licence: str
    output: Output
    batch_size: int
    stochastic: bool
    authors: tuple[str, ...] = ()
    url: str | None = None
    family: str | None = None
    """What kind of model the team says it is; ``None`` where it says nothing."""
    lifecycle: Lifecycle | None = None


class RulesReference(Frozen):
    """Which rules, and the figures of theirs that statistics are derived with."""

    version: str
    digest: str
    amortise_queries: int
    quality_step: float | None = None
    """See ``records.withholding``; ``None`` in older records."""


class Hardware(Frozen):
    """The machine, as seen when the evaluation ran."""

    profile: str
    """A name from leaderboard/hardware, or ``unregistered-<fingerprint>``."""
    fingerprint: str
    """Eight hexadecimal digits over the fields below that decide how fast and how hungry it is."""
    processor: str
    cores: int
    memory_gib: int
    architecture: str
    kernel: str
    operating_system: str
    hypervisor: str | None
    accelerators: tuple[str, ...] = ()
    governor: str | None = None
    """Of processor frequency, each once where cores differ; ``None`` where the kernel has none."""
    turbo: bool | None = None
    """Whether cores may run above their nominal clock; ``None`` where the machine does not say."""
    power_limits_watts: dict[str, float] = {}
    """As they are set, by zone and constraint (``package-0 long_term``) or board (``gpu-0``)."""
    profile_digest: str | None = None
    """Of the profile's content; ``None`` where there is no profile."""
    entry_cores: tuple[int, ...] | None = None
    """The cores that the entry was pinned to; ``None`` where it was not."""

    @property
    def kernel_family(self) -> str:
        """The first two numbers of the kernel's version: it decides what drivers and schedulers do.

        The whole release where it does not begin with two numbers.
        """
        numbers = re.match(r"\d+\.\d+", self.kernel)
        return numbers[0] if numbers else self.kernel


class IsolationCheck(Frozen):
    """One protection, tried from inside before it is claimed."""

    name: str
    held: bool
    seen: str
    remedy: str = ""
    """What closes the gap; empty where it held."""


class Enforcers(Frozen):
    """Who holds the entry to its limits, in words, as it was seen to when one was exceeded."""

    memory: str
    processes: str
    cpu: str
    """What counts its time, and what keeps it on its cores."""
    disk: str


class Isolation(Frozen):
    """How the entry was kept apart, as probed and never as requested."""

    grade: IsolationGrade
    method: str
    """The tool and its version, in words."""
    checks: tuple[IsolationCheck, ...]
    tool: str | None = None
    """What built the sandbox, with its version; this and what follows ``None`` in older records."""
    kernel: str | None = None
    """Its release."""
    namespaces: tuple[str, ...] | None = None
    """The kinds that the entry had of its own, as seen from inside."""
    host_uid: int | None = None
    """Whom the entry ran as, as seen from outside."""
    seccomp_digest: str | None = None
    """SHA-256 of the system-call filter's program; ``None`` where there was none."""
    landlock_abi: int | None = None
    """Where Landlock kept the entry apart."""
    enforced_by: Enforcers | None = None


class Look(Frozen):
    """One look at the interval of energy, to see whether further sessions are needed."""

    sessions: int
    """How many stood by then: the interval is theirs."""
    alpha: float
    """What of the 5 % this look may spend; ``records.statistics`` says how they are shared out."""
    half_width: float | None
    """Of the interval with that alpha, relative; ``None`` where the energy of a session is not
    resolved, which no further session mends."""
    narrow: bool
    """Whether that is as narrow as the rules ask for."""


class MetricValue(Frozen):
    """A metric with its 95 % interval."""

    name: str
    value: float
    low: float
    high: float
    interval_method: str
    """By what, over how many items or groups; of a bootstrap, what it needs to be made again."""


class ClassQuality(Frozen):
    """How one class fared, over all sessions."""

    label: str
    support: int
    precision: float
    recall: float
    f1: float


class Quality(Frozen):
    """How good the answers were, an unanswered item being a wrong one."""

    ranked: str
    metrics: tuple[MetricValue, ...]
    items: int
    answered: int
    """Items with an answer in every session; the denominator is ``items`` regardless."""
    per_class: tuple[ClassQuality, ...] = ()
    step: float | None = None
    """The figures are multiples of it, and the exact ones kept back; ``None``: they are exact."""

    @property
    def ranked_value(self) -> MetricValue:
        """The metric that ranks."""
        return next(metric for metric in self.metrics if metric.name == self.ranked)


class Completed(Frozen, tag="completed", tag_field="status"):
    """All sessions ran to their end."""


class Failed(Frozen, tag="failed", tag_field="status"):
    """The evaluation ended early."""

    stage: str
    blame: Literal["submission", "organiser"]
    message: str
    remedy: str = ""


FEW_SESSIONS = "few-sessions"
"""The code of the one notice that pooling evaluations can make untrue."""


class ItemsCommitment(Frozen):
    """What binds the record to the outcomes of single items without showing them.

    ``digest`` is the HMAC-SHA256 of the sidecar file's bytes under a key that lies in the sidecar.
    """

    digest: str


class Signature(Frozen):
    """An organiser's Ed25519 signature of the record with this field null, canonically spelled."""

    key: Annotated[str, Meta(pattern="^[0-9a-f]{64}$", min_length=64, max_length=64)]
    """SHA-256, in hexadecimal, of the 32 bytes of the public key."""
    value: Annotated[str, Meta(pattern="^[0-9a-f]{128}$", min_length=128, max_length=128)]
    """The 64 bytes, in hexadecimal."""


class Campaign(Frozen):
    """Several entries of one task that were evaluated together, their sessions taking turns."""

    id: str
    """Random, in hexadecimal: what all records of the campaign share."""
    entries: tuple[str, ...]
    """All of them by name, the control too."""
    control: str | None = None
    """The entry of the rules that runs in every round; ``None`` where they name none."""
    control_digest: str | None = None
    void: str | None = None
    """Why nothing is to be concluded from any record of the campaign; ``None`` where it holds."""


class EvaluationRecord(Frozen, kw_only=True):
    """One evaluation of one entry."""

    schema: int = SCHEMA_VERSION
    harness_version: str
    created_utc: str
    demonstration: bool = False
    """Made to show what a board looks like: committed, unsigned, never official."""
    task: TaskReference
    data: DataReference
    submission: SubmissionReference
    environment: EnvironmentReference | None = None
    """The entry's own packages; ``None`` for the harness's."""
    rules: RulesReference
    protocol: Protocol
    scenario: Scenario
    hardware: Hardware
    isolation: Isolation
    meter: MeterDescription
    sessions: tuple[Session, ...]
    voided: tuple[VoidSession, ...] = ()
    """In the order they ran; the sessions above took their places."""
    looks: tuple[Look, ...] = ()
    """At the interval of energy, in order; none in records of a fixed number of sessions."""
    quality: Quality | None
    outcome: Completed | Failed
    warnings: tuple[Notice, ...] = ()
    campaign: Campaign | None = None
    """``None`` where the entry was evaluated by itself."""
    items: ItemsCommitment | None = None
    signature: Signature | None = None


class ItemOutcomes(Frozen, kw_only=True):
    """The sidecar: what the entry answered to each test item. Private unless the data is public."""

    schema: int = SCHEMA_VERSION
    key: str
    """32 random bytes in hexadecimal: the key of the record's commitment."""
    ids: tuple[str, ...]
    groups: tuple[str, ...] | None
    labels: tuple[Any, ...]
    boxes: tuple[tuple[tuple[float, ...], ...], ...] | None = None
    """The true boxes of each item, x1, y1, x2, y2; ``null`` where the task has none."""
    predictions: tuple[tuple[Any, ...], ...]
    """One row a session, in the order of ``ids``; ``null`` where there was no answer. A label, the
    score of an image, or boxes, x1, y1, x2, y2 and score each."""
