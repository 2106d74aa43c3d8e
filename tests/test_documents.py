"""What the documents tell their reader to do works as it stands, and their links lead somewhere."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import documents
import pytest
from documents import CHECKOUT, Run, Write, follow, run, steps, write_project

from harness.ranking.notes import ORDER_DEPENDS, ORDER_HOLDS
from harness.ranking.rank_notes import NO_RANKS

DOCS = CHECKOUT / "docs"
PAGES = sorted([CHECKOUT / "README.md", *DOCS.rglob("*.md")])
LINK = re.compile(r"\]\(([^()\s]+)\)")
LABEL = 14
"""Columns in which a row of a result says what it is."""


def links_to_nowhere(page: Path, text: str) -> list[str]:
    """Return the links of a page whose file or heading is not there."""
    dead = []
    for link in LINK.findall(_without_code(text)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name) if name else page
        if not target.exists() or (
            anchor and anchor not in anchors(target.read_text(encoding="utf-8"))
        ):
            dead.append(link)
    return dead


def anchors(text: str) -> set[str]:
    """Return what the headings of a page are linked to by."""
    headings = re.findall(r"^#+ (.+)$", _without_code(text, inline=False), flags=re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


def _without_code(text: str, *, inline: bool = True) -> str:
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", text) if inline else text


def test_every_warning_of_an_evaluation_is_in_the_reference() -> None:
    modules = ("notices", "agreement", "drift", "variants")
    code = "".join(
        (CHECKOUT / f"harness/evaluation/{name}.py").read_text(encoding="utf-8") for name in modules
    )
    codes = set(re.findall(r'code="([a-z-]+)"', code))
    text = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    assert len(codes) > 10
    assert not [each for each in codes if f"`{each}`" not in text]


def test_every_note_of_a_board_is_in_the_reference() -> None:
    code = "".join(
        (CHECKOUT / f"harness/ranking/{name}.py").read_text(encoding="utf-8")
        for name in ("notes", "rank_notes", "quota")
    )
    codes = set(re.findall(r'code="([a-z-]+)"', code))
    codes |= {ORDER_HOLDS, ORDER_DEPENDS, NO_RANKS}
    text = (DOCS / "reference" / "data-files.md").read_text(encoding="utf-8")
    told = set(re.findall("`([a-z-]+)`", text.partition("## Notes of a board")[2].split("## ")[0]))
    assert codes == told - {"notes", "message", "remedy"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(CHECKOUT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    assert links_to_nowhere(page, page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("link", ["gone.md", "tutorial.md#gone", "#gone", "how-to/gone.md#x"])
def test_a_link_that_leads_nowhere_is_found(link: str) -> None:
    assert links_to_nowhere(DOCS / "benchmarks.md", f"# It\n\nsee [this]({link})") == [link]


def test_a_document_is_read_as_its_reader_would(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Do it\n\n`a/b.py`:\n\n```python\nx = 1\n```\n\n"
        "Append to `c.toml`, so that it is there:\n\n```toml\ny = 2\n```\n\n"
        "Only for reading:\n\n```python\nz = 3\n```\n\n"
        "```sh\npython a/b.py\n```\n\n```text\nnothing\n```\n",
        encoding="utf-8",
    )

    assert steps(page) == [
        Write("a/b.py", "x = 1\n", append=False),
        Write("c.toml", "y = 2\n", append=True),
        Run("python a/b.py\n", "nothing\n"),
    ]


@pytest.mark.parametrize("commands", ["exit 3", "false; true", "python -m harness check nowhere"])
def test_a_command_that_fails_is_found(commands: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        run(commands, write_project(tmp_path / "project"))


def test_what_commands_print_now_is_written_into_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    page.write_text("Add:\n\n```sh\necho $((1 + 2))\n```\n\n```text\n4\n```\n", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["documents.py", str(page)])

    documents.main()

    assert page.read_text(encoding="utf-8").endswith("```text\n3\n```\n")


def qualities(root: Path, task: str) -> dict[str, list[float]]:
    """Return the ranked metric of every record of a task, by entry, the oldest first."""
    found: dict[str, list[float]] = {}
    for path in sorted((root / "leaderboard" / "results" / task).glob("*/*.local.json")):
        record = json.loads(path.read_bytes())
        assert record["outcome"]["status"] == "completed", record["outcome"]
        ranked = record["quality"]["ranked"]
        (value,) = [m["value"] for m in record["quality"]["metrics"] if m["name"] == ranked]
        found.setdefault(path.parent.name, []).append(value)
    return found


def test_a_task_is_added_as_the_page_says(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    shutil.copytree(CHECKOUT / "tests" / "contract", root / "tests" / "contract")
    for path in (CHECKOUT / "tests").glob("*.py"):
        if not path.name.startswith("test_"):  # what all tests have in common
            shutil.copy(path, root / "tests")
    shutil.copy(CHECKOUT / "pyproject.toml", root)

    printed = follow(DOCS / "how-to" / "add-a-task.md", root)

    contract = next(text for step, text in printed if "pytest" in step.commands)
    assert re.search(r"^\d+ passed", contract, flags=re.MULTILINE), contract
    assert "no control ran" not in printed[-1][1]
    found = qualities(root, "waste-sorting")
    assert set(found) == {"waste-null", "waste-words"}
    assert found["waste-null"] == [pytest.approx(1 / 3, abs=0.001)]


def test_a_private_set_is_brought_as_the_page_says(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")

    printed = follow(DOCS / "how-to" / "bring-a-private-test-set.md", root)

    verified = next(text for step, text in printed if "verify" in step.commands)
    assert verified.endswith("nothing is wrong\n")
    assert (tmp_path / "private" / "set" / "set.json").is_file()
    assert qualities(root, "climate-disinformation").keys() == {"my-entry"}


def test_the_tutorial_ends_with_a_better_entry_than_it_began_with(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")

    printed = follow(DOCS / "tutorial.md", root)

    begun, ended = qualities(root, "climate-disinformation")["my-team"]
    assert ended > begun + 0.05
    for step, text in printed:
        if step.shown:
            assert _rows(step.shown) <= _rows(text), step.commands


def _rows(text: str) -> set[str]:
    """Return what the lines of an output begin with, figures apart."""
    return {re.sub(r"\d+", "0", line[:LABEL].rstrip()) for line in text.splitlines()}


ASK = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import model
print(model.load(Path(sys.argv[1])).predict(json.loads(Path(sys.argv[2]).read_text())))
"""


def test_a_space_of_2025_becomes_an_entry_with_the_same_answers(tmp_path: Path) -> None:
    import joblib  # type: ignore[import-untyped]  # noqa: PLC0415 - comes with scikit-learn
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - likewise
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - likewise
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415 - likewise

    root = write_project(tmp_path / "project")
    quotes = [f"{a} {b} {b} {c}" for a in ("ice", "sea", "sun") for b in ("is", "was")
              for c in ("hot", "cold", "wet", "dry")]  # fmt: skip
    labels = [number % 8 for number in range(len(quotes))]
    space = make_pipeline(TfidfVectorizer(), LogisticRegression())
    space.fit(quotes, labels)
    joblib.dump(space, root / "model.joblib")

    follow(DOCS / "how-to" / "move-a-2025-space.md", root)

    (root / "ask.py").write_text(ASK, encoding="utf-8")
    asked = [*quotes, "nothing of it", "", "ICE, sun; a sun!"]
    (root / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
    answers = run("python ask.py submissions/from-2025 asked.json", root)
    assert json.loads(answers) == space.predict(asked).tolist()
    assert qualities(root, "climate-disinformation").keys() == {"from-2025"}


def test_the_protocol_counts_the_demonstration_s_warnings_of_drift() -> None:
    records = [
        json.loads(path.read_bytes())
        for path in (CHECKOUT / "leaderboard/results").glob("*/*/*Z-????????.json")
    ]
    codes = [{warning["code"] for warning in record["warnings"]} for record in records]
    within, between = (
        sum(f"drift-{which}-sessions" in of_one for of_one in codes)
        for which in ("within", "between")
    )
    days = {record["created_utc"][:10] for record in records}
    told = " ".join((DOCS / "explanation/protocol.md").read_text(encoding="utf-8").split())

    assert days == {"2026-11-26"}
    assert f"Of the {len(records)} records of the demonstration of 26 November 2026, " in told
    assert f"within sessions, and {within} have the warning: " in told
    assert f"Of the {len(records)} records {between} have `drift-between-sessions`" in told
