"""Badges: what they say, that it fits, and that no name breaks one."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
import site_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.records.board import Board, BoardEntry
from harness.site.badge import FONT_SIZE, HEIGHT, PADDING, badge
from harness.site.language import codes

SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {f"{SVG}{name}" for name in ("svg", "title", "clipPath", "rect", "g", "path", "text")}
ATTRIBUTES = {
    "width", "height", "viewBox", "role", "aria-label", "aria-hidden", "lang", "id", "x", "y", "rx",
    "d", "fill", "stroke", "clip-path", "font-family", "font-size", "textLength", "lengthAdjust",
}  # fmt: skip


def parsed(board: Board, entry: BoardEntry, code: str = "en") -> ET.Element:
    made = badge(board, entry, code)
    assert b"<!" not in made
    return ET.fromstring(made.decode())  # noqa: S314 - made here, and without a doctype


def texts(svg: ET.Element) -> list[str]:
    return [text.text or "" for text in svg.iter(f"{SVG}text")]


def of_small(name: str, **changes: str) -> tuple[Board, BoardEntry]:
    board = replace(samples.small().boards[0], **changes)
    return board, next(entry for entry in board.entries if entry.entry == name)


@pytest.mark.parametrize(
    ("name", "energy", "rank"),
    [
        ("linear-model", "energy B\N{EN DASH}C", "rank 1\N{EN DASH}2 of 3"),
        ("slow-model", "energy D", "rank 3 of 3"),
        ("answers-nothing", "energy at the floor", "null entry"),
        ("too-cheap", "energy not resolved", "no rank"),
    ],
)
def test_it_says_class_and_rank_or_why_there_is_none(name: str, energy: str, rank: str) -> None:
    svg = parsed(*of_small(name, status="official", meter_grade="wall"))
    assert texts(svg) == ["Some task of two classes", energy, rank]
    label = f"{name}, Some task of two classes: {energy}, {rank}. Board: Official."
    assert svg.get("aria-label") == label
    assert svg.findtext(f"{SVG}title") == label
    assert svg.get("role") == "img"


def test_it_says_what_is_no_official_measurement() -> None:
    said = texts(parsed(*of_small("slow-model")))
    assert said[1:] == ["modelled work D", "rank 3 of 3 · demonstration"]
    said = texts(parsed(*of_small("slow-model", meter_grade="simulated"), "fr"))
    assert said[1:] == ["simulée D", "rang 3 sur 3 · démonstration"]


def test_a_board_without_ranks_or_classes_has_badges_too() -> None:
    said = texts(parsed(samples.board(samples.entry()), samples.entry()))
    assert said[1:] == ["no energy class", "no rank · demonstration"]
    ranked = samples.entry(rank=(1, 4))
    assert "rank 1\N{EN DASH}4 of 1" in texts(parsed(samples.board(ranked), ranked))[2]


@pytest.mark.parametrize("code", codes())
@given(task=st.text(max_size=60), entry=st.text(max_size=60))
@settings(max_examples=40)
def test_any_name_is_text_and_fits(code: str, task: str, entry: str) -> None:
    svg = parsed(samples.board(task_title=task), samples.entry(entry), code)
    assert {element.tag for element in svg.iter()} <= ALLOWED
    width = int(svg.get("width") or 0)
    right = 0.0
    for text in svg.iter(f"{SVG}text"):
        left, long = float(text.get("x") or 0), float(text.get("textLength") or 0)
        assert left >= right + PADDING
        right = left + long
    assert right + PADDING <= width


@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>", "\"' onload='x", "]]>&amp;", "x" * 5000, "a\n\x00b", "\u202egnp"],
)
def test_strangers_break_nothing(hostile: str) -> None:
    entry = samples.entry(hostile, team=hostile, energy_class=None)
    board = samples.board(entry, task_title=hostile, id=hostile)
    made = badge(board, entry, "en")
    assert len(made) < 4000
    assert b"<script" not in made
    assert b"onload='" not in made
    svg = parsed(board, entry)
    assert {name for element in svg.iter() for name in element.attrib} <= ATTRIBUTES
    assert int(svg.get("width") or 0) < 800


def test_it_asks_for_nothing_and_is_the_same_every_time() -> None:
    board, entry = of_small("big-model")
    made = badge(board, entry, "en")
    assert made == badge(board, entry, "en")
    assert not re.search(rb"url\((?!#round\))|href|<style|<image|@", made)
    assert made.count(b"http") == 1  # the namespace
    assert f'height="{HEIGHT}"'.encode() in made
    assert f'font-size="{FONT_SIZE}"'.encode() in made
