"""A task's card: ``tasks/<task>/task.toml``, read strictly.

Light on purpose: listing the tasks and checking an entry read cards and load no data.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path, PurePath
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta
from msgspec.structs import replace

from harness.errors import ConfigurationError
from harness.records.base import Frozen
from harness.records.evaluation import Output
from harness.records.fields import convert_whole
from harness.records.toml import toml_of

SCHEMA = 1
CARD_FILE = "task.toml"
_CORRECT = "correct each field named; docs/how-to/add-a-task.md shows the file"

Text: TypeAlias = Annotated[str, Meta(min_length=1)]
Count: TypeAlias = Annotated[int, Meta(ge=1)]
Share: TypeAlias = Annotated[float, Meta(gt=0, le=1)]
MetricName: TypeAlias = Literal[
    "accuracy",
    "macro_f1",
    "balanced_accuracy",
    "recall",
    "precision",
    "f1",
    "average_precision",
    "mean_iou",
]
ONE_CLASS_METRICS: tuple[MetricName, ...] = ("recall", "precision", "f1")
BOX_METRICS: tuple[MetricName, ...] = ("average_precision", "mean_iou")
"""Only answers in boxes have them."""
DETECTION_OUTPUTS: tuple[Output, ...] = ("boxes", "image_score")


class Identity(Frozen):
    """The ``[task]`` table: what the task is."""

    id: Annotated[str, Meta(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]
    title: Text
    version: Count
    """Raised when old and new results must not share a board."""
    modality: Annotated[str, Meta(pattern="^[a-z]+(-[a-z]+)*$")]
    """``text``, whose samples are ``str``; ``image``, ``audio`` or anything else, whose samples
    are ``bytes``: the stored, encoded files."""
    query: Text
    """What one query is, in words."""
    outputs: Annotated[tuple[Output, ...], Meta(min_length=1)]
    licence: Text
    """SPDX, of the public data."""
    description: Text
    max_boxes: Annotated[int, Meta(ge=0)] = 0


class Label(Frozen):
    """One class. Its position in the card is its number in predictions and records."""

    name: Text
    aliases: tuple[str | int, ...] = ()
    """Other spellings of it in a data set's label column."""


class Metric(Frozen):
    """A figure that is computed from the answers."""

    name: MetricName
    direction: Literal["higher", "lower"]
    ranked: bool = False
    label: str | None = None
    """The class that ``recall``, ``precision`` or ``f1`` is about."""

    @property
    def key(self) -> str:
        """Its name in records: ``accuracy``, or ``recall:cleared`` where it is about one class."""
        return self.name if self.label is None else f"{self.name}:{self.label}"


class Columns(Frozen):
    """Which columns of a data set hold what."""

    sample: Text
    label: Text | None = None
    """``None``: where the objects are says what an item is."""
    boxes: Text | None = None
    """Annotations of boxes, as ``tasks.annotations`` reads them; in place of ``label``."""
    id: Text | None = None
    """``None``: the row's number is the identifier; so it is where all of the column is null."""
    group: Text | Annotated[tuple[Text, ...], Meta(min_length=2)] | None = None
    """What splits and resampling keep whole: one column, or the first of several that the data has;
    ``None``: every item stands alone."""

    @property
    def named(self) -> list[str]:
        """Every column that is read, or may be."""
        named = (self.sample, self.label, self.boxes, self.id, *self.groups)
        return [name for name in named if name is not None]

    @property
    def groups(self) -> tuple[str, ...]:
        """The columns that may hold the group, that which counts first."""
        return (self.group,) if isinstance(self.group, str) else self.group or ()

    def of(self, present: Collection[str]) -> Columns:
        """Return the columns of data that has these: of several groups one, the first if none."""
        if not isinstance(self.group, tuple):
            return self
        group = next((name for name in self.group if name in present), self.group[0])
        return replace(self, group=group)


class Detection(Frozen):
    """The ``[detection]`` table: an object is looked for, by boxes or by a score of the image."""

    positive: Text
    """The label of an item that holds the object; the other label is that of one without."""
    least_score: Share
    """From which score on, of the image or of one of its boxes, the object is said to be there."""
    least_overlap: Share
    """From which intersection over union on a box has found the object."""


class Hub(Frozen):
    """Where the public data is on the hub."""

    id: Annotated[str, Meta(pattern="^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$")]
    train: Text
    test: Text
    """Names of the splits."""
    revision: Annotated[str, Meta(pattern="^[0-9a-f]{40}$")] | None = None
    """The pinned commit; ``None``: it must be given as ``hub@<revision>``."""
    gated: bool = False
    """Whether the hub asks each user to accept terms first."""
    digest: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | None = None
    """Of the test items at the pinned commit, as ``data fetch`` and ``data verify`` print it: other
    items are refused."""


class Generated(Frozen):
    """What the generator in ``task.py`` yields."""

    generator_version: Count
    """Raised with every change to what the generator yields."""
    train_items: Count
    test_items: Count


class TaskCard(Frozen):
    """Everything that a task declares."""

    schema: int
    task: Identity
    labels: Annotated[tuple[Label, ...], Meta(min_length=2)]
    metrics: Annotated[tuple[Metric, ...], Meta(min_length=1)]
    columns: Columns
    sample: Generated
    hub: Hub | None = None
    detection: Detection | None = None

    @property
    def ranked_metric(self) -> Metric:
        """The one metric that ranks."""
        return next(metric for metric in self.metrics if metric.ranked)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes' names, by number."""
        return tuple(label.name for label in self.labels)

    @property
    def positive(self) -> int | None:
        """The number of the label of an item that holds the object; ``None`` without detection."""
        return self.label_names.index(self.detection.positive) if self.detection else None

    @property
    def data_sources(self) -> tuple[str, ...]:
        """What ``--data`` takes for this task, in words."""
        if self.hub is None:
            return ("sample", "a directory")
        return ("sample", "hub" if self.hub.revision else "hub@<revision>", "a directory")


def read_card(directory: Path) -> TaskCard:
    """Read the card of one task's folder; raise ``ConfigurationError`` naming file and field."""
    path = directory / CARD_FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read: {error.strerror}", remedy="every task has one: add it"
        ) from None
    return parse_card(content, path)


def parse_card(content: bytes, path: PurePath) -> TaskCard:
    """Read the content of a task's card that lies at ``path``; raises as ``read_card`` does."""
    plain = toml_of(content, path)
    card = convert_whole(plain, TaskCard, path, remedy=_CORRECT)
    if card.schema != SCHEMA:
        raise ConfigurationError.at(
            path, "schema", f"is {card.schema}", f"this version reads schema {SCHEMA}"
        )
    if card.task.id != path.parent.name:
        raise ConfigurationError.at(
            path, "task.id", f"is {card.task.id!r}", f"name it as its folder: {path.parent.name!r}"
        )
    _check_outputs(path, card)
    _check_labels(path, card.labels)
    _check_metrics(path, card)
    _check_columns(path, card)
    if card.hub is not None and card.hub.digest is not None and card.hub.revision is None:
        raise ConfigurationError.at(
            path, "hub.digest", "is there, and no revision is", "pin the commit that it is of"
        )
    return card


def find_tasks(root: Path) -> tuple[TaskCard, ...]:
    """Return the cards of all tasks in ``root/tasks``, by identifier."""
    folders = sorted(path.parent for path in (root / "tasks").glob(f"*/{CARD_FILE}"))
    return tuple(read_card(folder) for folder in folders)


def _check_outputs(path: PurePath, card: TaskCard) -> None:
    task, detection = card.task, card.detection
    _check_unique(path, "task.outputs", task.outputs)
    for output in task.outputs:
        if (output in DETECTION_OUTPUTS) != (detection is not None):
            found = (
                f"{output!r} is scored with"
                if detection is None
                else f"{output!r} is scored without"
            )
            raise ConfigurationError.at(
                path, "task.outputs", f"{found} a [detection] table",
                "add the table, or leave the output out" if detection is None
                else f"leave the table out, or use {', '.join(DETECTION_OUTPUTS)}",
            )  # fmt: skip
    if ("boxes" in task.outputs) != (task.max_boxes > 0):
        remedy = "say how many boxes an answer may have" if task.max_boxes == 0 else "set 0"
        raise ConfigurationError.at(
            path,
            "task.max_boxes",
            f"is {task.max_boxes}, and the outputs are {', '.join(task.outputs)}",
            remedy,
        )
    if detection is None:
        return
    if len(card.labels) != 2:  # noqa: PLR2004 - there or not
        raise ConfigurationError.at(
            path, "labels", f"are {len(card.labels)}", "a detection has two: there, or not"
        )
    if detection.positive not in card.label_names:
        raise ConfigurationError.at(
            path,
            "detection.positive",
            f"{detection.positive!r} is not a label",
            f"name one of {', '.join(card.label_names)}",
        )


def _check_labels(path: PurePath, labels: tuple[Label, ...]) -> None:
    _check_unique(
        path,
        "labels",
        [spelling for label in labels for spelling in (label.name, *label.aliases)],
    )


def _check_metrics(path: PurePath, card: TaskCard) -> None:
    ranked = [metric.key for metric in card.metrics if metric.ranked]
    if len(ranked) != 1:
        raise ConfigurationError.at(
            path, "metrics", f"{len(ranked)} have ranked = true", "mark exactly one"
        )
    _check_unique(path, "metrics", [metric.key for metric in card.metrics])
    for number, metric in enumerate(card.metrics):
        field = f"metrics[{number}]"
        if metric.direction != "higher":
            raise ConfigurationError.at(
                path,
                f"{field}.direction",
                f"is {metric.direction!r}",
                f"more {metric.name} is better: say 'higher'",
            )
        if metric.name in BOX_METRICS and ("boxes" not in card.task.outputs or metric.ranked):
            raise ConfigurationError.at(
                path,
                f"{field}.name",
                f"{metric.name} is of boxes alone{', and ranked' if metric.ranked else ''}",
                "leave it out, or rank by a metric that every output of the task has"
                if metric.ranked
                else "leave it out, or let the task take boxes",
            )
        if metric.name not in ONE_CLASS_METRICS:
            if metric.label is not None:
                raise ConfigurationError.at(
                    path,
                    f"{field}.label",
                    f"is {metric.label!r}",
                    f"leave it out: {metric.name} is about all classes",
                )
        elif metric.label not in card.label_names:
            found = "is missing" if metric.label is None else f"{metric.label!r} is not a label"
            raise ConfigurationError.at(
                path, f"{field}.label", found, f"name one of {', '.join(card.label_names)}"
            )


def _check_columns(path: PurePath, card: TaskCard) -> None:
    columns = card.columns
    if (columns.boxes is None) != (card.detection is None) or (
        (columns.boxes is None) == (columns.label is None)
    ):
        raise ConfigurationError.at(
            path,
            "columns",
            f"names label = {columns.label!r} and boxes = {columns.boxes!r}",
            "name boxes where there is a [detection] table, and else label",
        )
    _check_unique(path, "columns", columns.named)


def _check_unique(path: PurePath, field: str, values: Iterable[object]) -> None:
    seen = set()
    for value in values:
        if value in seen:
            raise ConfigurationError.at(path, field, f"{value!r} stands twice", "keep one of them")
        seen.add(value)
