"""Words of tasks and the site's address, from the organisers' files to the pages."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from record_samples import record
from toy_task import write_project
from typer.testing import CliRunner

from harness.cli.app import app
from harness.cli.building.translations import missing_words, task_words
from harness.cli.project import Project
from harness.errors import ConfigurationError
from harness.store.results import write

runner = CliRunner()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project with a demonstration, and a cache of its own."""
    made = tmp_path / "project"
    write_project(made, task_id=record("one").task.id)
    monkeypatch.setenv("HARNESS_ROOT", str(made))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    write(made / "leaderboard" / "results", record("one", demonstration=True), None)
    return made


def card_of(root: Path) -> tuple[str, tuple[str, ...]]:
    (card,) = Project(root).cards()
    return card.task.id, card.label_names


def put_words(root: Path, title: str, code: str = "fr") -> Path:
    task, labels = card_of(root)
    path = root / "leaderboard" / f"words.{code}.toml"
    names = "\n".join(f'"{label}" = "nom {n}"' for n, label in enumerate(labels))
    path.write_text(
        f'schema = 1\n[tasks.{task}]\ntitle = "{title}"\ndescription = "De quoi il est question."\n'
        f'query = "une ligne"\n[tasks.{task}.labels]\n{names}\n',
        encoding="utf-8",
    )
    return path


def leaderboard(*options: str) -> str:
    made = runner.invoke(app, ["leaderboard", "--published", *options])
    assert made.exception is None or isinstance(made.exception, SystemExit), made.output
    return made.output


def site(root: Path) -> dict[str, str]:
    folder = root / "leaderboard" / "site"
    texts = ("*.html", "*.xml", "*.svg")
    found = (path for kind in texts for path in folder.rglob(kind))
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in found}


def test_every_french_page_has_the_french_title_and_no_english_one(root: Path) -> None:
    own = record("one").task.title
    leaderboard()
    assert f'<h2 lang="en">{own}</h2>' in site(root)["fr/index.html"]
    put_words(root, "Titre à nous")
    leaderboard()
    pages = site(root)
    french = {name: text for name, text in pages.items() if name.startswith("fr/")}
    assert len(french) == 5  # boards, method, feed, an entry and its badge
    for name, text in french.items():
        assert "Titre à nous" in text, name
        assert own not in text, name
    assert "De quoi il est question." in french["fr/index.html"]
    assert all("Titre à nous" not in text for name, text in pages.items() if name not in french)


def test_a_changed_word_is_seen_by_a_build_that_knows_the_rest(root: Path) -> None:
    put_words(root, "Avant")
    leaderboard()
    assert "is what the records give" in leaderboard("--check")
    put_words(root, "Après")
    stale = leaderboard("--check")
    assert "stale" in stale
    assert "fr/index.html" in stale
    leaderboard()
    assert "Après" in site(root)["fr/index.html"]
    assert "is what the records give" in leaderboard("--check")


def test_check_names_what_is_in_english_for_want_of_a_translation(root: Path) -> None:
    task, labels = card_of(root)
    told = f"leaderboard/words.fr.toml: tasks.{task}: no title"
    leaderboard()
    assert told in leaderboard("--check")
    assert json.loads(leaderboard("--check", "--json"))["untranslated"] == [told]
    path = put_words(root, "Titre")
    assert missing_words(Project(root)) == ()
    path.write_text(f'schema = 1\n[tasks.{task}]\ntitle = "T"\n', encoding="utf-8")
    named = ", ".join(f"labels.{label}" for label in labels)
    assert missing_words(Project(root)) == (
        f"leaderboard/words.fr.toml: tasks.{task}: no description, query, {named}",
    )


def test_files_of_no_language_of_the_site_and_wrong_ones_are_refused_together(root: Path) -> None:
    put_words(root, "T", "en")
    put_words(root, "T", "xx")
    path = root / "leaderboard" / "words.fr.toml"
    path.write_text("schema = 1\n[tasks.nowhere]\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        task_words(Project(root))
    for told in (
        "words.en.toml: tasks say it themselves",
        "words.xx.toml: the site has no catalogue of 'xx': it has fr",
        "words.fr.toml: tasks.nowhere: there is no such task",
    ):
        assert told in caught.value.message
    assert "there is no such task" in leaderboard()


def test_words_of_a_task_that_only_results_know_are_passed_over_with_a_note(root: Path) -> None:
    task, _ = card_of(root)
    put_words(root, "Titre")
    shutil.rmtree(root / "tasks" / task)
    made = runner.invoke(app, ["leaderboard"])
    assert made.exit_code == 0, made.output
    assert f"note: the words of {task} in leaderboard/words.*.toml are of no use" in made.stderr
    assert "Titre" not in site(root)["fr/index.html"]
    assert "is what the records give" in leaderboard("--check")
    shutil.rmtree(root / "leaderboard" / "results")
    assert f"tasks.{task}: there is no such task" in leaderboard()


def test_with_its_address_the_site_names_whole_addresses(root: Path) -> None:
    leaderboard()
    assert 'content="preview.png"' in site(root)["index.html"]
    assert "canonical" not in "".join(site(root).values())
    settings = root / "leaderboard" / "site.toml"
    settings.write_text('schema = 1\naddress = "https://example.org/f"\n', encoding="utf-8")
    assert "stale" in leaderboard("--check")
    leaderboard()
    pages = site(root)
    for code in ("", "fr/"):
        base = f"https://example.org/f/{code}"
        index, feed = pages[f"{code}index.html"], pages[f"{code}feed.xml"]
        assert f'<meta property="og:image" content="{base}preview.png">' in index
        assert f'<meta property="og:url" content="{base}index.html">' in index
        assert f'<link rel="canonical" href="{base}index.html">' in index
        assert f'<link rel="canonical" href="{base}method.html">' in pages[f"{code}method.html"]
        assert all(link.startswith(base) for link in re.findall('href="([^"]*)"', feed))
        (entry,) = (name for name in pages if name.startswith(f"{code}entries/"))
        assert f'<link rel="canonical" href="https://example.org/f/{entry}">' in pages[entry]
        assert f"](https://example.org/f/{entry})" in pages[entry]
        assert "SITE" not in pages[entry]
    settings.write_text('schema = 1\naddress = "javascript:x"\n', encoding="utf-8")
    assert "site.toml: address: takes" in leaderboard()


def test_a_report_of_a_record_has_the_words_of_the_project(root: Path) -> None:
    put_words(root, "Titre à nous")
    (path,) = (root / "leaderboard" / "results").rglob("*Z-*.json")
    for what in (str(path), "one"):
        made = runner.invoke(app, ["report", what, "--language", "fr"])
        assert made.exit_code == 0, made.output
        assert "Titre à nous" in made.output


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_report_is_made_without_a_file_of_words_that_is_wrong(root: Path, language: str) -> None:
    (path,) = (root / "leaderboard" / "results").rglob("*Z-*.json")
    asked = [["report", what, "--language", language] for what in (str(path), "one")]
    without = [runner.invoke(app, each).stdout for each in asked]
    put_words(root, "T", "xx")
    words = root / "leaderboard/words.fr.toml"
    words.write_text("schema = 1\n[tasks.nowhere]\n", encoding="utf-8")

    made = [runner.invoke(app, each) for each in asked]

    assert [each.exit_code for each in made] == [0, 0]
    assert [each.stdout for each in made] == without
    for each in made:
        assert f"warning: {words}: tasks.nowhere: there is no such task" in each.stderr
        assert "words.xx.toml: the site has no catalogue of 'xx'" in each.stderr
        assert "fix: correct each field named" in each.stderr
    assert runner.invoke(app, ["leaderboard"]).exit_code == 2


def test_verify_does_without_words(root: Path) -> None:
    before = runner.invoke(app, ["verify"])
    (root / "leaderboard/words.fr.toml").write_text("no toml", encoding="utf-8")

    after = runner.invoke(app, ["verify"])

    assert (after.exit_code, after.output) == (before.exit_code, before.output)
    assert "words.fr.toml" in leaderboard()


def test_a_board_of_another_version_of_the_task_has_none_of_its_words(root: Path) -> None:
    put_words(root, "Titre à nous")
    assert "Titre à nous" in fr_index(root)
    (card,) = (root / "tasks").glob("*/task.toml")
    text = card.read_text(encoding="utf-8")
    assert "version = 1" in text
    card.write_text(text.replace("version = 1", "version = 2", 1), encoding="utf-8")
    assert "Titre à nous" not in fr_index(root)


def fr_index(root: Path) -> str:
    leaderboard()
    return (root / "leaderboard/site/fr/index.html").read_text(encoding="utf-8")
