"""How a result came about: meter, machine, isolation, packages, declarations, record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TypeVar

import msgspec

from harness.records.environment import EnvironmentReference
from harness.records.evaluation import (
    Hardware,
    IsolationCheck,
    Lifecycle,
)
from harness.records.meter import MeterDescription, SourceDescription
from harness.site import words as spelt
from harness.site.blocks import (
    Block,
    Fact,
    Facts,
    Inline,
    Listing,
    Paragraph,
    Said,
    Section,
    code,
    english,
    fact,
    name,
    named,
    quiet,
    with_code,
)
from harness.site.entry_view import EntryView
from harness.site.record_view import isolation_of
from harness.site.recorded import joined
from harness.site.text import plain, shorten
from harness.site.wording import Wording, Words
from harness.site.words import uncertainty

T = TypeVar("T")

MOST_PACKAGES = 40
MOST_ROWS = 30


def circumstances(view: EntryView, words: Words) -> Section:
    """Say what the energy was read with, on which machine, and how the entry was kept apart."""
    record = view.latest.record
    blocks = (
        _once("meter", record.meter, _meter, words),
        _once("machine", record.hardware, _hardware, words),
        _once("isolation", view.latest.view.isolation, _isolation, words),
        _once("packages", record.environment, _environment, words),
        _once("lifecycle", record.submission.lifecycle, _lifecycle, words),
    )
    return Section("circumstances", words.say["entry.circumstances"], blocks)


KEPT = 256
"""Sections that are kept whose every text is a hole: all pages have them."""
_KEPT_SECTIONS = 1024
_kept: dict[tuple[Words, str, bytes], Section] = {}
_latest: dict[tuple[Words, str], tuple[object, Section]] = {}


def _once(
    key: str, value: T, spell: Callable[[T, Wording], tuple[Block, ...]], words: Words
) -> Section:
    """Spell a part that most entries of a board have in common once for all of them.

    What is told apart by: the value's own JSON, which is everything that is spelt of it. It takes
    a while to spell it, so that it is looked first whether this is what the page before had.
    """
    latest = _latest.get((words, key))
    if latest is not None and latest[0] == value:
        return latest[1]
    found = _from_kept(key, value, spell, words)
    _latest[words, key] = (value, found)
    return found


def _from_kept(
    key: str, value: T, spell: Callable[[T, Wording], tuple[Block, ...]], words: Words
) -> Section:
    place = (words, key, msgspec.json.encode(value))
    found = _kept.get(place)
    if found is None:
        if len(_kept) >= _KEPT_SECTIONS:
            _kept.clear()
        found = _kept[place] = words.section(
            lambda own: Section(key, own.text(f"entry.{key}"), spell(value, own), repeats=True)
        )
    return found


def _meter(meter: MeterDescription, words: Wording) -> tuple[Block, ...]:
    say = words.say
    sources: list[Inline] = [
        (
            named(words.called("source", each.name)),
            f" {_source(each, words)} ",
            words.recorded("provenance", each.provenance, 600),
            *(
                (
                    " ",
                    quiet(
                        joined(
                            [
                                f"{shorten(key, 60)} = {words.figure(value)}"
                                for key, value in sorted(each.constants.items())
                            ],
                            words.language,
                        )
                    ),
                )
                if each.constants
                else ()
            ),
        )
        for each in meter.sources
    ]
    blocks: list[Block] = [Listing(tuple(sources))]
    if meter.left_out:
        left_out = words.recorded("left_out", "; ".join(map(str, meter.left_out)), 600)
        blocks.append(Paragraph((say["entry.left_out"], " ", left_out), "explain"))
    return tuple(blocks)


def _source(source: SourceDescription, words: Wording) -> str:
    return words.text(
        "page.source",
        component=words.named("component", source.component),
        grade=words.named("grade", source.grade).lower(),
        uncertainty=uncertainty(source.relative_uncertainty, words.language),
    )


def _hardware(hardware: Hardware, words: Wording) -> tuple[Block, ...]:
    say, text = words.say, words.text
    facts = [
        fact(say["entry.profile"], name(hardware.profile)),
        fact(say["entry.processor"], name(hardware.processor)),
        fact(
            say["entry.cores"],
            text("entry.cores_and_memory", n=hardware.cores, memory=hardware.memory_gib),
        ),
        fact(
            say["entry.system"],
            name(
                f"{hardware.operating_system}, Linux {hardware.kernel}, {hardware.architecture}",
                120,
            ),
        ),
        fact(say["entry.hypervisor"], named(_hypervisor(hardware, words))),
    ]
    if hardware.accelerators:
        facts.append(Fact(say["entry.accelerators"], tuple(map(name, hardware.accelerators[:16]))))
    if hardware.governor is not None:
        facts.append(fact(say["entry.governor"], name(hardware.governor)))
    if hardware.turbo is not None:
        facts.append(fact(say["entry.turbo"], say["entry.yes" if hardware.turbo else "entry.no"]))
    if hardware.power_limits_watts:
        limits = [
            f"{shorten(zone, 60)} {words.figure(watts)} W"
            for zone, watts in sorted(hardware.power_limits_watts.items())[:16]
        ]
        facts.append(Fact(say["entry.power_limits"], tuple(limits)))
    if hardware.entry_cores is not None:
        cores = ", ".join(map(str, hardware.entry_cores[:64]))
        facts.append(fact(say["entry.entry_cores"], cores))
    return (Facts(tuple(facts)),)


def _hypervisor(hardware: Hardware, words: Wording) -> str:
    if hardware.hypervisor is None:
        return words.say["entry.none"]
    return words.called("hypervisor", hardware.hypervisor)


def _isolation(content: bytes, words: Wording) -> tuple[Block, ...]:
    text, isolation = words.text, isolation_of(content)
    held = [each for each in isolation.checks if each.held]
    open_gaps = [each for each in isolation.checks if not each.held]
    blocks: list[Block] = [
        Paragraph(
            (
                Said("strong", text("entry.isolation_grade", grade=shorten(isolation.grade, 20))),
                " ",
                words.recorded("method", isolation.method, 200),
            )
        ),
        Paragraph(
            (
                text("entry.held", n=len(held)),
                " ",
                words.recorded("checks", ", ".join(each.name for each in held), 1500),
            ),
            "explain",
        ),
    ]
    if open_gaps:
        blocks.append(Paragraph(text("entry.gaps", n=len(open_gaps))))
        blocks.append(Listing(tuple([_gap(each, words) for each in open_gaps[:MOST_ROWS]])))
    return tuple(blocks)


def _gap(gap: IsolationCheck, words: Wording) -> Inline:
    """Say what was open, what was seen there and what to do: all of it in one language."""
    said = (("checks", gap.name), ("seen", gap.seen), ("gap", gap.remedy))
    called, seen, remedy = [words.recorded(kind, text, 400) for kind, text in said]
    if type(called) is type(seen) is type(remedy) is str:
        open_there = f"{words.text('page.colon', name=called)} {seen}."
        return with_code(f"{open_there} {spelt.sentence_case(remedy)}.")
    return with_code(english(f"{gap.name}: {gap.seen}. {gap.remedy}", 400))


def _environment(environment: EnvironmentReference | None, words: Wording) -> tuple[Block, ...]:
    say = words.say
    if environment is None:
        return (Paragraph(say["entry.own_packages"]),)
    shown = environment.packages[:MOST_PACKAGES]
    rest = len(environment.packages) - len(shown)
    facts = [
        fact("Python", name(environment.python)),
        fact(say["entry.lock"], code(environment.lock_digest[:64])),
        fact(say["entry.installed"], code(environment.digest[:64])),
        fact(
            say["entry.installer"],
            name(environment.installer),
            words.text(f"entry.from_{environment.source}"),
        ),
    ]
    packages = words.language.text("entry.package_list", n=len(environment.packages))
    more = f" {words.text('entry.more', n=rest)}" if rest else ""
    listed = shorten(", ".join(shown), 2000) + more
    return Facts(tuple(facts)), Paragraph((packages, " ", Said("name", listed)))


def _lifecycle(lifecycle: Lifecycle | None, words: Wording) -> tuple[Block, ...]:
    """Say what the team declares; what it does not is unknown, and is never given as nothing."""
    say = words.say

    def energy(kwh: float | None) -> Inline:
        if kwh is None:
            return quiet(say["entry.unknown"])
        return f"{words.figure(kwh)} kWh"

    declared = lifecycle or Lifecycle()
    facts = [
        fact(say["entry.training"], energy(declared.training_kwh)),
        fact(say["entry.fine_tuning"], energy(declared.fine_tuning_kwh)),
    ]
    if lifecycle is not None:
        provenance = words.text(f"entry.provenance_{lifecycle.provenance or 'unknown'}")
        facts.append(fact(say["entry.provenance"], provenance))
        for key, value in (("hardware", lifecycle.hardware), ("source", lifecycle.source)):
            facts.append(
                fact(
                    words.text(f"entry.lifecycle_{key}"),
                    quiet(say["entry.unknown"]) if value is None else name(value, 300),
                )
            )
    return Paragraph(say["entry.lifecycle_why"], "explain"), Facts(tuple(facts))


def kept(view: EntryView, words: Words) -> Section:
    """Say where the records lie, by which digests they can be checked, and who signed."""
    record, made = view.latest.record, view.latest.record.signature
    return _of_record(
        words,
        "entry.records" if view.on_board else "entry.record_file",
        tuple([words.quote("code", each.path) for each in view.records[-MOST_ROWS:]]),
        (words.quote("code", view.latest.digest), words.quote("code", record.submission.digest)),
        words.moment(plain(record.created_utc)),
        (code(record.data.digest), code(record.task.digest), code(record.rules.digest)),
        name(record.rules.version),
        shorten(record.harness_version, 40),
        None if made is None else (code(made.key), _signer(view.latest.signed_by)),
    )


@lru_cache(maxsize=KEPT)
def _of_record(  # noqa: PLR0917 - all that is said there
    words: Words,
    files: str,
    paths: tuple[Said, ...],
    digests: tuple[Said, Said],
    moment: str,
    common: tuple[Said, Said, Said],
    rules: Said,
    version: str,
    signed: tuple[Said, Said | None] | None,
) -> Section:
    """Say it; ``digests`` are of the record and of the entry's folder.

    ``common`` are those of data, task and rules; ``signed`` is with which key, and whose it is. All
    are cut to what is shown: texts of a record may be long, and these are kept.
    """
    say = words.say
    data, task, of_rules = common
    facts = (
        Fact(say[files], paths),
        fact(say["entry.record_digest"], digests[0]),
        fact(say["entry.entry_digest"], digests[1]),
        fact(say["entry.data_digest"], data),
        fact(say["entry.task_digest"], task),
        fact(say["entry.rules_digest"], (rules, " ", of_rules)),
        Fact(say["entry.signature"], tuple(_signature(signed, words))),
        fact(say["entry.made"], moment, words.text("entry.by_harness", version=version)),
    )
    why = (Paragraph(say["entry.latest_file"], "explain"),) if len(paths) > 1 else ()
    return Section("record", say["entry.record"], (*why, Facts(facts)), repeats=True)


def _signer(by: str | None) -> Said | None:
    return None if by is None else name(by)


def _signature(signed: tuple[Said, Said | None] | None, words: Words) -> Iterator[Inline]:
    """Say who signed the latest record, and that the signature was found good when reading it."""
    if signed is None:
        yield words.say["entry.unsigned"]
        return
    key, by = signed
    if by is None:
        yield words.say["entry.unverified"]
    else:
        yield (words.say["entry.signed_by"], " ", by)
    yield (words.say["entry.key"], " ", key)
