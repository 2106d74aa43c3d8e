"""When two spellings are one team, and when one only looks like another. Pure."""

# ruff: noqa: RUF001 - letters that look alike are what this is about

from __future__ import annotations

import unicodedata


def team_key(team: str) -> str:
    """Spell a team's name the one way that it is counted and looked up under.

    Letters' case, spaces, characters that are the same by compatibility (NFKC) and those that show
    nothing make no new team. Letters of other scripts that look alike do; ``appearance`` sees the
    usual ones.
    """
    for _ in range(2):  # what compatibility makes of a letter may have a case again
        team = unicodedata.normalize("NFKC", _shown(team).casefold())
    return " ".join(team.split())


def appearance(team: str) -> str:
    """Return what names that can be taken for one another have in common.

    Beyond ``team_key``: accents, spaces and punctuation, digits that pass for letters, and the
    letters of Cyrillic, Greek, Armenian and of rarer Latin that look like plain Latin ones. It is
    a short table after the idea of UTS #39's confusables, not the whole of it: letters of further
    scripts are told apart.
    """
    plain = unicodedata.normalize("NFKD", _shown(team))
    plain = team_key("".join(c for c in plain if not unicodedata.combining(c)).translate(_ALIKE))
    letters = "".join(c for c in plain.translate(_ALIKE) if c.isalnum())
    plain = (letters or plain).translate(_DIGITS)  # a name of emoji alone looks like itself
    for several, one in (("rn", "m"), ("vv", "w"), ("cl", "d")):
        plain = plain.replace(several, one)
    return plain


def _shown(text: str) -> str:
    """Leave out format characters, and what else shows nothing by itself."""
    if text.isascii():  # it has none, and most names are of it
        return text
    return "".join(
        each for each in text if unicodedata.category(each) != "Cf" and not _is_unseen(ord(each))
    )


_UNSEEN = (
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180B, 0x180F),  # Mongolian variation selectors
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFFA0, 0xFFA0),
    (0xE0100, 0xE01EF),
)
"""Code points, the last included, that are no format characters and show nothing either."""


def _is_unseen(code: int) -> bool:
    return any(first <= code <= last for first, last in _UNSEEN)


_PAIRS = (
    # Cyrillic, capital and small
    ("АВЕЅІЈКМНОРСТУХԌԚԜҺ", "ABESIJKMHOPCTYXGQWH"),
    ("авеѕіјкмнорстухԁԛԝһгпьӏ", "abesijkmhopctyxdqwhrnbl"),
    # Greek, where some small letters look like another Latin one than the capital does
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹ", "ABEZHIKMNOPTYXC"),
    ("αβγεηικμνορτυχωϲϳ", "abyenikuvoptuxwcj"),
    # Armenian
    ("ԱՍՕՏՈհոսօցզգ", "UUOSNhnuogqq"),
    # rarer Latin, which has no accent to take off
    ("ıȷɑɡɩɪʟɴʀʏʙʜøłđħŧƒ", "ijagiilnrybholdhtf"),
    ("ØŁĐĦŦ", "OLDHT"),
)
_ALIKE = {
    ord(one): other for ones, others in _PAIRS for one, other in zip(ones, others, strict=True)
}
_DIGITS = str.maketrans("01i|", "olll")
"""What is written 1, l or I (small by now) is one letter, as 0 and O are."""
