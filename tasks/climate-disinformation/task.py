"""Sample data for the climate task, and variants of quotes.

A sample item is one wording of a *claim core* (``cores.toml``) in the speech of a letter, a post or
a report. Two things keep words alone from solving it: test items are worded as no train item is
(three in five make a claim that train knows, two in five a claim that it has never seen), and three
in five quotes also name a topic of another class.
"""

from __future__ import annotations

import hashlib
import random
import re
import tomllib
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from harness.tasks.protocol import Item, Sample

T = TypeVar("T")

GENERATOR_VERSION = 1
ITEMS = {"train": 3000, "test": 1200}

CLASS_SHARES = (0.16, 0.14, 0.14, 0.12, 0.13, 0.12, 0.11, 0.08)
NEW_CORES = 6
"""Cores of each class that only the test split has."""
NEW_CORE_SHARE = 0.4
"""Share of test items that make the claim of such a core."""
SLOGAN = 0.45
"""Shares of the items that have a slogan of their class, a topic of another class, and so on."""
DISTRACTED = 0.6
OPENED = 0.5
CLOSED = 0.4
LOWER_CASE = 0.15
TYPOS = 0.1
MISLABELLED = 0.06
"""Share of the items of ``NEIGHBOURS`` that carry the neighbour's label, as annotators' do."""
NEIGHBOURS = {5: 6, 6: 5, 4: 7, 7: 4}

CHOICE = re.compile(r"\{([^{}]*\|[^{}]*)\}")


class Wording(NamedTuple):
    """One sentence of a core, its choices still open."""

    core: str
    text: str


class Stock(NamedTuple):
    """What ``cores.toml`` holds; the outer index is the label."""

    cores: tuple[tuple[tuple[Wording, ...], ...], ...]
    slogans: tuple[tuple[str, ...], ...]
    topics: tuple[tuple[str, ...], ...]
    speech: dict[str, list[str]]


class Dice(random.Random):
    """Draws that come out alike everywhere.

    Python promises the same ``random()`` in every version, but not the same ``choice`` or
    ``shuffle``; NumPy promises neither of its generators. Everything here is drawn by ``random()``.
    """

    def below(self, n: int) -> int:
        """Return an integer from 0 to n - 1."""
        return int(self.random() * n)

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        return options[self.below(len(options))]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """Return the options in random order (Fisher and Yates)."""
        made = list(options)
        for last in range(len(made) - 1, 0, -1):
            other = self.below(last + 1)
            made[last], made[other] = made[other], made[last]
        return made


def generate(seed: int, split: str) -> Iterator[Item]:
    """Yield the items of one split, ``"train"`` or ``"test"``, in their order.

    Every text is unique in its split and no text is in both. ``group`` is the claim core.
    Raises ``KeyError`` for another split.
    """
    stock = read_stock()
    dice = Dice(f"climate-disinformation/{GENERATOR_VERSION}/{seed}/{split}")
    wordings = partition(stock)[split]
    pools = [[cycle(dice.shuffled(pool)) for pool in of_class] for of_class in wordings]
    seen: set[str] = set()
    for label in dice.shuffled(class_labels(ITEMS[split])):
        pool = pools[label][split == "test" and dice.random() < NEW_CORE_SHARE]
        wording = next(pool)
        text = speak(stock, wording, label, dice)
        while text in seen:
            text = speak(stock, wording, label, dice)
        seen.add(text)
        swapped = label in NEIGHBOURS and dice.random() < MISLABELLED
        yield Item(
            id=hashlib.sha256(f"{seed}/{text}".encode()).hexdigest()[:16],
            sample=text,
            label=NEIGHBOURS[label] if swapped else label,
            group=wording.core,
        )


def read_stock() -> Stock:
    """Read ``cores.toml``; its tables list the classes in the order of the labels."""
    with Path(__file__).with_name("cores.toml").open("rb") as file:
        tables: dict[str, Any] = tomllib.load(file)
    cores = tuple(
        tuple(
            tuple(Wording(f"{name}/{number}", text) for text in wordings)
            for number, wordings in enumerate(of_class)
        )
        for name, of_class in tables["cores"].items()
    )
    slogans = tuple(tuple(tables["slogans"][name]) for name in tables["cores"])
    topics = tuple(tuple(tables["topics"][name]) for name in tables["cores"])
    return Stock(cores, slogans, topics, tables["speech"])


def partition(stock: Stock) -> dict[str, list[list[list[Wording]]]]:
    """Deal the wordings: split → label → [of cores that train knows, of cores it does not].

    A known core keeps one wording for test; a new core gives test all of its wordings. It is the
    same for every seed, so that what trained on one seed can be tested on another.
    """
    dice = Dice(f"climate-disinformation/{GENERATOR_VERSION}/partition")
    dealt: dict[str, list[list[list[Wording]]]] = {"train": [], "test": []}
    for of_class in stock.cores:
        cores = [dice.shuffled(core) for core in dice.shuffled(of_class)]
        new, known = cores[:NEW_CORES], cores[NEW_CORES:]
        dealt["train"].append([[wording for core in known for wording in core[1:]]])
        dealt["test"].append([[core[0] for core in known], [w for core in new for w in core]])
    return dealt


def class_labels(items: int) -> list[int]:
    """Return the labels of a split, ``CLASS_SHARES`` of each; rounding goes to class 0."""
    counts = [int(share * items) for share in CLASS_SHARES]
    counts[0] += items - sum(counts)
    return [label for label, count in enumerate(counts) for _ in range(count)]


def speak(stock: Stock, wording: Wording, label: int, dice: Dice) -> str:
    """Put a wording into speech: its choices made, talk around it, sometimes a slip of the pen."""
    claim = choose(wording.text, dice)
    if dice.random() < SLOGAN:
        claim += " " + choose(dice.pick(stock.slogans[label]), dice)
    opener = dice.pick(stock.speech["openers"]) if dice.random() < OPENED else ""
    closer = " " + dice.pick(stock.speech["closers"]) if dice.random() < CLOSED else ""
    if dice.random() < DISTRACTED:
        other = (label + 1 + dice.below(len(stock.topics) - 1)) % len(stock.topics)
        topic = dice.pick(stock.topics[other])
        if dice.below(2):
            opener += dice.pick(stock.speech["distractions"]).replace("{}", topic)
        else:
            closer = " " + dice.pick(stock.speech["afterthoughts"]).replace("{}", topic) + closer
    text = join(opener, claim) + closer
    text = ". ".join(part[:1].upper() + part[1:] for part in text.split(". "))
    if dice.random() < LOWER_CASE:
        text = text.lower()
    if dice.random() < TYPOS:
        text = mistype(text, dice)
    return text


def choose(text: str, dice: Dice) -> str:
    """Take one option of every ``{a|b}``."""
    return CHOICE.sub(lambda found: dice.pick(found[1].split("|")), text)


def join(opener: str, claim: str) -> str:
    """Set the claim after its opener, in lower case where the sentence goes on."""
    goes_on = opener.endswith((", ", "but "))
    first = claim.split(maxsplit=1)[0].rstrip(",.:")
    if goes_on and first in COMMON_FIRST_WORDS:
        claim = claim[0].lower() + claim[1:]
    return opener + claim


COMMON_FIRST_WORDS = frozenset(
    {
        "A", "Adding", "After", "An", "At", "Before", "Between", "By", "Each", "For", "From",
        "Half", "Human", "It", "Most", "Natural", "No", "Nobody", "On", "Only", "Our", "Records",
        "So", "The", "There", "They", "This", "We", "What", "When", "Whatever", "Without", "You",
    }
)  # fmt: skip
"""First words that lose their capital inside a sentence; others may be names."""


def mistype(text: str, dice: Dice) -> str:
    """Swap two letters inside one of the longer words."""
    words = list(re.finditer(r"[A-Za-z]{4,}", text))
    word = dice.pick(words)
    at = word.start() + 1 + dice.below(len(word[0]) - 3)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


PART = 1 << 16
"""Characters that are looked at together, at least; hardly any quote has as many."""
WORDS_PER_EDIT = 25
"""A variant has one slip and one swap for every so many words, and at least one of each.

More would make it dearer: a slip splits a word into two or three tokens. Length stays within 3 %.
"""
MIDDLING = range(4, 8)
DRIFT = 0.03
WORD = re.compile(r"(?<!\w)([^\W\d_]++)(?!\w)")
"""Letters only: what holds a digit, as CO2 does, is left alone."""
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
SYNONYMS = {
    one: other
    for pair in (
        "about around", "almost nearly", "although though", "answer reply", "begin start",
        "big large", "but yet", "entire whole", "every each", "false wrong", "folks people",
        "huge vast", "idea notion", "likely probably", "maybe perhaps", "main chief",
        "quite rather", "since because", "small little", "think believe", "tiny minute",
    )
    for one, other in (pair.split(), pair.split()[::-1])
}  # fmt: skip


def perturb(sample: Sample, rng: np.random.Generator) -> Sample:
    """Return the quote with other wording: slips of the pen, neighbours swapped, synonyms.

    It says the same and costs the same, but its words are not those of any list made beforehand,
    in lower case neither. Differs from ``sample`` unless that is empty. Any script; linear in
    length. Raises ``TypeError`` for bytes.
    """
    if not isinstance(sample, str):
        raise TypeError(f"a quote is str, not {type(sample).__name__}")
    return "".join(_reworded(part, rng) for part in _parts(sample))


def _parts(text: str) -> Iterator[str]:
    """Cut a text where a word ends, so that one of megabytes takes the memory of its parts."""
    start = 0
    while start < len(text):
        blank = text.find(" ", start + PART, start + 2 * PART)
        stop = blank if blank >= 0 else start + 2 * PART
        yield text[start:stop]
        start = stop


def _reworded(sample: str, rng: np.random.Generator) -> str:
    pieces = WORD.split(sample)  # words at odd positions, what is between them at even ones
    positions = [1 + 2 * int(drawn) for drawn in rng.permutation(len(pieces) // 2)]
    edits = 1 + len(positions) // WORDS_PER_EDIT
    touched = slip_words(pieces, positions, edits, rng)
    touched |= swap_neighbours(pieces, positions, edits, touched)
    if not touched:
        return sample + "!?.,"[int(rng.integers(4))]
    substitute(pieces, positions[::2], touched, int(DRIFT * len(sample)))
    return "".join(pieces)


def slip_words(
    pieces: list[str], positions: list[int], edits: int, rng: np.random.Generator
) -> set[int]:
    """Mistype words of middling length, others where there are none; return their positions."""
    touched: set[int] = set()
    for position in sorted(positions, key=lambda at: len(pieces[at]) not in MIDDLING):
        if len(touched) == edits:
            break
        slipped = slip(pieces[position], rng)
        if slipped != pieces[position]:
            pieces[position] = slipped
            touched.add(position)
    return touched


def slip(word: str, rng: np.random.Generator) -> str:
    """Swap two letters or, in Latin script, hit a wrong one; unchanged where neither can be."""
    at = int(rng.integers(len(word)))
    if word.isascii() and rng.integers(2):
        steps = 1 + int(rng.integers(len(ALPHABET) - 1))
        letter = ALPHABET[(ALPHABET.index(word[at].lower()) + steps) % len(ALPHABET)]
        return word[:at] + (letter.upper() if word[at].isupper() else letter) + word[at + 1 :]
    for left in (*range(at, len(word) - 1), *range(at)):
        pair = word[left : left + 2]
        if pair[0].casefold() != pair[-1].casefold():
            return word[:left] + pair[::-1] + word[left + 2 :]
    return word


def swap_neighbours(
    pieces: list[str], positions: list[int], edits: int, taken: set[int]
) -> set[int]:
    """Swap untouched words with the next one; return the positions of both."""
    touched: set[int] = set()
    for position in positions:
        if len(touched) == 2 * edits:
            break
        both = {position, position + 2}
        if position + 2 >= len(pieces) or pieces[position + 1] != " ":
            continue
        if not (both.isdisjoint(taken) and both.isdisjoint(touched)):
            continue
        one, other = pieces[position], pieces[position + 2]
        if one.casefold() != other.casefold():
            pieces[position], pieces[position + 2] = other, one
            touched |= both
    return touched


def substitute(pieces: list[str], positions: list[int], taken: set[int], drift: int) -> None:
    """Put synonyms for untouched words, as long as the length drifts by ``drift`` at most."""
    drifted = 0
    for position in positions:
        synonym = SYNONYMS.get(pieces[position])
        if synonym is None or position in taken:
            continue
        longer = len(synonym) - len(pieces[position])
        if abs(drifted + longer) <= drift:
            pieces[position] = synonym
            drifted += longer
