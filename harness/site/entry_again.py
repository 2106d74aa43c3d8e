"""How a result is made again: the commands, and what must come out the same."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from functools import lru_cache

from harness.records.evaluation import DataReference, EvaluationRecord
from harness.site.blocks import (
    UNKNOWN,
    Block,
    Commands,
    Inline,
    Listing,
    Paragraph,
    Said,
    Section,
    code,
    quiet,
)
from harness.site.entry_making import MOST_ROWS
from harness.site.entry_view import EntryView
from harness.site.text import plain, shorten
from harness.site.wording import Words

SHOWN_DIGITS = 16
"""Of a digest among others; where one stands alone all of it does."""
PLACE_OF_ENTRIES = "submissions"
ARGUMENTS = {"shelly": "HOST", "tasmota": "HOST", "command": "PROGRAM", "replay": "FILE"}
"""What a meter is named with and no record holds: it would tell where an organiser keeps things."""
KEPT = 256
"""Sections, and options of commands, that are kept: entries of a board have the same."""


def again(view: EntryView, words: Words) -> Section:
    """Give the commands that make this result again, and say what will differ."""
    record = view.latest.record
    typed = words.uniques([*commands(record, view.name, view.latest.view.sandbox)])
    digests = [words.quote("code", record.submission.digest[:SHOWN_DIGITS])]
    if record.environment is not None:
        digests.append(words.quote("code", record.environment.lock_digest[:SHOWN_DIGITS]))
    rules = (record.rules.version, record.rules.digest)
    left_out = len(_together(record, view.name)[MOST_ROWS:])
    return _again(words, typed, tuple(digests), record.data, rules, left_out=left_out)


@lru_cache(maxsize=KEPT)
def _again(
    words: Words,
    typed: tuple[str, ...],
    digests: tuple[Said, ...],
    data: DataReference,
    rules: tuple[str, str],
    *,
    left_out: int,
) -> Section:
    """Say it; ``digests`` are of the entry and, where it has one, of its lock file.

    ``left_out`` is how many entries of its campaign are not in the command.
    """
    say = words.say
    blocks: list[Block] = [Paragraph(say["entry.again_why"]), Commands(typed)]
    if left_out:
        blocks.append(Paragraph(words.text("entry.again_left_out", n=left_out)))
    blocks += [
        Listing(tuple(_expected(words, digests, data, rules))),
        Paragraph(say["entry.again_differs"], "explain"),
        Paragraph(say["entry.again_verify"], "explain"),
        Commands(("python -m harness verify",)),
    ]
    return Section("again", say["entry.again"], tuple(blocks), repeats=True)


def commands(record: EvaluationRecord, entry: str, sandbox: str | None) -> Iterator[str]:
    """Yield what is typed in a checkout of the same repository to evaluate the same entry again.

    First the check, whose digest says whether it is the same entry; then the evaluation, with the
    others of its campaign, which took turns with it. The record may be of an exact copy of
    ``entry``, which goes in its place; ``sandbox`` is the tool that kept it apart.
    """
    together = _together(record, entry)[:MOST_ROWS]
    folders = [shlex.quote(f"{PLACE_OF_ENTRIES}/{plain(each)}") for each in together]
    yield f"python -m harness check {folders[0]} --format json"
    data = _data_options(record.data.source, record.data.seed, record.data.revision)
    how = f"{data} --protocol {record.protocol} --scenario {record.scenario}"
    demonstration = " --demonstration" if record.demonstration else ""
    meters = _meter_options(record.meter.name) + _isolation_option(sandbox)
    yield f"python -m harness evaluate {' '.join(folders)} {how}{meters}{demonstration}"


def _together(record: EvaluationRecord, entry: str) -> list[str]:
    """Return the entry, and the others of the campaign."""
    others = record.campaign.entries if record.campaign is not None else ()
    own = {entry, record.submission.entry}
    return [entry, *(each for each in others if each not in own)]


def _isolation_option(sandbox: str | None) -> str:
    """Ask for the way that it was kept apart by, where that is not the strongest there is.

    A record holds what was found out, and not what was asked for.
    """
    way = sandbox or ""
    if way.startswith("Landlock"):
        return " --isolation landlock"
    return " --isolation none" if way == "none" else ""


@lru_cache(maxsize=KEPT)
def _meter_options(name: str) -> str:
    options = []
    for meter in name.split("+"):
        argument = f":{ARGUMENTS[meter]}" if meter in ARGUMENTS else ""
        options.append(f" --meter {shlex.quote(plain(meter) + argument)}")
    return "".join(options)


@lru_cache(maxsize=KEPT)
def _data_options(source: str, seed: int | None, revision: str | None) -> str:
    if source == "sample":
        return f"--data sample --seed {seed or 0}"
    if source == "hub":
        return f"--data {shlex.quote(plain(f'hub@{revision}' if revision else 'hub'))}"
    return "--data DIRECTORY"


def _expected(
    words: Words, digests: tuple[Said, ...], data: DataReference, rules: tuple[str, str]
) -> Iterator[Inline]:
    """Yield what must come out the same, so that it is the same entry, data, task and rules."""
    say, (version, digest) = words.say, rules
    yield (say["entry.same_entry"], " ", digests[0])
    yield (
        say["entry.same_data"],
        " ",
        code(data.digest[:SHOWN_DIGITS]),
        " ",
        quiet(_data_in_words(data, words)),
    )
    yield (
        say["entry.same_rules"],
        " ",
        code(digest[:SHOWN_DIGITS]),
        " ",
        quiet(shorten(version, 40)),
    )
    for lock in digests[1:]:
        yield (say["entry.same_lock"], " ", lock)


def _data_in_words(data: DataReference, words: Words) -> str:
    if data.source == "sample":
        return words.text(
            "entry.data_sample", seed=str(data.seed or 0), version=str(data.generator_version or 1)
        )
    if data.source == "hub":
        return words.text(
            "entry.data_hub",
            hub=shorten(data.hub_id or UNKNOWN, 100),
            revision=shorten(data.revision or UNKNOWN, 40),
        )
    return words.say["entry.data_directory"]
