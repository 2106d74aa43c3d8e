"""What records say in English: found again, and said in French."""

from __future__ import annotations

import ast
import re
import time
from functools import cache
from pathlib import Path
from string import Formatter

import msgspec
import pytest
from notice_codes import FOR_THE_TERMINAL, HARNESS, notice_codes
from recorded_sentences import kinds, notices, sentences

from harness.meters.nvml import name_reasons
from harness.records.evaluation import EvaluationRecord
from harness.sandbox import probe
from harness.sandbox.attempts import ATTEMPTS, PINNED_ATTEMPTS
from harness.sandbox.probe import ENFORCED, USER
from harness.site.language import Language, language
from harness.site.paths import MAIN_LANGUAGE
from harness.site.recorded import MESSAGE, TABLE, _sentences, in_words
from harness.site.strings import catalogue
from harness.site.words import said_after

FRENCH, ENGLISH = language("fr"), language("en")
RESULTS = Path(__file__).parent.parent / "leaderboard" / "results"
OF_PAIRS = frozenset({"other-standing", "run-apart", "same-everywhere", "unpaired-quality"})
"""What ``compare`` says, on the terminal alone."""
PART = re.compile(r"[a-z]+(?:[ '-][a-z]+){2,}", re.IGNORECASE)
WORD = re.compile(r"[A-Za-z0-9_.'-]*[A-Za-z0-9]")
RUN = 3
AT_SEAMS = 4
"""Words of a sentence that may stand where the program puts it together: ``session`` and ``s``."""
FROM_ELSEWHERE = "zone."
"""Kinds that the program takes from codecarbon's table, and writes none of."""


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_each_sentence_is_found_whatever_others_are_like_it(kind: str) -> None:
    for name, text in sentences(kind):
        key = f"{TABLE}{kind}.{name}"
        spoken = in_words(kind, text, FRENCH)
        assert spoken is not None, text
        literal = re.split(r"\{\w+\}", catalogue("fr")[key])  # type: ignore[arg-type] # no plural
        assert [each for each in literal if each not in spoken] == [], text


def test_every_notice_of_the_program_is_known_with_its_remedy() -> None:
    known = {notice.code for notice in notices()}
    assert sorted(notice_codes() - known - OF_PAIRS) == []


def test_no_sentence_takes_a_stranger_more_than_quadratic_time() -> None:
    """Each hole that holds anything, and does not end the sentence, multiplies the ways to fail."""
    for key, sentence in {each for of_kind in _sentences().values() for each in of_kind}:
        assert sentence.removesuffix(".+)").count(".+") <= 2, key


@pytest.mark.parametrize("spoken", [FRENCH, ENGLISH], ids=["fr", "en"])
def test_no_notice_begins_with_the_title_that_it_stands_behind(spoken: Language) -> None:
    for notice in notices():
        title = spoken.name("warning", notice.code)
        message = in_words(notice.code + MESSAGE, notice.message, spoken) or notice.message
        assert not said_after(message, title).casefold().startswith(title.casefold()), message


def test_sentences_are_in_the_catalogue_as_the_program_writes_them() -> None:
    """Of each notice, what stands between its figures."""
    left, said = [], 0
    for path in sorted(HARNESS.rglob("*.py")):
        place = f"{path.parent.name}/{path.name}"
        if place in {*FOR_THE_TERMINAL, "ranking/compare.py"} or "templates" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Notice":
                said += len(parts := _parts(node))
                left += [part for part in parts if part not in _known()]
    assert left == []
    assert said > 150


def _parts(call: ast.Call) -> list[str]:
    texts = [
        each.value
        for keyword in call.keywords
        if keyword.arg in {"message", "remedy"}
        for each in ast.walk(keyword.value)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    return [part for text in texts for part in PART.findall(text)]


def _known() -> str:
    return "\n".join(
        str(message).replace("’", "'").replace("\u00a0", " ")  # noqa: RUF001
        for key, message in catalogue(MAIN_LANGUAGE).items()
        if key.startswith(TABLE)
    )


def test_every_sentence_of_the_catalogue_is_one_that_the_program_writes() -> None:
    written = _runs_written()
    unwritten = {
        key: left
        for key, message in catalogue(MAIN_LANGUAGE).items()
        if key.startswith(TABLE) and not key.startswith(TABLE + FROM_ELSEWHERE)
        if (left := _unwritten(str(message), written))
    }
    assert unwritten == {}


def test_a_sentence_that_nothing_writes_would_be_found() -> None:
    written = _runs_written()
    made_up = "the entry’s lamp was seen to blink in {sessions}: cover it, and evaluate again"  # noqa: RUF001
    assert _unwritten(made_up, written) != []
    assert _unwritten("lamp limit", written) == ["lamp"]


def _unwritten(template: str, written: frozenset[tuple[str, ...]]) -> list[str]:
    """Return the words of a sentence that stand in no run of words of the program: none where
    they are so few as may stand at seams. A sentence of so few is looked for word by word.
    """
    parts = [WORD.findall(part.replace("’", "'")) for part, *_ in Formatter().parse(template)]  # noqa: RUF001
    short = sum(map(len, parts)) <= AT_SEAMS
    left = []
    for words in parts:
        size = 1 if short else min(RUN, len(words))
        found = {
            at + step
            for at in range(len(words) - size + 1)
            if tuple(words[at : at + size]) in written
            for step in range(size)
        }
        left += [word for at, word in enumerate(words) if at not in found]
    return left if short or len(left) > AT_SEAMS else []


@cache
def _runs_written() -> frozenset[tuple[str, ...]]:
    """Return every run of up to three words in a string of the program, docstrings left out."""
    runs = set()
    for path in sorted(HARNESS.rglob("*.py")):
        if path.relative_to(HARNESS).parts[0] == "site":  # which writes pages, and no records
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            words = WORD.findall(node.value) if id(node) not in told else []
            for size in range(1, RUN + 1):
                runs |= {tuple(words[at : at + size]) for at in range(len(words) - size + 1)}
    return frozenset(runs)


def test_codes_in_a_sentence_are_called_by_their_names_in_english_too() -> None:
    text = "3 of 18 sessions were disturbed and are void (kernel-changed, made-up)"
    said = in_words("void-sessions.message", text, ENGLISH) or ""
    assert said.endswith("are void (The machine’s speed changed, made-up)")  # noqa: RUF001
    other = "the cores ran otherwise (kernel-changed)"
    assert in_words("void-sessions.message", other, ENGLISH) is None
    assert (
        in_words("quality-in-steps.remedy", "nothing: ranks come from the exact ones", ENGLISH)
        is None
    )


def test_what_the_sandbox_tries_has_a_name_in_french() -> None:
    names = {*ATTEMPTS, *PINNED_ATTEMPTS, USER, ENFORCED, "memory limit", "processes limit"}
    assert [name for name in sorted(names) if in_words("checks", name, FRENCH) is None] == []
    assert in_words("checks", "files, signals", FRENCH) == "fichiers, signaux"


def test_what_closes_a_gap_is_said_in_french() -> None:
    remedies = {*probe._REMEDIES.values(), probe._OTHERWISE}
    remedies |= {*probe._ENFORCED_REMEDY.values(), *probe._UNSEEN_REMEDY.values()}
    assert [each for each in sorted(remedies) if in_words("gap", each, FRENCH) is None] == []


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("wilson or exact over 1200 items", "Wilson ou exact, sur 1\u202f200 éléments"),
        (
            "mid-P over 150 groups, with those unseen, sessions by both t",
            "mid-P sur 150 groupes, avec ceux qui n’ont pas été vus, sessions par les deux t",  # noqa: RUF001
        ),
        (
            "bootstrap variance over 9 groups, PCG64 seed 2; mid-P",
            "variance par bootstrap sur 9 groupes, graine PCG64 2\N{NO-BREAK SPACE}; mid-P",
        ),
        ("2000 resamples, PCG64 seed 2026", "2\u202f000 rééchantillonnages, graine PCG64 2026"),
        ("bootstrap over groups (made up)", None),
        ("wilson or exact over many items", None),
    ],
)
def test_methods_of_intervals_are_put_together_of_what_is_known(
    method: str, said: str | None
) -> None:
    assert in_words("interval", method, FRENCH) == said


def test_figures_are_spelt_anew_and_names_are_left_alone() -> None:
    drift = "energy changed by -1,234.5% from the first session to the last (over 8 sessions; "
    drift += "chance does as much with probability less than 0.0001)"
    spoken = in_words("drift-between-sessions.message", drift, FRENCH) or ""
    assert "\u22121\u202f234,5\u00a0%" in spoken
    assert "moins de 0,0001" in spoken
    copies = "a.b, c: the very same content as d's, and in its row"
    assert "a.b, c" in (in_words("copies.message", copies, FRENCH) or "")
    told = "two entries in the middle of this board are told apart when they differ by about "
    few = f"80 items cannot show what close entries differ by: {told}0.02 in recall:big fire"
    assert "0,02 (rappel\u00a0: big fire)" in (in_words("few-items.message", few, FRENCH) or "")


def test_what_held_a_board_back_is_said_of_each_board_and_each_reason() -> None:
    text = "when a measured phase ended, gpu0 was throttled by software power cap, hardware "
    text += "slowdown, gpu1 was throttled by sync boost, reason 0x200"
    assert in_words("device-throttled.message", text, FRENCH) == (
        "à la fin d’une phase mesurée, gpu0 a été bridé par la limite de puissance logicielle, "  # noqa: RUF001
        "le ralentissement matériel, gpu1 a été bridé par la synchronisation des fréquences "
        "(sync boost), la raison 0x200"
    )


def test_each_reason_that_a_board_gives_is_known() -> None:
    reasons = name_reasons(0b11_1111_1110)
    assert len(reasons) == 9
    assert [each for each in reasons if in_words("brake", each, FRENCH) is None] == []


def test_what_disturbed_a_session_is_said_one_after_the_other() -> None:
    text = "session 2 disturbed, and kept after 3 repeats: the host withheld 9.0% of the "
    text += "machine's CPU time (limit 5.0%); the machine was suspended for 3.5 s"
    spoken = in_words("disturbed.message", text, FRENCH)
    assert spoken is not None
    assert "l’hôte a retenu 9,0\u00a0%" in spoken  # noqa: RUF001
    assert spoken.endswith("\u00a0; la machine a été en veille pendant 3,5 s")


@pytest.mark.parametrize(
    "text", ["", "something new", "use --protocol official now", "x" * 100_000, "; " * 900]
)
def test_what_is_not_known_is_left_to_be_shown_as_it_is(text: str) -> None:
    assert [in_words(kind, text, FRENCH) for kind in ("interval", "few-sessions.remedy")] == [
        None,
        None,
    ]
    assert in_words("no-such-kind", text, FRENCH) is None


def test_in_english_a_record_speaks_for_itself() -> None:
    assert in_words("checks", "files", ENGLISH) is None


@pytest.mark.parametrize("kind", [*sorted(kinds()), ".remedy", ".message"])
def test_what_is_made_to_be_looked_through_for_long_is_not(kind: str) -> None:
    began = time.process_time()
    nested = "".join(
        f"x disturbed, and kept{after}: in session 1 "
        for after in (" after 2 repeats", " after 1 repeat", "")
    )
    nested += "the machine was suspended for 3.5 s; " * 38
    for text in ("a (1: " * 330, "session 1, " * 180, ", digest 0) (" * 140, "x; " * 39, nested):
        in_words.__wrapped__(kind, text, FRENCH)
    assert time.process_time() - began < 2


def test_records_of_the_demonstration_say_nothing_that_is_not_known() -> None:
    left = set()
    for path in sorted(RESULTS.rglob("*.json")):
        if path.name.endswith((".items.json", ".local.json")):
            continue
        record = msgspec.json.decode(path.read_bytes(), type=EvaluationRecord)
        metrics = record.quality.metrics if record.quality else ()
        said = [("interval", each.interval_method) for each in metrics]
        said += [("checks", each.name) for each in record.isolation.checks]
        said += [("method", record.isolation.method)]
        said += [("provenance", each.provenance) for each in record.meter.sources]
        warned = [*record.warnings, *(each for s in record.sessions for each in s.disturbances)]
        warned += [each for void in record.voided for each in void.reasons]
        for each in warned:
            said += [(f"{each.code}.message", each.message), (f"{each.code}.remedy", each.remedy)]
        left |= {each for each in said if in_words(*each, FRENCH) is None}
    assert left == set()
