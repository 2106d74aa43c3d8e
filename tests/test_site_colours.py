"""The colours of the site can be told apart, by the colour-blind too, and what is written be read.

Reckoned from the style sheet itself: contrast as WCAG 2.2 defines it, and colour vision deficiency
by the matrices of G. M. Machado, M. M. Oliveira and L. A. F. Fernandes, *A Physiologically-based
Model for Simulation of Color Vision Deficiency*, IEEE TVCG 15(6), 2009, at severity 1, on linear
RGB. Distances are CIE 1976, in CIELAB under D65.
"""

from __future__ import annotations

import re
from itertools import combinations, pairwise

import pytest

from harness.site import badge
from harness.site.frame import style_sheet

Colour = tuple[float, float, float]

SEEN_BY = {
    "everybody": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
WHITE = (0.95047, 1.0, 1.08883)

TEXT, SHAPE = 4.5, 3.0
"""Contrast that WCAG 2.2 AA asks for: of small text (1.4.3), of what carries meaning (1.4.11)."""
APART = 10.0
"""Two patches side by side are told at a glance; a just noticeable difference is some 2.3."""

WRITTEN = [
    ("ink", "paper"), ("ink", "raised"), ("ink", "accent-wash"), ("ink", "load"),
    ("quiet", "paper"), ("quiet", "raised"), ("quiet", "accent-wash"),
    ("accent", "paper"), ("accent", "raised"), ("accent", "accent-wash"),
    ("strong-ink", "strong-paper"), ("paper", "accent"), ("paper", "quiet"), ("paper", "ink"),
]  # fmt: skip
"""Ink and what lies under it, somewhere on the pages."""
DRAWN = [("accent", "paper"), ("other", "paper"), ("quiet", "paper"), ("ink", "paper")]
TOLD_APART = [
    ("accent", "other"), ("accent", "ink"), ("other", "ink"), ("accent", "paper"),
    ("other", "paper"), ("load", "warm-up"), ("warm-up", "accent"), ("load", "paper"),
    ("load", "quiet"), ("accent", "load"),
]  # fmt: skip
"""Colours side by side in a picture; that they have a shape or a word too is not reckoned here."""
WARM_UP_INK = "#101817"


def themes() -> dict[str, dict[str, str]]:
    """Read the palettes: what a theme does not name is as in the light."""
    found = [
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{(.*?)\}", style_sheet(), re.DOTALL)
    ]
    light, dark, printed = found
    return {"light": light, "dark": light | dark, "print": light | printed}


def linear(colour: str) -> Colour:
    """Undo the transfer function of sRGB (IEC 61966-2-1)."""
    red, green, blue = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    return _linear(red), _linear(green), _linear(blue)


def _linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)


def times(matrix: tuple[Colour, ...], colour: Colour) -> Colour:
    first, second, third = (sum(a * b for a, b in zip(r, colour, strict=True)) for r in matrix)
    return first, second, third


def lab(colour: Colour) -> Colour:
    """Return CIELAB of linear RGB."""

    def bent(share: float) -> float:
        return float(share ** (1 / 3)) if share > 216 / 24389 else (24389 / 27 * share + 16) / 116

    x, y, z = (bent(v / w) for v, w in zip(times(TO_XYZ, colour), WHITE, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: str, other: str, sight: str) -> float:
    """Return how far two colours lie apart for those who see so."""
    points = []
    for colour in (one, other):
        red, green, blue = times(SEEN_BY[sight], linear(colour))
        points.append(lab((_inside(red), _inside(green), _inside(blue))))
    return sum((a - b) ** 2 for a, b in zip(*points, strict=True)) ** 0.5


def _inside(share: float) -> float:
    return min(1.0, max(0.0, share))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2.2, from 1 to 21."""
    darker, lighter = sorted(times(TO_XYZ, linear(each))[1] for each in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def unlike_enough(one: str, other: str) -> list[str]:
    """Return those who could take one colour for the other."""
    return [sight for sight in SEEN_BY if distance(one, other, sight) < APART]


THEMES = themes()
each_theme = pytest.mark.parametrize("theme", THEMES)


@each_theme
def test_what_is_written_can_be_read(theme: str) -> None:
    colours = THEMES[theme]
    short = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in WRITTEN}
    assert {pair: ratio for pair, ratio in short.items() if ratio < TEXT} == {}
    assert contrast(WARM_UP_INK, colours["warm-up"]) >= TEXT
    assert f".phase.warm-up + text {{ fill: {WARM_UP_INK}; }}" in style_sheet()


@each_theme
def test_what_is_drawn_stands_out(theme: str) -> None:
    colours = THEMES[theme]
    ratios = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in DRAWN}
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < SHAPE} == {}


@each_theme
def test_the_colour_blind_tell_colours_apart_that_mean_something(theme: str) -> None:
    colours = THEMES[theme]
    taken = {(a, b): unlike_enough(colours[a], colours[b]) for a, b in TOLD_APART}
    assert {pair: who for pair, who in taken.items() if who} == {}


def test_energy_classes_can_be_read_and_told_from_the_next() -> None:
    papers = [paper for paper, _ in badge.CLASS_COLOURS.values()]
    assert [ink for paper, ink in badge.CLASS_COLOURS.values() if contrast(paper, ink) < TEXT] == []
    assert {pair: who for pair in pairwise(papers) if (who := unlike_enough(*pair))} == {}
    lightness = [lab(linear(paper))[0] for paper in papers]
    assert lightness == sorted(lightness)  # the order shows in grey, too
    assert len({*papers}) == len(list(combinations(papers, 1)))
    assert contrast(*badge.NO_CLASS) >= TEXT


@pytest.mark.parametrize(
    ("one", "other", "who"),
    [
        ("#000000", "#ffffff", None),
        ("#d62728", "#2ca02c", "deuteranopia"),  # red and green of a well-known palette
        ("#00696b", "#56605c", "protanopia"),  # the accent and the grey of this very page's text
        ("#6a9fd8", "#5fa7a0", "tritanopia"),
    ],
)
def test_colours_that_are_taken_for_each_other_are_found(
    one: str, other: str, who: str | None
) -> None:
    found = unlike_enough(one, other)
    assert who in found if who else found == []


def test_the_reckoning_gives_known_figures() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert lab(linear("#ff0000")) == pytest.approx((53.24, 80.09, 67.20), abs=0.02)
    grey = linear("#808080")
    for matrix in SEEN_BY.values():  # what has no colour looks the same to everybody
        assert times(matrix, grey) == pytest.approx(grey, rel=1e-4)
