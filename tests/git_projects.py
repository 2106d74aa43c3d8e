"""Real git repositories for tests of what a pull request changes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from projects import MANIFEST, model_of, write_project

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # git knows it everywhere
TEAMS = """
schema = 1
organisers = ["Ada"]

[[teams]]
id = "greens"
name = "The Greens"
logins = ["octocat"]

[[teams]]
id = "blues"
name = "The Blues"
logins = ["hubot"]
"""


def git(root: Path, *arguments: str, told: str = "", **variables: str) -> str:
    """Run git for real, apart from what the user's and the machine's settings say."""
    settings = {
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
        "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    inherited = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
    done = subprocess.run(
        ["git", "-C", str(root), *arguments],
        env=inherited | settings | variables,
        input=os.fsencode(told),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return os.fsdecode(done.stdout).strip()


def manifest(team: str) -> str:
    """Spell the manifest of a fine entry of this team."""
    return MANIFEST.format(task="toy", output="index").replace('"The toys"', f'"{team}"')


def entry(name: str, team: str) -> dict[str, str]:
    """Return the files of a fine entry."""
    folder = f"submissions/{name}"
    return {f"{folder}/submission.toml": manifest(team), f"{folder}/model.py": model_of()}


def commit(root: Path, files: Mapping[str, str | None], message: str = "change") -> str:
    """Write files, or remove those whose content is ``None``, and commit everything."""
    for path, content in files.items():
        file = root / path
        if content is None:
            file.unlink()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    git(root, "add", "--all", "--force")
    git(root, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(root, "rev-parse", "HEAD")


def with_file(root: Path, tree: str, path: str, blob: str) -> str:
    """Return a tree with one file more, whatever the parts of its path are called."""
    name, _, rest = path.partition("/")
    lines = [line.split("\t") for line in git(root, "ls-tree", tree).splitlines()]
    made = f"100644 blob {blob}"
    if rest:
        inside = next((about.split()[2] for about, each in lines if each == name), EMPTY_TREE)
        made = f"040000 tree {with_file(root, inside, rest, blob)}"
    kept = [f"{about}\t{each}\n" for about, each in lines if each != name]
    return git(root, "mktree", told="".join([*kept, f"{made}\t{name}\n"]))


def write_challenge(root: Path) -> Path:
    """Write a challenge with an entry of each team, on ``main``; go on in a branch ``pull``."""
    write_project(root)
    git(root, "init", "--quiet", "--initial-branch=main")
    files = entry("green-model", "greens") | entry("blue-model", "blues")
    commit(root, files | {"leaderboard/teams.toml": TEAMS, "README.md": "read me\n"}, "begin")
    git(root, "switch", "--quiet", "--create", "pull")
    return root
