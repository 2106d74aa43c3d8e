"""``submission.toml``, as anybody may hand it in."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import manifest_rules
import msgspec
import pytest
from fuzzing import Fuzz, Plan, Target, WronglyJudgedError, sweep
from mutations import altered, spoilt_bytes
from tomls import TOKENS, written

from harness.submissions.check import CheckContext, check
from harness.submissions.faults import Fault, unprintable
from harness.submissions.manifest import parse

CONTEXT = CheckContext(
    tasks={"climate-disinformation": ("index", "scores"), "deforestation": ("boxes",)},
    max_batch=256,
    entry_bytes=1 << 20,
    entry_files=16,
)
ADDRESSES = (
    "https://example.org/w.npz", "https://a.example:8443/b?c=d", "https://93.184.215.14/w",
    "http://example.org/w", "https://127.0.0.1/w", "https://[::1]/w", "https://localhost./w",
    "https://user:word@example.org/w", "https://example.org/w#part", "https://2130706433/w",
    "https://0x7f.1/w", "https://169.254.169.254/latest", "https://printer.local/w", "https:///w",
    "https://[::ffff:10.0.0.1]/w", "https://a..b/w", "https://-a.org/w", "https://a.org:0/w",
)  # fmt: skip
_LONGEST_MESSAGE = 1_000
LICENCES = (
    "MIT", "Apache-2.0", "GPL-2.0-or-later WITH Classpath-exception-2.0", "(MIT OR Apache-2.0)",
    "MIT AND (BSD-3-Clause OR LicenseRef-ours)", "DocumentRef-x:LicenseRef-y", "MIT+", "MIT OR",
    "MIT WITH a WITH b", "(MIT", "MIT)", "AND", "MIT\xa0OR\xa0ISC", "MIT  or\tISC", "(MIT) WITH e",
    "MIT OR ISC WITH e AND 0BSD", "((MIT))", "()", "MIT OR (ISC WITH e)", "LicenseRef-", "MIT ISC",
)  # fmt: skip
ENTRIES = (
    "model:load", "a.b.c:load", "json:load", "model", "model:", ":load", "model.py:load", "a:b:c",
    "class:load", "model:def", "módèle:charge", "a..b:c", " model:load", "os.path:join", "x:_",
)  # fmt: skip
PATHS = (
    "run", "bin/run", "a b/c.d", "./run", "./.run", "../run", "/bin/sh", "./a/../b", "a/", "~/a",
)  # fmt: skip


def manifest(rng: Random) -> dict[str, Any]:
    """Make one that is valid but for a licence, an entry or a path now and then."""
    about: dict[str, Any] = {
        "name": "Name", "team": "Team",
        "task": rng.choice(("climate-disinformation", "deforestation", "elsewhere")),
        "description": rng.choice(("A description.", "Two\nlines", "é\t🙂")),
        "licence": rng.choice(LICENCES[: rng.choice((5, 5, len(LICENCES)))]),
    }  # fmt: skip
    optional = {"version": "1.2", "authors": ["Ada", "Grace"], "url": "https://example.org/a?b=c"}
    about |= {key: value for key, value in optional.items() if rng.random() < 0.4}
    model: dict[str, Any] = {"output": rng.choice(("index", "scores", "boxes", "image_score"))}
    if rng.random() < 0.7:
        model["entry"] = rng.choice(ENTRIES[: rng.choice((2, 2, len(ENTRIES)))])
    else:
        model["command"] = [path(rng), "--flag", ""][: rng.choice((1, 2, 2, 3))]
    if rng.random() < 0.6:
        model["batch_size"] = rng.choice((1, 64, 256, 257, 2**31 - 1))
    if rng.random() < 0.3:
        model["stochastic"] = rng.random() < 0.5
    made: dict[str, Any] = {"schema": 1, "submission": about, "model": model}
    if rng.random() < 0.3:
        made["environment"] = {"accelerator": "none", "requirements": path(rng)}
    if rng.random() < 0.3:
        source = {"hub": "team/repo@" + "0a" * 20} if rng.random() < 0.5 else {"url": address(rng)}
        if rng.random() < 0.2:
            source["file"] = path(rng)
        weights = {"path": path(rng), "sha256": "a1" * 32, "bytes": 3, "licence": "MIT"}
        made["weights"] = [weights | source] * rng.choice((0, 1, 1, 1, 2, 2, 101))
    if rng.random() < 0.3:
        made["lifecycle"] = {"training_kwh": rng.choice((0, 1.5, -0.0, 1e12)), "source": "a paper"}
        made["lifecycle"] |= {"provenance": "measured"} if rng.random() < 0.8 else {}
    return made


def address(rng: Random) -> str:
    return rng.choice(ADDRESSES[: rng.choice((3, 3, len(ADDRESSES)))])


def path(rng: Random) -> str:
    return rng.choice(PATHS[: rng.choice((3, 3, len(PATHS)))])


def make(rng: Random) -> bytes:
    tree: Any = manifest(rng)
    for _ in range(rng.choice((0, 0, 1, 1, 1, 2, 4))):
        tree = altered(tree, rng)
    content = written(tree, rng)
    for _ in range(rng.choice((0, 0, 0, 0, 1, 1, 3))):
        content = spoilt_bytes(content, rng, TOKENS)
    return content


@pytest.fixture
def target(tmp_path: Path) -> Target[bytes]:
    entry = tmp_path / "entry"
    entry.mkdir()
    (entry / "model.py").write_text("def load(directory):\n    pass\n")

    def judge(content: bytes) -> str:
        expected = manifest_rules.read(content)
        parsed = parse(content)
        if (parsed.manifest is None) != (expected is None):
            found = "; ".join(f"{each.code} {each.message}" for each in parsed.faults)
            raise WronglyJudgedError(f"expected {expected!r:.300}, found {found or 'nothing'}")
        if (parsed.manifest is None) != bool(parsed.faults):
            raise WronglyJudgedError("refused without a fault, or taken with one")
        (entry / "submission.toml").write_bytes(content)
        report = check(entry, CONTEXT)
        for each in report.faults:
            require_showable(each, content)
        if report.ok and (expected is None or not is_allowed(expected)):
            raise WronglyJudgedError("check lets it pass")
        if expected is None:
            return "refused"
        require_same(msgspec.to_builtins(parsed.manifest), expected)
        return "fine" if report.ok else "well-formed"

    return Target("submission.toml", make, judge, frozenset({"well-formed", "refused"}))


def require_showable(found: Fault, content: bytes) -> None:
    """Every message can be printed as it is, is a few lines at most, and points into the file."""
    for text in (found.message, found.remedy, found.path):
        if unprintable(text) is not None or len(text) > _LONGEST_MESSAGE:
            raise WronglyJudgedError(f"not fit to be shown: {text!r:.200}")
    lines = content.count(b"\n") + 1
    if found.path == "submission.toml" and found.line is not None and not 1 <= found.line <= lines:
        raise WronglyJudgedError(f"points at line {found.line}, which is not there")


def require_same(read: Any, said: Any) -> None:  # noqa: ANN401 - any plain value
    """Hold every field that the file gives against what was made of it."""
    if isinstance(said, dict):
        for key, value in said.items():
            require_same(read[key], value)
    elif isinstance(said, list):
        if len(read) != len(said):
            raise WronglyJudgedError(f"{len(said)} elements became {len(read)}")
        for one, other in zip(read, said, strict=True):
            require_same(one, other)
    elif read != said:
        raise WronglyJudgedError(f"{said!r} became {read!r}")


def is_allowed(said: dict[str, Any]) -> bool:
    outputs = CONTEXT.tasks.get(said["submission"]["task"], ())
    batch_size = said["model"].get("batch_size", 64)
    return said["model"]["output"] in outputs and batch_size <= CONTEXT.max_batch


def test_no_manifest_is_misjudged(target: Target[bytes], fuzz: Fuzz) -> None:
    fuzz(target)


def test_the_oracle_reads_every_manifest_of_the_project() -> None:
    root = Path(__file__).parents[2]
    for path in (root / "submissions").glob("*/submission.toml"):
        assert manifest_rules.read(path.read_bytes()) is not None, path


@pytest.mark.parametrize("rule", ["check_values", "check_table"])
def test_a_reader_that_leaves_out_a_rule_is_found(
    rule: str, target: Target[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"harness.submissions.manifest.{rule}", lambda *_: None)
    assert sweep(target, Plan(cases=300)).failures
