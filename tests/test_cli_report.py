"""``report``: of an entry on its board, of a record from anywhere, and of what is no record.

Remake the golden files after a change that is meant, and look at what changed:

    HARNESS_REMAKE_GOLDEN=1 python -m pytest tests/test_cli_report.py
    git diff tests/golden/report
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from pathlib import Path

import entry_samples as samples
import pytest
import record_samples
import signing_samples
from msgspec.structs import replace
from test_site_entry_page import Outline
from toy_task import write_task
from typer.testing import CliRunner

from harness.cli.app import app
from harness.records.evaluation import Campaign, EvaluationRecord
from harness.records.session import Notice
from harness.site import entry_carbon
from harness.site.language import codes
from harness.site.words import PHONE_CHARGE_ADDRESS
from harness.store.results import write

CHECKOUT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden" / "report"
runner = CliRunner()


@pytest.fixture(autouse=True)
def _grids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_carbon, "_per_kwh", lambda: samples.GRID)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project of the toy task under the rules in force."""
    root = tmp_path / "project"
    (root / "leaderboard").mkdir(parents=True)
    rules = (CHECKOUT / "leaderboard" / "rules.toml").read_bytes()
    (root / "leaderboard" / "rules.toml").write_bytes(rules)
    write_task(root)
    monkeypatch.setenv("HARNESS_ROOT", str(root))
    return root


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand where no project is found."""
    from harness.cli import project  # noqa: PLC0415 - what is patched

    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.delenv("HARNESS_ROOT", raising=False)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(project, "_is_project", lambda _folder: False)
    return folder


def kept(root: Path, record: EvaluationRecord, *, sign: bool = False) -> Path:
    signer = signing_samples.signer() if sign else None
    return write(root / "leaderboard" / "results", record, None, signer)[1]


def run(*arguments: str | Path) -> str:
    made = runner.invoke(app, ["report", *map(str, arguments)])
    assert made.exit_code == 0, made.output
    return made.stdout


def refused(*arguments: str | Path) -> str:
    made = runner.invoke(app, ["report", *map(str, arguments)])
    assert made.exit_code == 2, made.output
    assert made.stdout == ""
    return made.stderr


@pytest.mark.parametrize("language", codes())
@pytest.mark.parametrize("form", ["markdown", "html"])
def test_the_report_of_a_record_is_as_its_golden_copy_has_it(
    outside: Path, form: str, language: str
) -> None:
    path = write(outside / "results", samples.full_record(), None)[1]
    record = outside / "record.json"
    record.write_bytes(path.read_bytes())
    made = run("record.json", "--format", form, "--language", language)
    made = re.sub("<style>.*</style>", "<style></style>", made, flags=re.DOTALL)
    made = re.sub("sha256-[^']*", "sha256-", made)  # of the style, which is not of this test
    ending = "md" if form == "markdown" else "html"
    golden = GOLDEN / f"record.{language}.{ending}"
    if os.environ.get("HARNESS_REMAKE_GOLDEN") == "1":
        GOLDEN.mkdir(parents=True, exist_ok=True)
        golden.write_text(made, encoding="utf-8")
    assert made == golden.read_text(encoding="utf-8")


def test_html_is_one_file_whose_policy_lets_in_its_own_style_alone(outside: Path) -> None:
    record = write(outside, samples.full_record(), None)[1]
    made = run(record, "--format", "html")
    page = Outline(made.encode())
    style = re.search("<style>(.*)</style>", made, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = next(each["content"] for each in page.all("meta") if "http-equiv" in each) or ""
    assert f"style-src 'sha256-{digest}';" in policy
    assert page.all("script") == page.all("img") == []
    assert [each["href"] for each in page.all("link")] == ["data:,"]
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    links = [each["href"] for each in page.all("a") if (each["href"] or "")[0] != "#"]
    assert links == ["https://example.org/model?a=1&b=2", PHONE_CHARGE_ADDRESS]
    assert page.unbalanced == []


def test_an_entry_is_reported_as_its_board_has_it(project: Path) -> None:
    kept(project, record_samples.record("first", value=0.7))
    kept(project, record_samples.record("second", value=0.9))
    made = run("second")
    assert made.startswith("# second on Climate (made up)")
    (rank,) = [line for line in made.splitlines() if line.startswith("| Rank |")]
    assert rank.startswith("| Rank | No ranks: the outcomes of single items are not here")
    assert ". Make it where the outcomes are" in rank
    assert "| Rang | Pas de rangs" in run("second", "--language", "fr")
    assert "On it: no other entry here is at least as good on both" in made


def test_an_exact_copy_is_reported_by_the_row_that_it_is_in(project: Path) -> None:
    kept(project, record_samples.record("zebra", digest="5e" * 32))
    later = "2026-02-02T03:04:05+00:00"
    kept(project, record_samples.record("zebra-copy", digest="5e" * 32, created=later))
    made = runner.invoke(app, ["report", "zebra-copy"])
    assert made.exit_code == 0, made.output
    assert made.stdout == run("zebra")
    assert "| Copies | zebra-copy" in made.stdout
    assert "submissions/zebra-copy" not in made.stdout
    assert "zebra-copy is the very same content as zebra, and in its row" in made.stderr


def test_the_output_says_which_form_is_meant(project: Path, tmp_path: Path) -> None:
    kept(project, record_samples.record("mine"))
    for name, begin in (("a.html", "<!doctype html>"), ("a.md", "# mine"), ("a", "# mine")):
        assert run("mine", "--output", tmp_path / name) == ""
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(begin)
    run("mine", "--output", tmp_path / "a.html", "--format", "markdown")  # replaced
    assert (tmp_path / "a.html").read_text(encoding="utf-8").startswith("# mine")
    assert run("mine", "--output", "-") == run("mine")


def test_an_entry_that_failed_has_a_report(project: Path) -> None:
    kept(project, replace(record_samples.record("mine", failed="load", joules=()), quality=None))
    made = run("mine")
    assert "## It failed" in made
    assert "failed in load" in made


def test_a_record_by_itself_has_no_rank_and_no_place_but_its_own(project: Path) -> None:
    path = kept(project, record_samples.record("mine"))
    made = run(path)
    assert "leaderboard/results |" not in made
    assert f"| File | `{path}` |" in made
    assert "| Files, in leaderboard/results | `" in run("mine")
    assert "| Rank |" not in made
    assert "| The front |" not in made
    assert "**0.800**" in made


def test_a_signature_is_said_to_be_verified_only_where_it_was(
    project: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = record_samples.record("mine", data={"public": False, "source": "directory"})
    path = kept(project, record, sign=True)
    assert "It carries one, which was not checked" in run(path)  # outside of any project
    monkeypatch.undo()
    monkeypatch.setenv("HARNESS_ROOT", str(project))
    assert "It carries one, which was not checked" in run(path)  # nobody's key here
    signing_samples.write_key(project / "leaderboard" / "keys")
    assert "Found good" in run(path)
    assert "key jury" in run(path)
    altered = outside / "altered.json"
    altered.write_bytes(path.read_bytes().replace(b'"A team"', b'"B team"'))
    assert "altered" in refused(altered)
    assert "None: no organiser vouches for it" in run(kept(project, record_samples.record("own")))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[]", "Expected `object`"),
        (b'{"schema": 99}', "schema 99 is too new: read it with a newer version of the harness"),
        (b'{"schema": 1}', "schema 1 is too old: read it with an older version"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": 1, "a": 2}', "stands twice"),
    ],
)
def test_what_is_no_record_is_named_with_its_fault(
    outside: Path, content: bytes, said: str
) -> None:
    (outside / "bad.json").write_bytes(content)
    error = refused("bad.json")
    assert "bad.json" in error
    assert said in error
    assert "fix: " in error


def test_a_record_with_a_field_of_the_wrong_kind_names_it(outside: Path) -> None:
    path = write(outside, record_samples.record("mine"), None)[1]
    plain = json.loads(path.read_bytes())
    plain["hardware"]["cores"] = "eight"
    (outside / "bad.json").write_text(json.dumps(plain), encoding="utf-8")
    assert "$.hardware.cores" in refused("bad.json")


def test_a_record_without_figures_is_named(outside: Path) -> None:
    record = replace(record_samples.record("mine"), quality=None)
    path = write(outside, record, None)[1]
    assert "no report can be made of it: it has no quality" in refused(path)


def test_a_record_of_a_void_campaign_can_be_read(project: Path) -> None:
    """As the remedy says where its entry is named: it has figures, and counts for nothing."""
    void = Campaign(id="c0", entries=("mine",), void="the control varied by 0.4")
    notice = Notice(code="void-campaign", message="void: the control varied by 0.4", remedy="again")
    path = kept(project, record_samples.record("mine", campaign=void, warnings=(notice,)))
    refusal = refused("mine")
    assert "its campaign is void" in refusal
    assert "fix: name a record of it" in refusal
    assert "Void: the control varied by 0.4. Again." in run(path)


def test_what_is_not_there_is_named(project: Path, tmp_path: Path) -> None:
    kept(project, record_samples.record("mine"))
    assert 'no evaluation of "mime"' in refused("mime")
    assert "fix: correct the name, evaluate it first, or name" in refused("mime")
    assert "did you mean" in refused("mime").lower()
    assert "does not exist" in refused("nothing.json")
    assert "is not a file" in refused(_folder(tmp_path / "folder.json"))
    assert "there is no catalogue of 'xx'" in refused("mine", "--language", "xx")
    assert "does not exist" in refused("mine", "--results", tmp_path / "gone")
    assert "--results: a.json is the file of a record" in refused(
        "a.json", "--results", project / "leaderboard" / "results"
    )
    assert "cannot be written" in refused("mine", "--output", tmp_path / "gone" / "a.md")
    assert "names a folder" in refused("mine", "--output", f"{tmp_path}/gone/")


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_an_entry_whose_only_record_is_damaged_says_so(project: Path) -> None:
    path = kept(project, record_samples.record("mine"))
    path.write_bytes(path.read_bytes()[:-20])
    error = refused("mine")
    assert path.name in error
    assert "not valid JSON" in error


@pytest.mark.parametrize("text", samples.HOSTILE)
def test_strangers_text_breaks_no_report(outside: Path, text: str) -> None:
    full = samples.full_record()
    submission = replace(full.submission, team=text, name=text, description=text, authors=(text,))
    path = write(outside, replace(full, submission=submission), None)[1]
    page = Outline(run(path, "--format", "html").encode())
    assert page.unbalanced == []
    assert page.all("img") == []
    lines = run(path).splitlines()
    assert sum(line.startswith("# ") for line in lines) == 1
