"""All formats by name, and the one way from a record to a document in one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.errors import UsageError
from harness.export import boamps, challenge_2025, codecarbon, every_eval_ever, model_card, spdx
from harness.export.loss import Loss, losses
from harness.export.subject import Subject
from harness.export.validation import NotValidError, require_valid


@dataclass(frozen=True)
class Format:
    """One format: how it is made, what it is held against, and which fields of a record it has."""

    name: str
    title: str
    schema: str
    plain: Callable[[Subject], object]
    """The document as plain values, which the schema is of."""
    render: Callable[[Subject], bytes]
    file_name: Callable[[Subject], str]
    """What its file is called where a folder is named."""
    carries: Callable[[Subject], Mapping[str, str]]
    """Which fields of a record arrive in the document of this one: ``WHOLE``, or how reduced."""
    reasons: Mapping[str, str]
    options: frozenset[str]
    """Which of the ``Options`` that can be asked for show in it."""
    says_simulated: bool = True
    """Whether a reader of it can tell energy that a simulation made up from one that was read."""

    def losses(self, subject: Subject) -> tuple[Loss, ...]:
        """Say what of this record does not arrive."""
        return losses(subject.record, self.carries(subject), self.reasons)


def _named(ending: str) -> Callable[[Subject], str]:
    """Name files by entry and moment: what a record is called, with another ending."""
    return lambda subject: (
        f"{subject.record.submission.entry}-{subject.created:%Y%m%dT%H%M%SZ}"
        f"-{subject.stored.digest[:8]}.{ending}"
    )


OF_PLACE = frozenset({"zone", "country"})
FORMATS: Mapping[str, Format] = {
    each.name: each
    for each in (
        Format(
            boamps.NAME, "BoAmps 1.1.0", boamps.SCHEMA, boamps.report, boamps.render,
            boamps.file_name, boamps.carries, boamps.REASONS,
            frozenset({*OF_PLACE, "publisher", "confidentiality", "infrastructure"}),
        ),
        Format(
            every_eval_ever.NAME, "every_eval_ever 0.3.0", every_eval_ever.SCHEMA,
            every_eval_ever.document, every_eval_ever.render, _named("eval.json"),
            every_eval_ever.carries, every_eval_ever.REASONS, frozenset({"publisher"}),
        ),
        Format(
            model_card.NAME, "front matter of a Hugging Face model card", model_card.SCHEMA,
            model_card.card, model_card.render, _named(model_card.ENDING),
            lambda _: model_card.CARRIES, model_card.REASONS, OF_PLACE,
        ),
        Format(
            spdx.NAME, "SPDX 3.0.1", spdx.SCHEMA, spdx.document, spdx.render,
            _named(spdx.ENDING), lambda _: spdx.CARRIES, spdx.REASONS, frozenset(),
        ),
        Format(
            codecarbon.NAME, "codecarbon's emissions.csv", codecarbon.SCHEMA, codecarbon.rows,
            codecarbon.render, _named(codecarbon.ENDING), lambda _: codecarbon.CARRIES,
            codecarbon.REASONS, OF_PLACE, says_simulated=False,
        ),
        Format(
            challenge_2025.NAME, "the result of the challenge of 2025", challenge_2025.SCHEMA,
            challenge_2025.reply, challenge_2025.render, _named(challenge_2025.ENDING),
            challenge_2025.carries, challenge_2025.REASONS, OF_PLACE, says_simulated=False,
        ),
    )
}  # fmt: skip


def export(subject: Subject, form: Format) -> bytes:
    """Return a record in a format, held against its schema.

    Raises ``UsageError`` where the record, or what was asked, gives no valid document: a name that
    is empty, say; and where its energy is simulated and the format cannot say so.
    """
    if subject.record.meter.grade == "simulated" and not form.says_simulated:
        able = ", ".join(each.name for each in FORMATS.values() if each.says_simulated)
        raise UsageError(
            f"{subject.stored.path}: its energy is simulated, and {form.title} has no field that "
            "could say so: it would pass for a measurement",
            remedy=f"export it in a format that says it: {able}",
        )
    try:
        require_valid(form.schema, form.plain(subject))
    except NotValidError as error:
        raise UsageError(
            f"{subject.stored.path}: gives no valid {form.title}: {error}",
            remedy="correct the field, or export the record in another format",
        ) from None
    return form.render(subject)
