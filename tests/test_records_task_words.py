"""What tasks are called in other languages: read strictly, every fault at once."""

from __future__ import annotations

import pytest

from harness.errors import ConfigurationError
from harness.records.task_words import LONGEST, TaskWords, parse_task_words

TASKS = {"birds": frozenset({"robin", "wren"}), "floods": frozenset({"wet"})}


def read(text: str) -> dict[str, TaskWords]:
    return parse_task_words(text.encode(), "words.fr.toml", "fr", TASKS)


def refused(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    assert caught.value.remedy
    return caught.value.message


def test_a_task_has_its_words_and_what_is_left_out_is_empty() -> None:
    words = read(
        'schema = 1\n[tasks.birds]\ntitle = "Oiseaux\u00a0?"\nquery = "un chant"\n'
        '[tasks.birds.labels]\nrobin = "rouge-gorge"\n'
    )
    assert words == {
        "birds": TaskWords(
            language="fr", title="Oiseaux\u00a0?", query="un chant", labels={"robin": "rouge-gorge"}
        )
    }


def test_every_fault_is_named_with_its_file_and_field() -> None:
    told = refused(
        'schema = 2\nother = 1\n[tasks.birds]\ntitel = "x"\nquery = 3\n[tasks.birds.labels]\n'
        'eagle = "aigle"\nrobin = ""\n[tasks.brids]\ntitle = "x"\n[tasks]\nfloods = 1\n'
    )
    for line in (
        "words.fr.toml: schema: is 2",
        "other: unknown key",
        "tasks.birds.titel: unknown key: did you mean title?",
        "tasks.birds.title: is missing",
        "tasks.birds.query: ",
        "tasks.birds.labels.eagle: the task has no such label: it has robin, wren",
        "tasks.birds.labels.robin: takes 1 to",
        "tasks.brids: there is no such task: known are birds, floods",
        "tasks.floods: takes a table, found 1",
    ):
        assert line in told
    assert all(line.startswith("words.fr.toml: ") for line in told.splitlines())


@pytest.mark.parametrize(
    "text", [" ", " a", "a\\nb", "a\\u0007", "\\u202e", "\\u00a0", "x" * (LONGEST + 1)]
)
def test_a_text_that_does_not_show_on_a_line_is_refused(text: str) -> None:
    told = refused(f'schema = 1\n[tasks.birds]\ntitle = "{text}"\n')
    assert "tasks.birds.title: takes 1 to" in told
    assert len(told) < 300


@pytest.mark.parametrize("text", ["", "tasks = 1", "schema = 1\ntasks = []", "schema = 1", "["])
def test_what_is_no_file_of_words_is_refused(text: str) -> None:
    assert refused(text).startswith("words.fr.toml: ")


@pytest.mark.parametrize(
    ("robin", "wren"), [("oiseau", "oiseau"), ("oiseau", "Oiseau"), ("a b", "a\u00a0b")]
)
def test_two_labels_of_one_name_are_refused_and_both_are_named(robin: str, wren: str) -> None:
    told = refused(
        f'schema = 1\n[tasks.birds]\ntitle = "x"\n[tasks.birds.labels]\nrobin = "{robin}"\n'
        f'wren = "{wren}"\n'
    )
    assert "tasks.birds.labels.wren: is " in told
    assert "as which the label robin is shown, too" in told


def test_a_name_that_is_another_labels_identifier_is_refused_where_that_is_shown() -> None:
    head = 'schema = 1\n[tasks.birds]\ntitle = "x"\n[tasks.birds.labels]\n'
    told = refused(f'{head}robin = "wren"\n')
    assert "labels.robin: is 'wren', as which the label wren is shown, too" in told
    swapped = read(f'{head}robin = "wren"\nwren = "robin"\n')
    assert swapped["birds"].labels == {"robin": "wren", "wren": "robin"}


def test_labels_that_differ_by_an_accent_alone_are_two() -> None:
    assert read(
        'schema = 1\n[tasks.birds]\ntitle = "x"\n[tasks.birds.labels]\nrobin = "pêche"\n'
        'wren = "péché"\n'
    )


@pytest.mark.parametrize(
    "place",
    [
        "{key} = 1\n",
        "[tasks.{key}]\n",
        "[tasks.birds]\n{key} = 1\n",
        "[tasks.birds.labels]\n{key} = 'x'\n",
        "[tasks.birds.labels]\n{key} = ''\n",
        "[{key}.{key}]\n{key} = 99999999999999999999\n",
    ],
)
def test_a_key_neither_breaks_a_line_nor_moves_the_cursor(place: str) -> None:
    hostile = '"\\u001b[2J\\nerror: all is well\\u202e' + 200 * "x" + '"'
    told = refused("schema = 1\n" + place.replace("{key}", hostile))
    assert all(line.startswith("words.fr.toml: ") for line in told.splitlines())
    assert all(line.isprintable() for line in told.splitlines())
    assert all(len(line) < 400 for line in told.splitlines())
    assert "\\x1b[2J" in told
