"""Cut a text into the word pieces of an uncased BERT vocabulary."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

UNKNOWN, BEGIN, END = "[UNK]", "[CLS]", "[SEP]"
LONGEST_WORD = 100
"""A longer one is unknown as a whole, as the vocabulary's own tokenizer has it."""
LONGEST_TEXT = 4096
"""Characters that are read of a text: more than ``LONGEST`` pieces ever need in English."""
LONGEST = 256
"""Pieces of a text, its two marks included: what the model was trained with."""
PLAIN = re.compile(r"[a-z0-9]+|[!-/:-@\[-`{-~]")
PLAIN_CONTROLS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 127])
IDEOGRAPHS = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2CEAF),
    (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip


class WordPiece:
    """A vocabulary, the number of a piece its place in it."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self._numbers = {piece: number for number, piece in enumerate(vocabulary)}

    def numbers(self, text: str) -> list[int]:
        """Return the numbers of a text's pieces between its two marks; ``LONGEST`` at most."""
        found = [self._numbers[BEGIN]]
        for word in words(text[:LONGEST_TEXT]):
            found += self._of_word(word)
            if len(found) >= LONGEST:
                break
        return [*found[: LONGEST - 1], self._numbers[END]]

    def _of_word(self, word: str) -> list[int]:
        """Return a word's pieces, each the longest that fits; ``UNKNOWN`` where one is missing."""
        numbers = self._numbers
        if word in numbers:
            return [numbers[word]]
        unknown = [numbers[UNKNOWN]]
        if len(word) > LONGEST_WORD:
            return unknown
        found: list[int] = []
        begin = 0
        while begin < len(word):
            mark = "##" if begin else ""
            end = len(word)
            while end > begin and mark + word[begin:end] not in numbers:
                end -= 1
            if end == begin:
                return unknown
            found.append(numbers[mark + word[begin:end]])
            begin = end
        return found


def words(text: str) -> Iterable[str]:
    """Return words and signs in lower case, without accents."""
    if text.isascii():
        return PLAIN.findall(text.translate(PLAIN_CONTROLS).lower())
    return "".join(spaced(text)).split()


def spaced(text: str) -> Iterator[str]:
    """Yield the characters of a text in any script, blanks around what is a word of its own."""
    for character in unicodedata.normalize("NFD", text):
        category = unicodedata.category(character)
        if character in "\t\n\r" or category == "Zs":
            yield " "
        elif category == "Mn" or category[0] == "C" or character == "\ufffd":
            continue
        elif is_sign(character, category) or is_ideograph(character):
            yield f" {character} "
        else:
            yield character.lower()


def is_sign(character: str, category: str) -> bool:
    """Return whether a character stands alone: punctuation, and what ASCII has beside it."""
    return category[0] == "P" or (character.isascii() and not character.isalnum())


def is_ideograph(character: str) -> bool:
    """Return whether a character is one of the unified ideographs, each a word of its own."""
    return any(first <= ord(character) <= last for first, last in IDEOGRAPHS)
