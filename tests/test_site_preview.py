"""The preview picture: the same bytes anywhere, small, and of what is on the page."""

from __future__ import annotations

import io
import zlib
from hashlib import sha256

import numpy as np
import pytest
import site_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image

from harness.records.board import Board, Boards
from harness.site.language import codes
from harness.site.png import MATCHES, MOST_COLOURS, Colour, png
from harness.site.preview import HEIGHT, WIDTH, preview, preview_name, previews
from harness.site.strokes import ACCENTS, GLYPHS, spelt, width, written

MOST_BYTES = 60_000
GREYS: tuple[Colour, ...] = tuple((n, n, 16 * n) for n in range(MOST_COLOURS))
SMALL_DIGEST = "50213197488c3c4a0f9d534d3414c6218d0012cdf4d9a956770ebeb7c688c075"
"""Of the small board's picture in English: whoever changes the drawing looks at it, and this."""


def opened(picture: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(picture))
    image.load()
    return image


def of(*boards: Board) -> bytes:
    return preview(Boards(boards=boards, problems=()))


def test_there_is_one_a_language_of_the_size_that_sites_ask_for() -> None:
    made = previews(samples.small())
    assert list(made) == [preview_name(code) for code in codes()]
    assert {"preview.png", "fr/preview.png"} <= made.keys()
    assert made["preview.png"] != made["fr/preview.png"]
    for picture in made.values():
        assert opened(picture).size == (WIDTH, HEIGHT) == (1200, 630)
        assert len(picture) < MOST_BYTES


def test_it_is_the_same_on_any_machine() -> None:
    assert sha256(preview(samples.small())).hexdigest() == SMALL_DIGEST


def test_it_shows_the_first_board_with_something_to_draw() -> None:
    small = samples.small().boards[0]
    empty = samples.board(id="empty", task_title="Nothing here")
    other = samples.board(samples.entry(), id="other", task_title="Another task")
    none = of()
    assert opened(none).size == (WIDTH, HEIGHT)
    assert of(empty) == none
    assert of(small) not in {none, of(other)}
    changed = replace(small, task_title="Some other task")
    assert of(changed) != of(small)


@pytest.mark.parametrize(
    "name", ["<b>", "x" * 5000, "نموذج", "👩\u200d🔬", "\x00\n", "", "z\u0301\u0327", "\u0301"]
)
def test_names_that_the_font_has_not_break_nothing(name: str) -> None:
    entry = samples.entry(name, on_front=True)
    assert opened(of(samples.board(entry, task_title=name))).size == (WIDTH, HEIGHT)


def test_entries_beyond_those_with_a_mark_are_dots_and_any_energy_is_drawn() -> None:
    rows = [
        samples.entry(f"m{n}", quality=n / 300, joules_per_1000_queries=10.0 ** (n % 40 - 20))
        for n in range(300)
    ]
    assert len(of(samples.board(*rows))) < MOST_BYTES


# The font


@given(text=st.text(max_size=30), height=st.sampled_from([12, 30]))
@settings(max_examples=30)
def test_any_text_can_be_spelt_and_written(text: str, height: int) -> None:
    known, whole = spelt(text)
    assert whole or "?" in known
    ink, column, row = written(known, height)
    assert 0 <= column < ink.shape[1]
    assert 0 <= row < ink.shape[0]
    if known.strip() and known[0] not in ACCENTS:
        assert ink.any()
        assert width(known, height) <= ink.shape[1]


def test_every_glyph_is_another_and_stays_in_its_place() -> None:
    seen = {}
    for character, (units, _) in GLYPHS.items():
        ink, column, _ = written(character, 48)
        assert ink.any(), character
        assert np.flatnonzero(ink.any(axis=0))[-1] <= column + units * 4 + 8, character
        seen[ink.tobytes()] = character
    assert len(seen) == len(GLYPHS)


def test_accents_stand_over_their_letters_and_nothing_else_moves() -> None:
    plain, accented = (written(spelt(text)[0], 48)[0] for text in ("etE", "étÉ"))
    assert plain.shape == accented.shape
    assert accented[plain].all()
    assert (accented & ~plain).any(axis=0).sum() < plain.shape[1] / 2
    assert spelt("l\N{RIGHT SINGLE QUOTATION MARK}œuvre…") == ("l'oeuvre...", True)
    assert spelt("漢") == ("?", False)


# The file


@given(
    st.integers(1, 9).flatmap(
        lambda columns: st.lists(
            st.lists(st.integers(0, MOST_COLOURS - 1), min_size=columns, max_size=columns),
            min_size=1,
            max_size=9,
        )
    )
)
@settings(max_examples=40)
def test_what_is_written_is_what_others_read(rows: list[list[int]]) -> None:
    pixels = np.array(rows, np.uint8)
    image = opened(png(pixels, GREYS))
    assert (np.asarray(image) == pixels).all()
    palette = image.getpalette()
    assert palette is not None
    assert tuple(palette[: 3 * MOST_COLOURS]) == tuple(part for each in GREYS for part in each)


def test_runs_of_every_length_are_read_back() -> None:
    assert sorted(MATCHES) == list(range(3, 259))
    for length in (*range(1, 40), 257, 258, 259, 260, 261, 262, 515, 516, 517, 600):
        pixels = np.zeros((1, 2 * length + 2), np.uint8)
        pixels[0, -2:] = 5
        assert (np.asarray(opened(png(pixels, GREYS))) == pixels).all()


def test_the_stream_is_one_that_zlib_checks() -> None:
    made = png(np.zeros((3, 5), np.uint8), GREYS[:2])
    start = made.index(b"IDAT") + 4
    length = int.from_bytes(made[start - 8 : start - 4], "big")
    assert zlib.decompress(made[start : start + length]) == (b"\x02" + bytes(3)) * 3


def test_too_many_colours_or_an_index_of_none_are_refused() -> None:
    pixels = np.full((1, 1), 2, np.uint8)
    with pytest.raises(ValueError, match="a picture of 2 colours"):
        png(pixels, GREYS[:2])
    with pytest.raises(ValueError, match="of 16 at most"):
        png(pixels, [*GREYS, (1, 1, 1)])
