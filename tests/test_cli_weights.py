"""Big weights, from ``submission.toml`` to the entry that reads them, as it is typed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import run
from huggingface_hub import constants
from projects import ANSWERS, model_of, temporary_folder, write_entry, write_project
from sandboxes import working
from typer.testing import CliRunner, Result
from weights_stand_in import Page, Site, serving

from harness.cli.app import app
from harness.errors import ConfigurationError
from harness.records.caches import cache_folder

CONTENT = b"what git cannot hold\n" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
COMMIT = "0123456789abcdef0123456789abcdef01234567"
ON_HUB = f"/team/repo/resolve/{COMMIT}/big/w.bin"

READS = f"""
import hashlib
import os
kept = os.path.join(directory, "big", "w.bin")
with open(kept, "rb") as file:
    assert hashlib.sha256(file.read()).hexdigest() == {SHA256!r}
try:
    open(kept, "ab")
except OSError:
    print("read-only")
return Model()
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a project, and a temporary folder of its own: its lock is not that of the machine."""
    with temporary_folder():
        monkeypatch.setenv("HARNESS_ROOT", str(write_project(tmp_path / "project")))
        monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
        yield tmp_path / "project"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with serving({ON_HUB: Page(CONTENT)}) as made:
        monkeypatch.setattr(constants, "ENDPOINT", str(made.origin))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        yield made


def entry_with_weights(root: Path, load: str = READS, *, sha256: str = SHA256) -> Path:
    entry = write_entry(root, "heavy", model_of(ANSWERS, load=load))
    with (entry / "submission.toml").open("a", encoding="utf-8") as manifest:
        manifest.write(
            f'\n[[weights]]\npath = "big/w.bin"\nhub = "team/repo@{COMMIT}"\n'
            f'sha256 = "{sha256}"\nbytes = {len(CONTENT)}\nlicence = "MIT"\n'
        )
    return entry


def evaluate(root: Path, *arguments: object) -> Result:
    trace = root / "trace.json"
    trace.write_text('{"watts": [[1, 5]]}', encoding="utf-8")
    asked = ["evaluate", *arguments, "--meter", f"replay:{trace}", "--json"]
    return run(*asked)


@pytest.mark.parametrize("isolation", ["bwrap", "landlock", "none"])
def test_an_entry_reads_its_weights_in_every_sandbox(
    root: Path, site: Site, tmp_path: Path, isolation: str
) -> None:
    working(isolation)
    entry = entry_with_weights(root)
    checked = CliRunner().invoke(app, ["check", str(entry), "--format", "json"])
    assert site.asked == []  # check never fetches
    result = evaluate(root, entry, "--isolation", isolation)
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["summary"]["quality"] == 1.0
    assert document["record"]["submission"]["digest"] == json.loads(checked.stdout)["digest"]
    assert len(site.asked) == 1
    assert (tmp_path / "cache" / "weights" / SHA256).read_bytes() == CONTENT


def test_check_says_how_much_will_be_fetched_and_fetches_nothing(root: Path, site: Site) -> None:
    result = CliRunner().invoke(app, ["check", str(entry_with_weights(root))])
    assert result.exit_code == 0
    assert "1 more file of 21,000 bytes to fetch" in result.stdout
    assert site.asked == []


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("isolation", ["bwrap", "landlock"])
def test_they_are_read_only_inside(root: Path, isolation: str) -> None:
    working(isolation)
    must = READS.rpartition("return Model()")[0].replace('print("read-only")', "return Model()")
    entry = entry_with_weights(root, must + "raise AssertionError('they can be written')")
    result = evaluate(root, entry, "--isolation", isolation)
    assert result.exit_code == 0, result.output


@pytest.mark.usefixtures("site")
def test_what_an_entry_writes_over_its_copy_never_reaches_the_cache(
    root: Path, tmp_path: Path
) -> None:
    spoil = """
import os
kept = os.path.join(directory, "big", "w.bin")
os.chmod(kept, 0o644)
open(kept, "wb").write(b"spoilt")
return Model()
"""
    result = evaluate(root, entry_with_weights(root, spoil), "--isolation", "none")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "cache" / "weights" / SHA256).read_bytes() == CONTENT


def test_a_folder_of_ones_own_needs_no_network(root: Path, site: Site, tmp_path: Path) -> None:
    (tmp_path / "mine" / "big").mkdir(parents=True)
    (tmp_path / "mine" / "big" / "w.bin").write_bytes(CONTENT)
    entry = entry_with_weights(root)
    result = evaluate(root, entry, "--weights", tmp_path / "mine")
    assert result.exit_code == 0, result.output
    assert site.asked == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "has no such file (status 404)"),
        (CONTENT + b"x", "it has 21,001 bytes, and submission.toml says 21,000"),
        (b"x" * len(CONTENT), "its SHA-256 is"),
    ],
)
def test_no_session_is_run_without_the_declared_file(
    root: Path, site: Site, content: bytes | None, message: str
) -> None:
    if content is None:
        site.pages.clear()
    else:
        site.pages[ON_HUB].content = content
    result = evaluate(root, entry_with_weights(root))
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    summary, outcome = document["summary"], document["record"]["outcome"]
    assert (summary["stage"], summary["blame"], summary["sessions"]) == ("weights", "submission", 0)
    assert summary["message"].startswith("heavy: weights[1] (big/w.bin): ")
    assert message in summary["message"]
    assert outcome["remedy"]
    assert Path(summary["path"]).is_file()


def test_one_entry_without_its_weights_keeps_no_other_from_being_run(
    root: Path, site: Site
) -> None:
    site.pages.clear()
    heavy, light = entry_with_weights(root), write_entry(root, "light")
    result = evaluate(root, heavy, light)
    assert result.exit_code == 1
    summaries = [each["summary"] for each in json.loads(result.stdout)["results"]]
    assert [(each["entry"], each["status"]) for each in summaries] == [
        ("heavy", "failed"),
        ("light", "completed"),
    ]


def test_offline_the_remedy_is_the_option_and_the_entry_is_not_blamed(
    root: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    result = evaluate(root, entry_with_weights(root))
    assert result.exit_code == 3
    outcome = json.loads(result.stdout)["record"]["outcome"]
    assert (outcome["stage"], outcome["blame"]) == ("weights", "organiser")
    assert "--weights DIR" in outcome["remedy"]
    assert site.asked == []


def test_a_file_of_ones_own_that_is_another_is_no_fault_of_the_entrys(
    root: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / SHA256).write_bytes(b"x" * len(CONTENT))
    result = evaluate(root, entry_with_weights(root), "--weights", tmp_path / "mine")
    assert result.exit_code == 3
    summary = json.loads(result.stdout)["summary"]
    assert (summary["stage"], summary["blame"]) == ("weights", "organiser")
    assert "has the SHA-256" in summary["message"]


def test_a_hub_that_is_no_address_is_the_environments_fault(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "hub.example.org")
    result = evaluate(root, entry_with_weights(root))
    assert result.exit_code == 2
    assert "HF_ENDPOINT: 'hub.example.org' is not" in json.loads(result.stdout)["error"]["message"]


def test_a_folder_that_is_not_there_is_a_usage_error(root: Path, tmp_path: Path) -> None:
    result = evaluate(root, entry_with_weights(root), "--weights", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "nowhere: does not exist" in json.loads(result.stdout)["error"]["message"]


def test_the_rules_quota_is_checked(root: Path, site: Site) -> None:
    rules = root / "leaderboard" / "rules.toml"
    rules.write_text(
        rules.read_text().replace("weights_bytes = 1_048_576", "weights_bytes = 20_999")
    )
    result = evaluate(root, entry_with_weights(root))
    assert result.exit_code == 1
    assert "[FRG130]" in json.loads(result.stdout)["summary"]["message"]
    assert site.asked == []


def test_rules_that_say_nothing_allow_no_weights(root: Path, site: Site) -> None:
    rules = root / "leaderboard" / "rules.toml"
    rules.write_text(
        "".join(line for line in rules.read_text().splitlines(True) if "weights" not in line)
    )
    result = evaluate(root, entry_with_weights(root))
    message = json.loads(result.stdout)["summary"]["message"]
    assert "[FRG130]" in message
    assert "[FRG131]" in message
    assert site.asked == []


def test_the_cache_is_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "here"))
    assert cache_folder("weights") == tmp_path / "here" / "weights"
    monkeypatch.delenv("HARNESS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder("weights") == tmp_path / "xdg" / "frugal-ai-harness" / "weights"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # which the specification says to ignore
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder("weights") == tmp_path / ".cache" / "frugal-ai-harness" / "weights"


def test_without_a_home_the_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("HARNESS_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", home)
    with pytest.raises(ConfigurationError, match="no home folder"):
        cache_folder("weights")
