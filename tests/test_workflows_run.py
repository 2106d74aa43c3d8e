"""The workflows that organisers copy run, step by step, and leave nothing for a person to clean."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from git_projects import commit, entry, git, write_challenge
from projects import model_of
from toy_task import texts, write_parquet
from workflow_steps import ROOT, Job, run, write_python

EVALUATED = "leaderboard/results/toy/green-model"
STAND_IN = f"""
case "$3" in
check) exit "${{CHECK:-0}}" ;;
evaluate)
  if [ -z "$MAKES_NOTHING" ]; then
    mkdir -p {EVALUATED}
    echo "$GITHUB_RUN_ID" > "{EVALUATED}/$GITHUB_RUN_ID.json"
    echo private > "{EVALUATED}/$GITHUB_RUN_ID.items.json"
  fi
  exit "${{EVALUATE:-0}}" ;;
verify)
  echo "all hold"
  exit "${{VERIFY:-0}}" ;;
leaderboard)
  mkdir -p leaderboard/site
  find leaderboard/results -name "*.json" > leaderboard/site/index.html
  exit 0
esac
"""
"""A harness that ends as it is told to: what it really does is tested elsewhere."""
PUSHED = "Push the results, for an organiser to open a pull request with"
VERIFIED = "Verify, rank, and remake the page"


class Bench:
    """An organiser's machine with a clone of a challenge, on which ``evaluate.yml`` runs."""

    def __init__(self, folder: Path, harness: str | None = None) -> None:
        self.origin = write_challenge(folder / "origin")
        git(self.origin, "switch", "--quiet", "main")
        ignored = (ROOT / ".gitignore").read_text(encoding="utf-8")
        commit(self.origin, {".gitignore": ignored, "leaderboard/site/index.html": "as on main"})
        self.clone = folder / "clone"
        git(folder, "clone", "--quiet", str(self.origin), str(self.clone))
        for name in ("user.name", "user.email"):
            git(self.clone, "config", name, "a@example.org")
        given = () if harness is None else (harness,)
        write_python(self.clone / ".venv" / "bin" / "python", *given)
        write_python(folder / "bin" / "python3", *given)
        self.temporary = folder / "runner"
        self.variables = {
            "PATH": f"{folder / 'bin'}:/usr/bin:/bin",
            "DATA": str(folder / "data"), "KEY": "jury", "ENTRIES": "green-model",
            "XDG_CONFIG_HOME": str(folder / "keys"), "HARNESS_KEY_PASSPHRASE": "",
        }  # fmt: skip

    def run(self, number: int, **variables: str) -> Job:
        return run(
            "evaluate.yml", self.clone, self.temporary, self.variables | variables, number=number
        )

    def pushed(self, number: int) -> list[str]:
        """Name what the branch of a run has that ``main`` has not."""
        names = git(self.origin, "diff", "--name-only", "main", f"results/{number}-1")
        return names.splitlines()

    def branches(self) -> list[str]:
        listed = git(self.origin, "branch", "--format=%(refname:short)", "--list", "results/*")
        return listed.splitlines()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, STAND_IN)


def test_an_evaluation_ends_with_a_branch_of_signed_results(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    predict = "return [int(sample.split()[2][-1]) % 2 for sample in samples]"
    commit(bench.origin, {"submissions/green-model/model.py": model_of(predict)})
    write_parquet(tmp_path / "data", train=texts("train", 4), test=texts("test", 10))
    words = [str(bench.clone / ".venv" / "bin" / "python"), "-m", "harness", "keys", "new", "jury"]
    subprocess.run(
        words, cwd=bench.clone, env=bench.variables, capture_output=True, check=True, timeout=60
    )
    git(bench.clone, "add", "leaderboard/keys")
    git(bench.clone, "commit", "--quiet", "--message", "the jury's key")
    git(bench.clone, "push", "--quiet", "origin", "HEAD:refs/heads/key")
    git(bench.origin, "merge", "--quiet", "--no-edit", "key")

    job = bench.run(7)

    assert job.failed is None, job.said
    names = bench.pushed(7)
    (record,) = [name for name in names if name.startswith("leaderboard/results/")]
    assert '"signature"' in git(bench.origin, "show", f"results/7-1:{record}")
    assert "leaderboard/site/index.html" in names
    assert not [name for name in names if "items.json" in name]  # they stay in the clone
    assert [*(bench.clone / record).parent.glob("*.items.json")]
    assert "results/7-1" in job.summary
    assert "1 record can be read (1 verified): all hold" in job.summary


def test_a_void_campaign_is_published_and_the_next_run_begins(bench: Bench) -> None:
    void = bench.run(7, EVALUATE="3")
    assert void.failed == "End as the evaluation did"
    assert "ended with exit code 3" in void.summary
    assert "results/7-1" in void.summary
    assert bench.pushed(7) == [f"{EVALUATED}/7.json", "leaderboard/site/index.html"]
    assert not git(bench.clone, "status", "--porcelain")

    again = bench.run(8)
    assert again.failed is None
    assert "Not merged into main" in again.summary  # the quota does not know of it
    assert "origin/results/7-1" in again.summary

    git(bench.origin, "merge", "--quiet", "--no-edit", "results/7-1")
    git(bench.origin, "branch", "--delete", "--force", "results/7-1", "results/8-1")
    merged = bench.run(9)
    assert merged.failed is None
    assert "Not merged" not in merged.summary
    assert bench.pushed(9) == [f"{EVALUATED}/9.json", "leaderboard/site/index.html"]


def test_an_entry_that_failed_is_published_and_the_job_is_green(bench: Bench) -> None:
    job = bench.run(7, EVALUATE="1")
    assert job.failed is None
    assert f"{EVALUATED}/7.json" in bench.pushed(7)


def test_an_entry_that_does_not_pass_check_ends_the_job(bench: Bench) -> None:
    job = bench.run(7, CHECK="1")
    assert job.failed == "Evaluate"
    assert bench.branches() == []
    assert "run this again with the same entries" in job.summary


@pytest.mark.parametrize("wrong", [{"EVALUATE": "137"}, {"EVALUATE": "2"}])
def test_records_of_a_run_that_failed_are_published_by_the_next(
    bench: Bench, wrong: dict[str, str]
) -> None:
    job = bench.run(7, **wrong)
    assert job.failed == "Evaluate"
    assert "run this again with the same entries" in job.summary
    assert bench.branches() == []
    (bench.clone / "leaderboard" / "site" / "index.html").write_text("half made")
    for new in ("site/fr", "site/de", "site/zh-Hant", "joint"):
        (bench.clone / "leaderboard" / new).mkdir()
        (bench.clone / "leaderboard" / new / "new").write_text("half made")

    again = bench.run(8)
    assert again.failed is None, again.said
    assert f"{EVALUATED}/7.json" in again.summary
    changed = [f"{EVALUATED}/7.json", f"{EVALUATED}/8.json", "leaderboard/site/index.html"]
    assert bench.pushed(8) == changed
    assert not git(bench.clone, "status", "--porcelain")


@pytest.mark.parametrize("failed", [VERIFIED, PUSHED])
def test_what_was_evaluated_and_not_pushed_is_by_a_run_without_entries(
    bench: Bench, failed: str
) -> None:
    hook = bench.origin / ".git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    job = bench.run(7, VERIFY="1" if failed == VERIFIED else "0")
    assert job.failed == failed
    assert "run this again without entries" in job.summary
    hook.unlink()
    commit(bench.origin, {"README.md": "main has moved on\n"})

    again = bench.run(8, ENTRIES="")
    assert again.failed is None, again.said
    assert bench.branches() == ["results/8-1"]
    assert bench.pushed(8) == [f"{EVALUATED}/7.json", "leaderboard/site/index.html"]
    assert bench.run(9, ENTRIES=" ").failed == PUSHED


def test_nothing_is_pushed_where_no_record_was_made(bench: Bench) -> None:
    job = bench.run(7, EVALUATE="3", MAKES_NOTHING="yes")
    assert job.failed == PUSHED
    assert "No record was made" in job.summary
    assert bench.branches() == []


@pytest.mark.parametrize(
    ("path", "how"),
    [
        ("README.md", " M"), ("leaderboard/rules.toml", " M"), ("notes.txt", "??"),
        (f"{EVALUATED}/old.json", " M"), ("leaderboard/site/CNAME", "??"),
        ("leaderboard/site/notes/mine", "??"),
    ],
)  # fmt: skip
def test_somebodys_work_in_the_clone_is_named_and_stays(bench: Bench, path: str, how: str) -> None:
    commit(bench.origin, {f"{EVALUATED}/old.json": "old\n"})
    git(bench.clone, "pull", "--quiet")
    (bench.clone / path).parent.mkdir(exist_ok=True)
    (bench.clone / path).write_text("somebody's", encoding="utf-8")
    job = bench.run(7)
    assert job.failed == "Begin a branch for the results where main is"
    assert f"{how} {path}" in job.summary
    assert "commit them elsewhere or undo them" in job.summary
    assert (bench.clone / path).read_text(encoding="utf-8") == "somebody's"


def test_a_pull_request_is_judged_as_its_workflow_does(tmp_path: Path) -> None:
    origin = write_challenge(tmp_path / "pull-request")
    base = git(origin, "rev-parse", "main")
    commit(origin, entry("green-new", "greens"))
    write_python(tmp_path / "bin" / "python")
    variables = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "BASE": base, "AUTHOR": "octocat"}
    temporary = tmp_path / "runner"

    fine = run("check.yml", tmp_path, temporary, variables)
    assert fine.failed is None, fine.said
    assert "green-new" in fine.summary
    assert '"results": []' in (temporary / "check.sarif").read_text(encoding="utf-8")

    refused = run("check.yml", tmp_path, temporary, variables | {"AUTHOR": "hubot"}, number=8)
    assert refused.failed == "Check"
    assert "::error file=submissions/green-new/" in refused.said
    assert "FRG604" in refused.summary
    assert "FRG604" in (temporary / "check.sarif").read_text(encoding="utf-8")


def test_a_page_is_held_against_its_records_as_its_workflow_does(tmp_path: Path) -> None:
    origin = write_challenge(tmp_path / "origin")
    python = tmp_path / "bin" / "python"
    write_python(python)
    variables = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "HARNESS_CACHE": str(tmp_path / "c")}

    stale = run("page.yml", origin, tmp_path / "runner", variables)
    assert stale.failed == "The page is what the records give"
    assert "fix: python -m harness leaderboard --published" in stale.said

    words = [str(python), "-m", "harness", "leaderboard", "--published"]
    subprocess.run(words, cwd=origin, env=variables, capture_output=True, check=True, timeout=60)
    fresh = run("page.yml", origin, tmp_path / "runner", variables, number=8)
    assert fresh.failed is None, fresh.said
