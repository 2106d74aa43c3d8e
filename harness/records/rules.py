"""The rules of a challenge: ``leaderboard/rules.toml``, the only home of limits and thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from harness.errors import ConfigurationError
from harness.records.base import Frozen, digest
from harness.records.evaluation import IsolationGrade, RulesReference
from harness.records.fields import convert_whole
from harness.records.toml import not_finite, toml_of

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=1)]
CountOrNone = Annotated[int, Meta(ge=0)]

_CORRECT = "correct each field named; docs/how-to/organise.md says what the tables set"
LEAST_CAMPAIGNS = 3
"""Two days do not show how days differ: t of one degree of freedom is 12.7."""


class ProtocolRules(Frozen):
    """How one protocol runs."""

    looks: tuple[Count, ...]
    """After so many sessions it is asked whether the interval of energy is narrow enough. The first
    is the least number of sessions, the last the cap."""
    half_width: Positive
    """How narrow that is: the half-width of the interval, as a share of the energy."""
    idle_seconds: Positive
    """Length of the idle window before and after each session."""
    warm_up_queries: Count
    measured_seconds: Positive
    """The measured phase is filled with further sweeps until it should last this long."""
    max_sweeps: Count
    variant_seconds: Positive
    """No further sweep is prepared once making variants has taken this long in a session; longer
    in proportion where the meter asks for a longer measured phase."""
    rebatched_queries: CountOrNone
    """How many originals are answered a second time, in batches of another size, to see whether
    answers depend on what else is in the batch; 0: none. Fewer where they would take longer than
    ``variant_seconds``."""
    max_repeats: CountOrNone
    """How many disturbed sessions of one evaluation are void and repeated."""
    when_disturbed: Literal["fail", "keep"]
    """What becomes of an evaluation whose repeats are used up: it fails, which is no fault of the
    entry, or the disturbed session stands and is marked."""


class EnergyRules(Frozen):
    """How joules become the ranked figure."""

    amortise_queries: Count
    """Start, load and warm-up are spread over this many queries."""
    floor_multiple: Positive
    """Entries under this multiple of the null entry's energy are marked as at the floor."""
    edge_share: Annotated[float, Meta(gt=0, lt=1)]
    """What two refreshes of the meter may be of the measured phase: it is made long enough."""


class DisturbanceRules(Frozen):
    """When a session is disturbed, and so void."""

    other_cpu_share: NotNegative
    """Other processes took more than this share of the machine's CPU time."""
    other_cpu_of_entry: NotNegative
    """They took more than this share of the entry's own: on a machine of many cores, a neighbour
    that is small beside the machine is billed to an entry that is small, too."""
    steal_share: NotNegative
    """The host withheld more than this share of it."""
    kernel_change: Positive
    """The reference kernel's cost changed by more than this share across the session, or rose by
    more above its median in the evaluation so far."""
    throttle_events: CountOrNone
    """The processor was throttled more often than this, or a metered board in more windows."""


class CautionRules(Frozen):
    """When a warning is raised."""

    run_queue_share: NotNegative
    """Tasks queued for cores when some waited for more than this share of the time."""
    kernel_spread: NotNegative
    """The machine drifted when the reference kernel costs vary by more than this share."""
    frequency_spread: NotNegative
    """It drifted, too, when the clock frequencies of sessions vary by more than this share."""
    idle_change: NotNegative
    """Idle before and after a session disagree when their powers differ by more than this share,
    and by more than the meter's uncertainty."""
    variant_cost_ratio: tuple[float, float]
    """Cost of a variant over an original: outside of it, a table or a cache is at work."""
    small_test_set: Count
    """Fewer test items than this cannot rank close models."""
    session_disagreement: NotNegative
    """Share of items on which an entry may differ from itself: from one session to the next, and
    when its batches are put together otherwise."""
    variant_agreement: Annotated[float, Meta(ge=0, le=1)]
    """Fewer variants than this share answered as their originals are worth a warning."""
    drift: NotNegative
    """A trend of cost or of clock frequency is warned of when it exceeds this share, ..."""
    drift_kelvin: NotNegative
    """... one of temperature when it exceeds this, ..."""
    significance: Annotated[float, Meta(gt=0, lt=1)]
    """... and chance alone brings about as much less often than this."""
    preparation_sweeps: NotNegative
    """Work was moved ahead of the measured phase when it took more CPU time than this many passes
    over the test set and ``preparation_cpu_seconds`` together: loading, and what a query of the
    warm-up costs above a measured one."""
    preparation_cpu_seconds: NotNegative
    """Large libraries take this long to be imported, however cheap a query is."""
    drain_share: NotNegative
    """Work was left until after the last answer when the drain took more CPU time than this share
    of the measured phase's and ``drain_cpu_seconds`` together."""
    drain_cpu_seconds: NotNegative
    """No process ends for nothing."""


class Limits(Frozen):
    """What an entry may take.

    Wall time and CPU time are limited in each phase and over all of them; CPU time is that of the
    entry's whole tree of processes. A message of a limit that was hit names it as here.
    """

    start_seconds: Positive
    load_seconds: Positive
    warm_up_seconds: Positive
    measured_seconds: Positive
    drain_seconds: Positive
    """How long the tree may live after the last answer."""
    session_seconds: Positive
    """Wall time of all phases together."""
    batch_seconds: Positive
    """Wall time of a single answer."""
    start_cpu_seconds: Positive
    load_cpu_seconds: Positive
    warm_up_cpu_seconds: Positive
    measured_cpu_seconds: Positive
    drain_cpu_seconds: Positive
    session_cpu_seconds: Positive
    """CPU time of all phases together."""
    preparation_joules: Positive
    """Energy of start, load and warm-up together, where the meter resolves it."""
    memory_bytes: Count
    processes: Count
    threads: Count
    """Of all processes together."""
    open_files: Count
    """Of each process."""
    tmp_bytes: Count
    shm_bytes: Count
    output_bytes: Count
    """Standard output and standard error together; more ends the session."""
    entry_bytes: Count
    entry_files: Count
    weights_bytes: CountOrNone = 0
    """Of all ``[[weights]]`` of an entry together, which are fetched and so no part of
    ``entry_bytes``; 0, as where the rules do not say: none may be fetched."""
    weights_files: CountOrNone = 0


class EnvironmentRules(Frozen):
    """What a locked environment may take; it is installed ahead of all sessions."""

    installed_bytes: Count
    """While it is made: what an installer keeps beside it meanwhile counts too."""
    installed_files: Count
    build_seconds: Positive
    """How long its packages may take to be fetched and unpacked."""


class ReferenceEntries(Frozen):
    """Entries of a task that have a part in the method, and compete for no prize."""

    null: str
    """Answers without looking: its energy is the harness's own floor."""
    energy_class: str | None = None
    """Frozen: it stands in the middle of energy class D. ``None``: the task has no classes."""
    control: str | None = None
    """Runs in every round of a campaign: what campaigns are held against one another by."""


class CampaignRules(Frozen):
    """When entries that were evaluated together, or in several campaigns, may be compared."""

    control_spread: Positive
    """A campaign is void when the standard deviation of the logarithm of the control's energy, over
    the rounds, is more than this."""
    least: Annotated[int, Meta(ge=LEAST_CAMPAIGNS)]
    """Entries of fewer campaigns than this are not ranked together with those of others. Two do not
    show how campaigns differ."""


class QuotaRules(Frozen):
    """What a team may have of the organiser's time, and of answers about hidden labels."""

    official_evaluations: Count
    """Of each team and task, as ``ranking.quota`` counts them."""


class BoardRules(Frozen):
    """How boards are made."""

    min_sessions: Count
    """Fewer sessions than this: no interval of energy on a board."""
    official_isolation: tuple[IsolationGrade, ...]
    max_batch: Count
    quality_step: Annotated[float, Meta(gt=0, lt=1)]
    """What a signed record on labels that nobody knows publishes of quality is a multiple of it:
    scores must be no oracle of single labels."""


class RankingRules(Frozen):
    """When one entry is said to beat another."""

    confidence: Annotated[float, Meta(gt=0.5, lt=1)]
    """At least this share of boards makes no false claim."""
    draws: Annotated[int, Meta(ge=1_000)]
    """Resamples of items and of sessions, the same ones for every entry."""
    quality_margin: Positive
    """By so much may an entry be worse in the ranked metric and still be no worse."""
    energy_margin: Positive
    """By so large a share may it use more energy and still use no more."""


class TaskPrizes(Frozen):
    """What the two prizes of one task ask for."""

    quality_floor: Annotated[float, Meta(ge=0, le=1)]
    """Least energy is won among the entries whose quality is at least this, its interval's lower
    end, too."""
    budget_joules_per_1000_queries: Positive
    """Best quality is won among the entries whose energy is within this, its interval's upper end
    too."""


class PrizeRules(Frozen):
    """Which boards have prizes, and for what."""

    least_items: Count
    """Fewer test items cannot tell close entries apart: no prize."""
    tasks: dict[str, TaskPrizes] = {}


class Rules(Frozen):
    """Everything in ``rules.toml``."""

    schema: int
    version: str
    boards: BoardRules
    ranking: RankingRules
    prizes: PrizeRules
    energy: EnergyRules
    disturbance: DisturbanceRules
    cautions: CautionRules
    protocols: dict[str, ProtocolRules]
    limits: Limits
    environments: EnvironmentRules
    campaigns: CampaignRules
    quota: QuotaRules | None = None
    """``None``: no team is refused for what it has had."""
    reference: dict[str, ReferenceEntries] = {}
    """By task."""

    @property
    def in_force(self) -> Rules:
        """These: no others are known beside them, see ``rule_book``."""
        return self

    def of(self, digest: str) -> Rules:  # noqa: ARG002 - as of a book of several
        """Return the rules that a record goes by that names any: these."""
        return self

    @property
    def reference_to_these(self) -> RulesReference:
        """What a record keeps of the rules."""
        return RulesReference(
            version=self.version,
            digest=digest(self),
            amortise_queries=self.energy.amortise_queries,
            quality_step=self.boards.quality_step,
        )


def read_rules(path: Path) -> Rules:
    """Read ``rules.toml``; raise ``ConfigurationError`` naming what is wrong with it."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read: {error.strerror}",
            remedy="run from the project's folder, or name it in HARNESS_ROOT",
        ) from None
    return parse_rules(content, path)


def parse_rules(content: bytes, path: object) -> Rules:
    """Read the content of ``rules.toml``; raises as ``read_rules`` does, and names ``path``."""
    plain = toml_of(content, path)
    for field in not_finite(plain):
        raise ConfigurationError.at(path, field, "is no finite number", "give one")
    rules = convert_whole(plain, Rules, path, remedy=_CORRECT)
    if rules.schema != 1:
        raise ConfigurationError.at(
            path, "schema", f"is {rules.schema}", "this version reads schema 1"
        )
    for name in ("quick", "official"):
        if name not in rules.protocols:
            raise ConfigurationError.at(path, f"protocols.{name}", "is missing", "add the table")
    for name, protocol in rules.protocols.items():
        _require_looks_that_rise(protocol.looks, path, name)
        if protocol.measured_seconds > rules.limits.measured_seconds:
            raise ConfigurationError.at(
                path,
                f"protocols.{name}.measured_seconds",
                f"is {protocol.measured_seconds:g}, beyond limits.measured_seconds "
                f"({rules.limits.measured_seconds:g})",
                "let the phase last as long as a protocol fills it",
            )
    low, high = rules.cautions.variant_cost_ratio
    if not 0 < low < 1 < high:
        raise ConfigurationError.at(
            path,
            "cautions.variant_cost_ratio",
            f"is {[low, high]}",
            "give one below and one above 1",
        )
    return rules


def _require_looks_that_rise(looks: Sequence[int], path: object, protocol: str) -> None:
    rising = all(earlier < later for earlier, later in pairwise(looks))
    if not looks or not rising or (len(looks) > 1 and looks[0] == 1):
        raise ConfigurationError.at(
            path,
            f"protocols.{protocol}.looks",
            f"is {list(looks)}",
            "give numbers of sessions that rise, from 2 or more; one for a fixed number",
        )
