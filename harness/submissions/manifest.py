"""``submission.toml``: what an entry says of itself, and every fault in how it says it."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from harness.records.base import Frozen
from harness.records.evaluation import Lifecycle, Output, SubmissionReference
from harness.submissions.document import Document, read_document
from harness.submissions.faults import Fault
from harness.submissions.fields import check_table
from harness.submissions.positions import KeyPath
from harness.submissions.values import check_values

MAX_BATCH_SIZE = 2**31 - 1
"""What a frame's header can say. The rules allow far less."""
MAX_WEIGHTS_BYTES = 2**53
"""Of one file: what every reader of JSON still tells apart. The rules allow far less."""


class SubmissionTable(Frozen, kw_only=True):
    """``[submission]``: who and what."""

    name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=80,
            description="the model's name as a board shows it",
            examples=['name = "TF-IDF and logistic regression"'],
        ),
    ]
    team: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=80,
            description="the team's name",
            examples=['team = "Green Bits"'],
        ),
    ]
    task: Annotated[
        str,
        Meta(min_length=1, max_length=80, description="the id of one of the challenge's tasks"),
    ]
    description: Annotated[
        str,
        Meta(min_length=1, max_length=2_000, description="a sentence or two on how it works"),
    ]
    licence: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=200,
            description="the SPDX expression of the licence of code and weights",
            examples=['licence = "Apache-2.0"'],
        ),
    ]
    version: Annotated[
        str,
        Meta(
            max_length=40,
            description="the team's own version of the model",
            examples=['version = "1.2"'],
        ),
    ] = ""
    authors: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=120, description="a name")], ...],
        Meta(max_length=100, description="names", examples=['authors = ["Ada", "Grace"]']),
    ] = ()
    url: Annotated[
        Annotated[str, Meta(max_length=500, pattern=r'^https?://[^\s<>"\\]+\Z')] | None,
        Meta(description="an http or https address", examples=['url = "https://example.org"']),
    ] = None


class ModelTable(Frozen, kw_only=True):
    """``[model]``: how the entry is run and what it answers with."""

    entry: Annotated[
        Annotated[str, Meta(min_length=1, max_length=200)] | None,
        Meta(description="the load function as module:function", examples=['"model:load"']),
    ] = None
    command: Annotated[
        Annotated[
            tuple[Annotated[str, Meta(min_length=1, max_length=4_096, description="text")], ...],
            Meta(min_length=1, max_length=100),
        ]
        | None,
        Meta(description="a program and its arguments", examples=['command = ["./run"]']),
    ] = None
    output: Annotated[
        Output,
        Meta(description="the kind of prediction", examples=['output = "index"']),
    ]
    batch_size: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_BATCH_SIZE,
            description="how many samples the model is handed at once",
            examples=["batch_size = 64"],
        ),
    ] = 64
    stochastic: Annotated[
        bool, Meta(description="true or false", examples=["stochastic = false"])
    ] = False
    """The model may answer the same sample differently from one session to the next."""
    family: Annotated[
        Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*\Z")]
        | None,
        Meta(
            description="what kind of model it is: small letters, digits and single dashes",
            examples=['family = "boosted-trees"'],
        ),
    ] = None


class EnvironmentTable(Frozen, kw_only=True):
    """``[environment]``: what the entry needs around it."""

    requirements: Annotated[
        Annotated[str, Meta(min_length=1, max_length=1_000)] | None,
        Meta(
            description="the path of a hashed lock file, or nothing for the harness's own packages",
            examples=['requirements = "requirements.lock"'],
        ),
    ] = None
    accelerator: Annotated[
        Literal["none", "cuda"],
        Meta(description="the accelerator", examples=['accelerator = "none"']),
    ] = "none"


class WeightsTable(Frozen, kw_only=True):
    """One of ``[[weights]]``: a file too big for git, fetched before the entry runs."""

    path: Annotated[
        str,
        Meta(min_length=1, max_length=1_000, description="where the file goes in the folder"),
    ]
    url: Annotated[
        Annotated[str, Meta(min_length=1, max_length=2_000)] | None,
        Meta(description="an https address", examples=['url = "https://example.org/w.npz"']),
    ] = None
    hub: Annotated[
        Annotated[
            str,
            Meta(
                max_length=300,
                pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)?@[0-9a-f]{40}\Z",
            ),
        ]
        | None,
        Meta(description="a repository of the hub at a commit: repo@<40 hexadecimal digits>"),
    ] = None
    file: Annotated[
        Annotated[str, Meta(min_length=1, max_length=1_000)] | None,
        Meta(description="the file's path in the hub's repository; absent: the same as path"),
    ] = None
    sha256: Annotated[
        str, Meta(pattern=r"^[0-9a-f]{64}\Z", description="64 lower-case hexadecimal digits")
    ]
    bytes: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_WEIGHTS_BYTES,
            description="the file's size",
            examples=["bytes = 1048576"],
        ),
    ]
    licence: Annotated[
        str, Meta(min_length=1, max_length=200, description="the SPDX expression of its licence")
    ]

    @property
    def source(self) -> str:
        """Where it comes from, in words."""
        if self.hub is not None:
            return f"{self.hub}:{self.file or self.path}"
        return str(self.url)


_Energy = Annotated[float, Meta(ge=0, le=1e12)] | None
_Line = Annotated[str, Meta(min_length=1, max_length=500)] | None


class LifecycleTable(Frozen, kw_only=True):
    """``[lifecycle]``: energy spent before the evaluation; absent is unknown, never 0."""

    training_kwh: Annotated[
        _Energy, Meta(description="kilowatt-hours", examples=["training_kwh = 1.5"])
    ] = None
    fine_tuning_kwh: Annotated[
        _Energy, Meta(description="kilowatt-hours", examples=["fine_tuning_kwh = 0.2"])
    ] = None
    provenance: Annotated[
        Literal["measured", "estimated", "reported"] | None,
        Meta(description="where the figures come from", examples=['provenance = "measured"']),
    ] = None
    hardware: Annotated[_Line, Meta(description="what it ran on, in words")] = None
    source: Annotated[_Line, Meta(description="the meter, tool or paper behind the figures")] = None


class Manifest(Frozen, kw_only=True):
    """Everything in ``submission.toml``."""

    schema: Annotated[
        Literal[1], Meta(description="the version of the format", examples=["schema = 1"])
    ]
    submission: Annotated[SubmissionTable, Meta(description="who and what")]
    model: Annotated[ModelTable, Meta(description="how it is run and what it answers with")]
    environment: Annotated[EnvironmentTable, Meta(description="what it needs")] = EnvironmentTable()
    weights: Annotated[
        tuple[WeightsTable, ...],
        Meta(max_length=100, description="files to fetch", examples=["[[weights]]"]),
    ] = ()
    lifecycle: Annotated[
        LifecycleTable | None, Meta(description="energy spent before the evaluation")
    ] = None

    def reference(self, entry: str, digest: str) -> SubmissionReference:
        """Return what a record keeps; ``entry`` is the folder's name, ``digest`` its files'."""
        about, model, spent = self.submission, self.model, self.lifecycle
        return SubmissionReference(
            entry=entry,
            team=about.team,
            name=about.name,
            version=about.version,
            digest=digest,
            description=about.description,
            licence=about.licence,
            output=model.output,
            batch_size=model.batch_size,
            stochastic=model.stochastic,
            authors=about.authors,
            url=about.url,
            family=model.family,
            lifecycle=None if spent is None else Lifecycle(**msgspec.structs.asdict(spent)),
        )


class Parsed(NamedTuple):
    """What ``parse`` makes of a file."""

    manifest: Manifest | None
    """``None`` when anything is wrong with the file."""
    document: Document | None
    """The values as they stand, for further rules; ``None`` when it is not TOML at all."""
    faults: tuple[Fault, ...]


def parse(content: bytes) -> Parsed:
    """Read a ``submission.toml``, collecting every fault. Never raises for what it holds."""
    document = read_document(content)
    if isinstance(document, Fault):
        return Parsed(None, None, (document,))
    faults: list[Fault] = []

    def report(code: str, path: KeyPath, message: str, remedy: str) -> None:
        faults.append(document.fault(code, path, message, remedy))

    check_table(document.plain, Manifest, (), report)
    check_values(document, report)
    manifest = None if faults else msgspec.convert(document.plain, Manifest, strict=True)
    return Parsed(manifest, document, tuple(faults))
