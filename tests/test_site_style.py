"""The style: colours that everybody can tell apart and read, and nothing from outside.

Colours are read from the style sheet and from the badges. How the colour-blind see them is
simulated at full severity by the matrices of G. M. Machado, M. M. Oliveira and L. A. F. Fernandes,
*A physiologically-based model for simulation of color vision deficiency*, IEEE TVCG 15(6), 2009,
on linear RGB. Differences are Euclidean in CIE L*a*b* (CIE 1976, white D65); contrast is that of
WCAG 2.2.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import combinations, pairwise

import pytest

from harness.site.badge import (
    CLASS_COLOURS,
    LIGHT_INK,
    LIGHT_PAPER,
    NO_CLASS,
    PLAIN_INK,
    PLAIN_PAPER,
)
from harness.site.frame import STYLE_PARTS, style_sheet
from harness.site.preview import ACCENT, COLOURS, INK, PAPER, QUIET

Linear = tuple[float, float, float]
Matrix = tuple[Linear, Linear, Linear]

SEEN_BY: dict[str, Matrix] = {
    "everybody else": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopes": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopes": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopes": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
TEXT, GRAPHICS = 4.5, 3.0
"""Least contrasts: WCAG 2.2, 1.4.3 for text (AA) and 1.4.11 for what is drawn."""
APART = 18.0
"""Least difference of two colours that stand for different things; about 2.3 can just be seen."""
SCHEMES = ("light", "dark", "print")


@cache
def schemes() -> dict[str, dict[str, str]]:
    """Read the colours of each scheme: those of light hold where another says nothing."""
    style = style_sheet()
    light = properties(re.search(r"^:root \{(.*?)^\}", style, re.DOTALL | re.MULTILINE))
    found = {"light": light}
    for name, query in (("dark", r"\(prefers-color-scheme: dark\)"), ("print", "print")):
        block = re.search(rf"@media {query} \{{\s*:root \{{(.*?)\}}", style, re.DOTALL)
        found[name] = light | properties(block)
    return found


def properties(block: re.Match[str] | None) -> dict[str, str]:
    assert block is not None
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block[1]))


def linear(colour: str) -> Linear:
    red, green, blue = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    return to_linear(red), to_linear(green), to_linear(blue)


def to_linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    lights = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in map(linear, (one, other)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def lab(colour: Linear) -> Linear:
    red, green, blue = colour
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    fx, fy, fz = (
        float(v ** (1 / 3)) if v > (6 / 29) ** 3 else v / (3 * (6 / 29) ** 2) + 4 / 29
        for v in (x, y, z)
    )
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def seen(colour: str, by: str) -> Linear:
    """Return the colour as they see it, in CIE L*a*b*."""
    parts = linear(colour)
    red, green, blue = (
        min(1.0, max(0.0, sum(weight * part for weight, part in zip(row, parts, strict=True))))
        for row in SEEN_BY[by]
    )
    return lab((red, green, blue))


def difference(one: str, other: str, by: str) -> float:
    pairs = zip(seen(one, by), seen(other, by), strict=True)
    return float(sum((a - b) ** 2 for a, b in pairs) ** 0.5)


def test_the_measures_know_what_is_published() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # just too little
    assert seen("#ff0000", "everybody else") == pytest.approx((53.24, 80.09, 67.20), abs=0.02)
    for by in SEEN_BY:  # greys stay as they are
        assert difference("#808080", "#ffffff", by) == pytest.approx(46.4, abs=0.2)


def test_the_simulation_finds_colours_that_some_cannot_tell_apart() -> None:
    """A red and a green that are as light: worthless to the two commonest kinds."""
    assert difference("#c83c3c", "#6e7832", "everybody else") > 50
    assert difference("#a06a00", "#6f7f00", "deuteranopes") < APART
    assert difference("#0a7ac8", "#0a8a78", "tritanopes") < difference(
        "#0a7ac8", "#0a8a78", "everybody else"
    )


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("ink", "paper", "least"),
    [
        ("ink", "paper", TEXT), ("ink", "raised", TEXT), ("ink", "accent-wash", TEXT),
        ("quiet", "paper", TEXT), ("quiet", "raised", TEXT), ("quiet", "accent-wash", TEXT),
        ("accent", "paper", TEXT), ("accent", "raised", TEXT), ("accent", "accent-wash", TEXT),
        ("strong-ink", "strong-paper", TEXT), ("paper", "accent", TEXT), ("ink", "load", TEXT),
        ("deep", "warm-up", TEXT), ("other", "paper", GRAPHICS),
        ("accent", "paper", GRAPHICS), ("quiet", "paper", GRAPHICS),
    ],
)  # fmt: skip
def test_text_and_marks_stand_out_enough(scheme: str, ink: str, paper: str, least: float) -> None:
    colours = schemes()[scheme]
    assert contrast(colours[ink], colours[paper]) >= least


@pytest.mark.parametrize("by", SEEN_BY)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_on_the_front_differs_from_what_is_not_for_everybody(scheme: str, by: str) -> None:
    colours = schemes()[scheme]
    meaning = [colours[name] for name in ("accent", "other", "ink", "paper")]
    for one, other in combinations(meaning, 2):
        assert difference(one, other, by) >= APART, (one, other)


@pytest.mark.parametrize("by", SEEN_BY)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_phases_beside_each_other_differ_for_everybody(scheme: str, by: str) -> None:
    colours = schemes()[scheme]
    phases = [colours[name] for name in ("quiet", "load", "warm-up", "accent", "ink")]
    for one, other in pairwise(phases):
        assert difference(one, other, by) >= 12, (one, other)


@pytest.mark.parametrize("by", SEEN_BY)
def test_neighbouring_classes_of_badges_differ_and_grow_lighter_for_everybody(by: str) -> None:
    papers = [paper for paper, _ in CLASS_COLOURS.values()]
    for one, other in pairwise(papers):
        assert seen(one, by)[0] < seen(other, by)[0]
        assert difference(one, other, by) >= 5, (one, other)


def test_the_preview_picture_has_the_colours_of_the_page() -> None:
    light = schemes()["light"]
    for name, layer in (("paper", PAPER), ("ink", INK), ("quiet", QUIET), ("accent", ACCENT)):
        assert "#{:02x}{:02x}{:02x}".format(*COLOURS[layer]) == light[name]


def test_badges_can_be_read() -> None:
    pairs = [*CLASS_COLOURS.values(), NO_CLASS, (PLAIN_PAPER, PLAIN_INK), (LIGHT_PAPER, LIGHT_INK)]
    assert all(contrast(paper, ink) >= TEXT for paper, ink in pairs)


def test_every_colour_of_a_rule_is_one_of_the_schemes() -> None:
    """A colour that stands in a rule itself is the same in light and in dark, and not meant so."""
    rules = re.sub(r"@media print \{.*?\n\}\n|:root \{.*?\}", "", style_sheet(), flags=re.DOTALL)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^{}]*\{)|\brgba?\(|\bhsla?\(", rules) == []


def test_every_property_that_is_used_is_there_in_light_and_in_dark() -> None:
    style, found = style_sheet(), schemes()
    used = set(re.findall(r"var\(--([a-z-]+)\)", style))
    known = set(re.findall(r"--([a-z-]+):", style))
    assert used <= known
    assert {name for name in found["light"] if name in used} <= found["dark"].keys()


def test_the_style_asks_for_nothing_and_is_its_parts_in_order() -> None:
    style = style_sheet()
    assert not re.search(r"url\(|@import|@font-face|expression|https?://", style)
    assert style.index("The leaderboard.") < style.index("On paper:")
    assert len(STYLE_PARTS) == len(set(STYLE_PARTS)) == 6
    assert style.count("{") == style.count("}")


@pytest.mark.parametrize(
    "query",
    ["prefers-color-scheme: dark", "prefers-reduced-motion: reduce", "forced-colors: active",
     "prefers-contrast: more", "max-width: 40rem"],
)  # fmt: skip
def test_readers_wishes_are_heeded(query: str) -> None:
    assert f"({query})" in style_sheet()


def test_the_focus_is_seen_wherever_its_outline_is_taken_away() -> None:
    style = style_sheet()
    assert re.search(r"^:focus-visible \{\s*outline: 3px solid", style, re.MULTILINE)
    for rule in re.finditer(r"([^{}]+)\{[^{}]*outline: none", style):
        selector = rule[1].strip().splitlines()[-1].strip()
        assert re.search(rf"{re.escape(selector)} \.shape", style), f"{selector} shows no focus"
