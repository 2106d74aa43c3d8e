"""Whether an entry agrees with itself: on variants, in other batches, and from session to session.

What is compared is decisions: the label that an answer amounts to. For boxes and image scores the
task says which label that is.

An answer must not depend on what else is in its batch: an entry that looks at a whole batch knows
more of the test set than a query tells it. In a session no item is sent twice, so a part of the
originals is answered once more in the sandbox that calibrates. Nothing is metered there, and what
it has written is gone before any session begins.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.plan import PlannedSweep
from harness.evaluation.shares import beside
from harness.records.agreements import disagreement, mean_share
from harness.records.evaluation import EvaluationRecord, Output
from harness.records.rules import CautionRules
from harness.records.session import Agreement, Notice
from harness.tasks.answers import no_answers, put
from harness.tasks.protocol import Predictions, Sample, Split, Task

Positions = npt.NDArray[np.int64]


@dataclass
class Rebatched:
    """A part of the originals, in batches of another size than the sessions', and its answers."""

    split: Split
    positions: Positions
    """(m,), in the order they are sent: drawn at random, none twice."""
    size: int
    predictions: Predictions
    """(m,), in that order."""

    def batches(self, seconds: float, seconds_per_query: float) -> Iterator[Sequence[Sample]]:
        """Yield as many batches as should be answered in ``seconds``; one at least."""
        most = len(self.positions)
        if seconds_per_query > 0:
            most = min(most, max(self.size, int(seconds / seconds_per_query)))
        self.positions, self.predictions = self.positions[:most], self.predictions[:most]
        for start in range(0, len(self.positions), self.size):
            yield self.split.samples(self.positions[start : start + self.size])

    def put(self, answered: int, predicted: Any) -> None:  # noqa: ANN401 - as ``answers.put``
        """Take a batch's answers, after so many others."""
        put(self.predictions, np.arange(answered, answered + len(predicted)), predicted)


def draw_rebatched(
    split: Split, output: Output, *, batch_size: int, most: int, rng: np.random.Generator
) -> Rebatched | None:
    """Draw a part of at most ``most`` items and a smaller batch size.

    ``None`` where the entry is asked for one item at a time: nothing else is in its batches.
    """
    if batch_size == 1 or not most:
        return None
    positions = rng.permutation(len(split))[:most]
    return Rebatched(
        split=split,
        positions=positions,
        size=int(rng.integers(1, batch_size)),
        predictions=no_answers(len(positions), output),
    )


@dataclass
class Answers:
    """What the entry has answered so far; outlives a session that fails."""

    predictions: Predictions
    """(n,) by position: the answers to the originals."""
    measured: bool = False
    """Whether the session got as far as the measured phase."""
    variants: Predictions | None = None
    """(n,), to the first sweep of variants; only of its items."""
    varied: Positions | None = None
    """Which these are; ``None`` where there was no such sweep so far."""

    @classmethod
    def none(cls, items: int, output: Output) -> Answers:
        """No item answered yet."""
        return cls(no_answers(items, output))

    def kept_of(self, sweep: PlannedSweep) -> Predictions | None:
        """Return where the answers of a sweep that begins are kept; ``None`` where they are not."""
        if sweep.kind == "original":
            return self.predictions
        if self.varied is not None:
            return None
        self.varied, self.variants = sweep.order, np.empty_like(self.predictions)
        return self.variants


def agreement_of(
    task: Task,
    answers: Answers,
    rebatched: tuple[Positions, Predictions] | None,
    previous: Answers | None,
) -> Agreement:
    """Compare a session's answers to the originals with its others, and with other sandboxes'.

    ``rebatched`` are the positions of m items, and (m,) the answers to them in other batches.
    """
    decided = task.decisions(answers.predictions)

    def share(positions: Positions, others: Predictions) -> float:
        return float((decided[positions] == task.decisions(others)).mean())

    varied, variants = answers.varied, answers.variants
    whole = np.arange(len(decided))
    return Agreement(
        variants=None if varied is None or variants is None else share(varied, variants[varied]),
        variant_items=0 if varied is None else len(varied),
        rebatched=None if rebatched is None else share(*rebatched),
        rebatched_items=0 if rebatched is None else len(rebatched[0]),
        previous=None if previous is None else share(whole, previous.predictions),
    )


def about_agreement(record: EvaluationRecord, cautions: CautionRules) -> Iterator[Notice]:
    """Warn of answers that differ from themselves by more than the rules bear."""
    yield from _about_sessions(record, cautions)
    yield from _about_batches(record, cautions)
    alike = mean_share(record.sessions, "variants")
    if alike is not None and alike < cautions.variant_agreement:
        agreed, at_least = beside(alike, cautions.variant_agreement)
        yield Notice(
            code="variants-answered-otherwise",
            message=f"of perturbed variants {agreed} were answered as their originals "
            f"(limit {at_least})",
            remedy="a table of answers would show like this; so does a model that small changes of "
            "its input upset",
        )


def _about_sessions(record: EvaluationRecord, cautions: CautionRules) -> Iterator[Notice]:
    apart = disagreement(record.sessions)
    if apart is not None and apart > cautions.session_disagreement:
        declared = record.submission.stochastic
        differ, at_most = beside(apart, cautions.session_disagreement)
        yield Notice(
            code="stochastic-predictions" if declared else "unstable-predictions",
            message=f"two sessions disagree on {differ} of the items"
            f"{', as a stochastic model may' if declared else ''} (limit {at_most})",
            remedy="seed the model: quality is that of all sessions together"
            if declared
            else "seed the model, or declare stochastic = true",
        )


def _about_batches(record: EvaluationRecord, cautions: CautionRules) -> Iterator[Notice]:
    """Warn where other batches change more answers than another session does."""
    alike = mean_share(record.sessions, "rebatched")
    if alike is None:
        return
    apart = 1 - alike
    from_session_to_session = mean_share(record.sessions, "previous")
    usual = 0.0 if from_session_to_session is None else 1 - from_session_to_session
    items = max(s.agreement.rebatched_items for s in record.sessions if s.agreement is not None)
    least = _lower_bound(apart, items, cautions.significance)
    if apart > cautions.session_disagreement and least > usual:
        differ, at_most = beside(apart, cautions.session_disagreement)
        yield Notice(
            code="batch-dependent-predictions",
            message=f"in batches of another size {differ} of {items} items were answered "
            f"otherwise (limit {at_most}); from one session to the next "
            f"{usual:.1%} are",
            remedy="answer each item by itself: normalise by what was learnt in training, and "
            "never over the batch",
        )


def _lower_bound(share: float, items: int, significance: float) -> float:
    """Return Wilson's lower bound of a share, one-sided."""
    z = NormalDist().inv_cdf(1 - significance)
    half = z * math.sqrt(share * (1 - share) / items + z * z / (4 * items * items))
    return max(0.0, (share + z * z / (2 * items) - half) / (1 + z * z / items))
