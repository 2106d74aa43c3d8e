"""What a pull request changes, and who may: real repositories, made for each test."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest
from git_projects import TEAMS, commit, entry, git, manifest, with_file, write_challenge

from harness.errors import ConfigurationError
from harness.submissions.change import ChangeReport, _no_name_in, examine
from harness.submissions.git import Repository
from harness.tasks.card import parse_card


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_challenge(tmp_path_factory.mktemp("challenge") / "begun")


@pytest.fixture
def root(begun: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(begun, tmp_path / "project"))


def judged(root: Path, author: str = "octocat", base: str = "main") -> ChangeReport:
    return examine(Repository(root), base, author, parse_card)


def found(report: ChangeReport) -> list[tuple[str, str]]:
    return [(fault.code, fault.path) for fault in report.faults]


def test_nothing_changed_is_nothing_to_say(root: Path) -> None:
    report = judged(root)
    assert (report.ok, report.paths, report.entries, report.faults) == (True, 0, (), ())
    assert judged(root, "stranger").ok


def test_a_team_changes_its_own_entry_and_adds_one(root: Path) -> None:
    new = entry("green-second", "Greens")  # letters' case says nothing
    commit(root, new | {"submissions/green-model/model.py": "changed\n"})

    report = judged(root, "OctoCat")

    assert report.ok, report.faults
    assert (report.team, report.organiser, report.paths) == ("greens", False, 3)
    assert report.entries == ("green-model", "green-second")


def test_a_team_removes_its_own_entry(root: Path) -> None:
    git(root, "rm", "-r", "--quiet", "submissions/green-model")
    commit(root, {})
    report = judged(root)
    assert (report.ok, report.entries) == (True, ())


OUTSIDE = (
    ".gitattributes", ".github/workflows/check.yml", "README.md", "Submissions/green-model/x",
    "harness/x.py", "leaderboard/hardware/x.toml", "leaderboard/joint/x.json",
    "leaderboard/keys/k.pub", "leaderboard/results/toy/green-model/x.json",
    "leaderboard/rules.toml", "leaderboard/rules/2025.toml",
    "leaderboard/site/index.html", "leaderboard/teams.toml", "pyproject.toml",
    "submissions.txt", "submissions/README.md", "tasks/toy/task.py",
)  # fmt: skip
READ = {"leaderboard/rules.toml", "leaderboard/teams.toml"}
"""Which must be well-formed, whoever changes them."""


def test_everything_outside_of_entries_is_the_organisers(root: Path) -> None:
    read = {path: (root / path).read_text("utf-8") + "\n" for path in OUTSIDE if path in READ}
    commit(root, dict.fromkeys(OUTSIDE, "mine now\n") | read)
    assert found(judged(root)) == [("FRG602", path) for path in OUTSIDE]
    assert judged(root, "ADA").ok


def test_an_organiser_is_told_what_would_end_all_judging_or_give_a_key_away(root: Path) -> None:
    rules = (root / "leaderboard" / "rules.toml").read_text("utf-8")
    key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n"
    commit(
        root,
        {
            "leaderboard/teams.toml": TEAMS.replace('"hubot"', '"octocat"'),
            "leaderboard/rules.toml": rules.replace("min_sessions", "min_session"),
            "leaderboard/keys/jury.key": key,
            "jury.key": key.replace("BEGIN", "BEGIN ENCRYPTED"),
            "leaderboard/keys/jury.pub": key.replace("PRIVATE", "PUBLIC"),
        },
    )
    report = judged(root, "Ada")
    assert found(report) == [
        ("FRG611", "jury.key"),
        ("FRG611", "leaderboard/keys/jury.key"),
        ("FRG610", "leaderboard/rules.toml"),
        ("FRG610", "leaderboard/rules.toml"),
        ("FRG610", "leaderboard/teams.toml"),
    ]
    assert [fault.message for fault in report.faults[2:]] == [
        "boards.min_session: unknown key: did you mean min_sessions?",
        "boards.min_sessions: is missing",
        "teams[2].logins: octocat is in teams[1] already",
    ]
    commit(
        root, {"leaderboard/teams.toml": None, "jury.key": None, "leaderboard/keys/jury.key": None}
    )
    (removed,) = [each for each in judged(root, "Ada").faults if "teams" in each.path]
    assert "is no file any more" in removed.message


CARD = "tasks/toy/task.toml"


def test_a_card_that_cannot_be_read_would_end_all_judging_too(root: Path) -> None:
    card = (root / CARD).read_text("utf-8")
    commit(root, {CARD: card.replace("title", "titel", 1)})
    report = judged(root, "ada")
    assert (report.ok, report.is_readable) == (False, False)
    assert {(code, path) for code, path in found(report)} == {("FRG610", CARD)}
    assert "task.titel: unknown key" in report.faults[0].message

    commit(root, {CARD: card + "#" * (1 << 20)})
    (fault,) = judged(root, "ada").faults
    assert "has more than 1,048,576 bytes" in fault.message

    commit(root, {CARD: None})  # a task may go
    assert judged(root, "ada").ok


def test_rules_as_long_as_teams_may_be_are_not_taken_for_readable(root: Path) -> None:
    rules = (root / "leaderboard" / "rules.toml").read_text("utf-8")
    commit(root, {"leaderboard/rules.toml": rules + "#" * (1 << 20)})
    assert found(judged(root, "ada")) == [("FRG610", "leaderboard/rules.toml")]


def test_rules_of_before_must_stay_readable_and_may_go(root: Path) -> None:
    kept, rules = "leaderboard/rules/2025.toml", (root / "leaderboard" / "rules.toml").read_text()
    commit(root, {kept: rules.replace("min_sessions", "min_session")})
    assert found(judged(root, "ada")) == [("FRG610", kept)] * 2
    commit(root, {kept: rules})
    assert found(judged(root, "ada")) == []
    commit(root, {kept: None})
    assert found(judged(root, "ada")) == []


def test_rules_of_a_new_harness_are_left_to_that_harness(root: Path) -> None:
    rules = (root / "leaderboard" / "rules.toml").read_text("utf-8")
    changed = rules.replace("min_sessions", "new_key = 1\nmin_sessions", 1)
    commit(root, {"leaderboard/rules.toml": changed, "harness/records/rules.py": "new\n"})
    report = judged(root, "ada")
    assert (report.ok, report.is_readable) == (True, False)
    assert found(report) == [("FRG612", "leaderboard/rules.toml")]
    assert report.faults[0].severity == "warning"
    assert "see that the harness of this change reads it" in report.faults[0].remedy
    assert {code for code, _ in found(judged(root))} == {"FRG602"}  # a team may do neither
    commit(root, {"leaderboard/rules.toml": None})  # what is gone no harness reads
    assert found(judged(root, "ada")) == [("FRG610", "leaderboard/rules.toml")]


def test_private_keys_are_found_by_what_is_in_them(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings").write_text("[color]\n\tui = always\n[grep]\n\tfullName = false\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "settings"))
    key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n"
    old = key.replace("\n", "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,5D\n\n", 1)
    holding = {
        "Jury.KEY": old, "backup/jury.key~": key, "docs/keys.txt": f"\x00 here:\n{key}",
        "half.pem": key.partition("-----END")[0], "jury.pem": key,
        "submissions/green-model/notes.md": key,
    }  # fmt: skip
    commit(
        root,
        holding
        | {
            "harness/keys.py": 'BEGINS = "-----BEGIN PRIVATE KEY-----"\n',
            "public.pem": key.replace("PRIVATE", "PUBLIC"),
        },
    )
    assert found(judged(root, "ada")) == [("FRG611", path) for path in sorted(holding)]


def test_what_is_not_a_teams_to_change_is_said_by_what_it_is(root: Path) -> None:
    commit(root, dict.fromkeys((*OUTSIDE, "leaderboard/rules.toml.old"), "mine now\n"))
    said = {fault.path: fault.message.partition(":")[0] for fault in judged(root).faults}
    assert said["leaderboard/rules.toml"] == "the rules"
    assert said["leaderboard/rules.toml.old"] == "the leaderboard"
    assert said["leaderboard/rules/2025.toml"] == "rules of before"
    assert said["leaderboard/results/toy/green-model/x.json"] == "results"
    assert said["tasks/toy/task.py"] == "a task"
    assert said["submissions.txt"] == "in no folder of an entry"


def test_removing_and_making_executable_are_changes(root: Path) -> None:
    rules = root / "leaderboard" / "rules.toml"
    rules.chmod(rules.stat().st_mode | stat.S_IXUSR)
    commit(root, {"README.md": None})
    assert found(judged(root)) == [("FRG602", "README.md"), ("FRG602", "leaderboard/rules.toml")]


def test_a_rename_is_a_removal_and_an_addition(root: Path) -> None:
    git(root, "mv", "submissions/blue-model", "submissions/green-stolen")
    commit(root, {})
    assert found(judged(root)) == [
        ("FRG603", "submissions/blue-model/model.py"),
        ("FRG604", "submissions/green-stolen/submission.toml"),
    ]


def test_another_teams_folder_is_refused_whatever_the_new_version_says(root: Path) -> None:
    commit(root, {"submissions/blue-model/submission.toml": manifest("greens")})
    report = judged(root)
    assert found(report) == [("FRG603", "submissions/blue-model/submission.toml")]
    (fault,) = report.faults
    assert fault.message == 'the entry is of the team "blues"; "octocat" is of the team greens'


def test_an_entry_is_not_given_away(root: Path) -> None:
    commit(root, {"submissions/green-model/submission.toml": manifest("blues")})
    report = judged(root)
    assert found(report) == [("FRG604", "submissions/green-model/submission.toml")]
    assert report.faults[0].line == 6
    assert report.faults[0].remedy == 'write team = "greens"'


def test_a_new_entry_names_its_authors_team_by_its_id(root: Path) -> None:
    teams = {
        "nobody": "FRG604",
        "The Greens": "FRG605",  # the name is for people
        "gr\u0435\u0435ns": "FRG605",  # Cyrillic
        "green-s": "FRG605",
        "b1ues": "FRG605",
        "blues": "FRG604",
    }
    new = [entry(f"new-{number}", team) for number, team in enumerate(teams)]
    commit(root, {path: text for files in new for path, text in files.items()})
    report = judged(root)
    assert found(report) == [
        (code, f"submissions/new-{number}/submission.toml")
        for number, code in enumerate(teams.values())
    ]
    assert 'there is no team "nobody" in leaderboard/teams.toml' in report.faults[0].message
    assert 'the team "blues" is not the author' in report.faults[5].message


@pytest.mark.parametrize("content", ["", "[submission]\nteam = 3\n", "\x00", "x" * 70_000, None])
def test_a_team_that_cannot_be_read_is_nobodys(root: Path, content: str | None) -> None:
    files: dict[str, str | None] = {"submissions/green-second/model.py": "x\n"}
    if content is not None:
        files["submissions/green-second/submission.toml"] = content
    commit(root, files)
    assert found(judged(root)) == [("FRG604", "submissions/green-second/submission.toml")]


def test_a_stranger_is_told_so_once(root: Path) -> None:
    commit(root, entry("own", "mine") | {"submissions/blue-model/model.py": "x\n"})
    assert found(judged(root, "<script>\n")) == [
        ("FRG601", "leaderboard/teams.toml"),
        ("FRG603", "submissions/blue-model/model.py"),
        ("FRG604", "submissions/own/submission.toml"),
    ]


def test_teams_are_those_of_the_base_and_never_of_the_pull_request(root: Path) -> None:
    joined = TEAMS.replace('["hubot"]', '["hubot", "mallory"]')
    commit(root, {"leaderboard/teams.toml": joined, "submissions/blue-model/model.py": "x\n"})
    codes = [fault.code for fault in judged(root, "mallory").faults]
    assert codes == ["FRG601", "FRG602", "FRG603"]


def test_what_the_base_learnt_since_the_branch_began_counts(root: Path) -> None:
    """Another team was first with the name; and a login has left its team."""
    commit(root, entry("contested", "greens"))
    git(root, "switch", "--quiet", "main")
    commit(root, entry("contested", "blues"))
    git(root, "switch", "--quiet", "pull")
    git(root, "merge", "--quiet", "--strategy-option=ours", "main")
    assert found(judged(root)) == [("FRG603", "submissions/contested/submission.toml")]
    git(root, "switch", "--quiet", "main")
    commit(root, {"leaderboard/teams.toml": TEAMS.replace('["octocat"]', "[]")})
    git(root, "switch", "--quiet", "pull")
    git(root, "merge", "--quiet", "main")
    assert ("FRG601", "leaderboard/teams.toml") in found(judged(root))


def test_what_only_the_base_changed_is_not_the_authors(root: Path) -> None:
    git(root, "switch", "--quiet", "main")
    commit(root, {"leaderboard/rules.toml": "new rules\n", "submissions/blue-model/model.py": ""})
    git(root, "switch", "--quiet", "pull")
    commit(root, {"submissions/green-model/model.py": "mine\n"})
    with pytest.raises(ConfigurationError, match='does not hold all of "main"') as caught:
        judged(root)
    assert caught.value.remedy.startswith("bring the branch up to date")
    with pytest.raises(ConfigurationError, match="does not hold all of"):
        judged(root, "ada")
    git(root, "merge", "--quiet", "main")
    assert judged(root).entries == ("green-model",)
    assert judged(root).ok


def test_no_merge_carries_a_change_into_another_teams_folder(root: Path) -> None:
    """Git takes a file of the author's that went for moved to where an equal one was added."""
    model = "".join(f"line {number}\n" for number in range(40))
    git(root, "switch", "--quiet", "main")
    commit(root, {"submissions/green-model/copy.py": model})
    git(root, "switch", "--quiet", "--force-create", "pull", "main")
    commit(root, {"submissions/green-model/copy.py": model + "evil\n"})
    git(root, "switch", "--quiet", "main")
    commit(root, {
        "submissions/green-model/copy.py": None, "submissions/blue-model/new.py": model,
    })  # fmt: skip
    git(root, "switch", "--quiet", "pull")
    with pytest.raises(ConfigurationError, match="does not hold all of"):
        judged(root)
    git(root, "merge", "--quiet", "main")
    assert "evil" in (root / "submissions" / "blue-model" / "new.py").read_text()
    assert found(judged(root)) == [("FRG603", "submissions/blue-model/new.py")]
    git(root, "checkout", "--quiet", "main", "--", "submissions")
    commit(root, {"submissions/green-model/copy.py": model + "evil\n"})
    assert judged(root).ok


def test_what_is_merged_is_what_was_judged_after_a_criss_cross(root: Path) -> None:
    """What one of two merge bases has already is a change all the same."""
    git(root, "switch", "--quiet", "main")
    commit(root, {"leaderboard/rules.toml": "second\n"}, "second")
    git(root, "switch", "--quiet", "--create", "side", "main~1")
    commit(root, {"submissions/green-model/model.py": "side\n"}, "side")
    git(root, "switch", "--quiet", "--force-create", "pull", "main")
    git(root, "merge", "--quiet", "--no-ff", "side")
    git(root, "switch", "--quiet", "main")
    git(root, "merge", "--quiet", "--no-ff", "side", "--message", "another")
    git(root, "switch", "--quiet", "pull")
    git(root, "checkout", "--quiet", "main~1~1", "--", "leaderboard/rules.toml")
    commit(root, {}, "back to the old rules")
    with pytest.raises(ConfigurationError, match="does not hold all of"):
        judged(root)
    git(root, "merge", "--quiet", "main")
    assert ("FRG602", "leaderboard/rules.toml") in found(judged(root))


def test_a_name_that_has_results_of_another_team_is_not_taken_over(root: Path) -> None:
    git(root, "switch", "--quiet", "main")
    results = "leaderboard/results/toy"
    record = '{"submission": {"team": "TEAM"}}'
    commit(root, {
        f"{results}/gone-blue/1.json": record.replace("TEAM", "blues"),
        f"{results}/gone-blue/1.public.items.json": "[]",
        f"{results}/gone-green/1.json": record.replace("TEAM", "Greens"),
        f"{results}/damaged/1.json": "{",
    })  # fmt: skip
    git(root, "switch", "--quiet", "--force-create", "pull", "main")
    new = (entry(name, "greens") for name in ("gone-blue", "gone-green", "damaged"))
    commit(root, {path: text for files in new for path, text in files.items()})
    assert found(judged(root)) == [
        ("FRG603", "submissions/damaged/model.py"),
        ("FRG603", "submissions/gone-blue/model.py"),
    ]
    assert 'has results already that are of the team "blues"' in judged(root).faults[1].message


def test_an_entry_that_the_rules_name_is_the_organisers(root: Path) -> None:
    """Whoever made its folder anew would be the control, or the floor, of every board."""
    git(root, "switch", "--quiet", "main")
    rules = (root / "leaderboard" / "rules.toml").read_text()
    named = '[reference.x]\nnull = "toy-null"\ncontrol = "green-model"\n'
    commit(root, {"leaderboard/rules.toml": f"{rules}\n{named}"})
    git(root, "switch", "--quiet", "--force-create", "pull", "main")
    new = entry("Toy-Null", "greens") | entry("toy-nul", "greens")
    commit(root, new | {"submissions/green-model/model.py": "x\n"})
    report = judged(root)
    assert found(report) == [
        ("FRG603", "submissions/Toy-Null/model.py"),
        ("FRG603", "submissions/green-model/model.py"),
    ]
    assert "reference.x.null of the rules names it" in report.faults[0].message
    assert judged(root, "ada").ok


def test_submodules_and_links_are_refused_to_organisers_too(root: Path) -> None:
    (root / "submissions" / "green-model" / "link").symlink_to("/etc/passwd")
    (root / "submissions" / "linked").symlink_to("blue-model")
    digits = git(root, "rev-parse", "HEAD")
    commit(root, {".gitmodules": '[submodule "x"]\n\tignore = all\n'})
    git(
        root, "update-index", "--add", "--cacheinfo", f"160000,{digits},submissions/green-model/sub"
    )
    git(root, "commit", "--quiet", "--message", "a submodule")
    kinds = [
        ("FRG607", "submissions/green-model/link"),
        ("FRG607", "submissions/green-model/sub"),
        ("FRG607", "submissions/linked"),
    ]
    assert found(judged(root, "ada")) == kinds
    assert set(found(judged(root))) == {
        *kinds, ("FRG602", ".gitmodules"), ("FRG602", "submissions/linked"),
    }  # fmt: skip


def test_a_link_in_the_place_of_all_entries_is_outside_of_them(root: Path) -> None:
    shutil.rmtree(root / "submissions")
    (root / "submissions").symlink_to("tasks")
    commit(root, {})
    assert ("FRG602", "submissions") in found(judged(root))


def test_names_that_collide_are_refused(root: Path) -> None:
    commit(root, entry("Green-Model", "greens") | entry("Blue-Model", "greens"))
    assert found(judged(root)) == [
        ("FRG606", "submissions/Blue-Model/model.py"),
        ("FRG606", "submissions/Green-Model/model.py"),
    ]
    commit(root, entry("gre\u0301en", "greens") | entry("gr\u00e9en", "greens"))
    assert len(found(judged(root))) == 4


def test_hostile_paths_are_shown_and_judged_by_their_bytes(root: Path) -> None:
    commit(root, {'ev"il\n::error::x\u202e': "x\n", "submissions/green-model/t\ta\\b": "x\n"})
    path = os.fsencode(root / "submissions" / "green-model") + b"/\xff"
    with open(path, "wb"):  # noqa: PTH123 - no Path holds it as it is
        pass
    commit(root, {})
    report = judged(root)
    assert found(report) == [("FRG602", 'ev"il\\n::error::x\\u202e')]
    assert report.paths == 3


def test_attributes_of_git_are_refused_in_an_entry(root: Path) -> None:
    folder = "submissions/green-model"
    commit(root, {f"{folder}/.gitattributes": "* text eol=crlf\n", f"{folder}/a/.gitignore": "x\n"})
    assert found(judged(root)) == [("FRG608", f"{folder}/.gitattributes")]
    assert not judged(root, "ada").ok


def test_nothing_that_a_tree_or_a_repository_names_is_run(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attributes in the tree, drivers, hooks and a monitor in the repository's own settings."""
    trace = tmp_path / "trace"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $0 $@ >> {trace}\ncat\n")
    program.chmod(0o755)
    for setting in (
        "diff.external", "diff.evil.textconv", "diff.evil.command", "filter.evil.clean",
        "filter.evil.smudge", "filter.evil.process", "core.fsmonitor", "core.pager",
        "pager.diff-tree", "pager.grep", "core.sshCommand", "core.editor", "merge.evil.driver",
        "core.gitProxy", "gpg.program", "uploadpack.packObjectsHook", "credential.helper",
        "core.askPass",
    ):  # fmt: skip
        git(root, "config", setting, str(program))
    git(root, "config", "alias.diff-tree", f"!{program}")
    git(root, "config", "alias.grep", f"!{program}")
    git(root, "config", "grep.extendedRegexp", "true")
    git(root, "config", "core.attributesFile", str(tmp_path / "attributes"))
    (tmp_path / "attributes").write_text("* diff=evil filter=evil\n")
    hooks = root / ".git" / "hooks"
    for name in ("post-index-change", "reference-transaction", "post-checkout"):
        shutil.copy(program, hooks / name)
    config = f"[diff]\n\texternal = {program}\n[include]\n\tpath = evil\n"
    files = {".gitattributes": "* diff=evil filter=evil merge=evil\n", ".gitconfig": config}
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(program))
    monkeypatch.setenv("GIT_PAGER", str(program))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(program))
    commit(root, files)  # git itself runs some of them here
    trace.unlink(missing_ok=True)

    report = judged(root)

    assert found(report) == [("FRG602", ".gitattributes"), ("FRG602", ".gitconfig")]
    assert judged(root, "ada").ok  # whose changes are looked through for private keys
    assert not trace.exists(), trace.read_text()


def test_replaced_objects_hide_nothing(root: Path) -> None:
    before = git(root, "rev-parse", "HEAD")
    after = commit(root, {"leaderboard/rules.toml": "mine\n"})
    git(root, "replace", after, before)
    assert found(judged(root)) == [("FRG602", "leaderboard/rules.toml")]


def test_many_changes_are_counted(root: Path) -> None:
    commit(root, {f"tasks/{number}": "x\n" for number in range(120)})
    report = judged(root)
    assert report.paths == 120
    assert len(report.faults) == 101
    assert any(fault.message == "20 more like those listed" for fault in report.faults)


def test_a_shallow_clone_is_refused_with_what_to_do(root: Path, tmp_path: Path) -> None:
    commit(root, {"README.md": "x\n"})
    clone = tmp_path / "clone"
    origin = f"file://{root}"
    git(tmp_path, "clone", "--quiet", "--depth=1", "--no-single-branch", origin, str(clone))
    with pytest.raises(ConfigurationError, match="shallow") as caught:
        judged(clone, base="origin/main")
    assert "fetch-depth: 0" in caught.value.remedy


def test_a_base_without_teams_and_one_that_is_not_there_are_errors(root: Path) -> None:
    for name in ("nowhere", "--help", "main~9", "", "main\n"):
        with pytest.raises(ConfigurationError, match="there is no commit"):
            judged(root, base=name)
    git(root, "switch", "--quiet", "main")
    commit(root, {"leaderboard/teams.toml": None})
    with pytest.raises(ConfigurationError, match=r"main:leaderboard/teams\.toml: is no file"):
        judged(root)
    (root / "leaderboard" / "teams.toml").symlink_to("rules.toml")
    commit(root, {})
    with pytest.raises(ConfigurationError, match=r"main:leaderboard/teams\.toml: is no file"):
        judged(root)
    (root / "leaderboard" / "teams.toml").unlink()
    commit(root, {"leaderboard/teams.toml": "schema = 7\n"})
    with pytest.raises(ConfigurationError, match=r"main:leaderboard/teams\.toml: schema: is 7"):
        judged(root)


def test_paths_that_no_checkout_holds_are_in_no_entry_and_refused_to_all(root: Path) -> None:
    """A team's own folder, and what leads out of it, made as only plumbing makes them."""
    places = ("submissions/green-model/%s/x.py", "submissions/%s/x.py", "%s/x")
    parts = (".", "..", ".git", ".Git", "GIT~1", ".git .", ".git::$INDEX_ALLOCATION", ".g\u200cit")
    paths = sorted(place % part for part in parts for place in places)
    blob, tree = git(root, "rev-parse", "HEAD:README.md"), "HEAD^{tree}"
    for path in paths:
        tree = with_file(root, tree, path, blob)
    git(root, "update-ref", "HEAD", git(root, "commit-tree", tree, "-p", "HEAD", "-m", "evil"))
    assert found(judged(root)) == [(code, path) for path in paths for code in ("FRG602", "FRG609")]
    assert found(judged(root, "ada")) == [("FRG609", path) for path in paths]


def test_nothing_that_a_file_system_leaves_out_of_a_name_hides_git_in_it() -> None:
    # utf8.c of git, next_hfs_char, names these for HFS+, and none of those beside them.
    ignored = (*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF)
    beside = (0x200B, 0x2010, 0x2029, 0x202F, 0x2069, 0x2070, 0xFEFE, 0xFF00)
    for code in (*ignored, *beside):
        part = f".g{chr(code)}it"
        assert _no_name_in(f"a/{part}/b") == (part if code in ignored else None), hex(code)


@pytest.mark.parametrize("part", ["git~10", "xgit~1", ".gitx", ".git.x", "...", ".github"])
def test_a_path_that_only_looks_like_one_of_these_is_a_path(root: Path, part: str) -> None:
    commit(root, {f"submissions/green-model/{part}/x.py": "1"})
    assert judged(root).ok


def test_a_base_that_can_be_taken_for_several_things_is_refused(root: Path, tmp_path: Path) -> None:
    """A fetch brings a tag that is called as the base is; git would take the tag."""
    origin = Path(shutil.copytree(root, tmp_path / "origin"))
    evil = commit(origin, {"leaderboard/rules.toml": "mine\n"})
    git(origin, "tag", "origin/main", evil)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--branch=pull", str(origin), str(clone))
    git(clone, "config", "core.warnAmbiguousRefs", "false")
    for name in ("origin/main", "origin/main~0", "origin/main^{commit}"):
        with pytest.raises(ConfigurationError, match="can be taken for several things") as caught:
            judged(clone, base=name)
        assert "refs/remotes/origin/main" in caught.value.remedy
    assert found(judged(clone, base="refs/remotes/origin/main")) == [
        ("FRG602", "leaderboard/rules.toml")
    ]
    main = git(clone, "rev-parse", "refs/remotes/origin/main")
    git(clone, "tag", main, evil)  # a whole digest is nothing else
    assert judged(clone, base=main).base == main
    git(clone, "branch", "twice", main)
    git(clone, "tag", "twice", evil)
    with pytest.raises(ConfigurationError, match="can be taken for several things"):
        judged(clone, base="twice")


def test_histories_without_a_common_commit_are_an_error(root: Path) -> None:
    git(root, "switch", "--quiet", "--orphan", "other")
    commit(root, {"x": "x\n"})
    with pytest.raises(ConfigurationError, match="does not hold all of"):
        judged(root)


def test_no_repository_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no repository"):
        Repository(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_another_users_repository_is_read_once_the_user_has_said_so(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (root, root / ".git"):
        os.chown(path, 61_234, 61_234)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        Repository(root)
    settings = tmp_path / "gitconfig"
    settings.write_text(f"[safe]\n\tdirectory = {root}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    assert Repository(root).root == root


def test_another_users_repository_is_named_with_its_remedy(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    stand_in = tmp_path / "git"
    said = f"fatal: detected dubious ownership in repository at '{root}'"
    stand_in.write_text(f'#!/bin/sh\necho "{said}" >&2\nexit 128\n')
    stand_in.chmod(0o755)
    with pytest.raises(ConfigurationError, match="belongs to another user") as caught:
        Repository(root)
    assert "safe.directory" in caught.value.remedy


def test_without_git_it_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigurationError, match="not installed"):
        Repository(root)
