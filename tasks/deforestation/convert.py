"""Public sets of tiles, brought into the columns of this task: Planet's chips, and ForestNet.

For organisers. ``CONVERTERS`` names what there is; each takes the folder that the set was unpacked
into and yields ``(split, item)``. Every fault of the set is found before the first item comes, and
all are named at once, with file and row (the header is row 1). Nothing of a set is unpickled.

A split keeps scenes whole. Scenes go to the test split in the order of a digest of their names,
until it holds its share: the same scenes are split alike wherever a set is converted. ForestNet's
are places in its tables; Planet's are found by pixels, on which decoders of JPEG differ a little.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from harness.errors import ConfigurationError
from harness.tasks.protocol import Item

SplitItem: TypeAlias = tuple[str, Item]
Borders: TypeAlias = npt.NDArray[np.float32]
"""(4, 127): top, bottom, left and right, each of length 1 (or 0, where nothing is to be seen)."""

BLOCK = 256
SIZE = 64
TEST_SHARE = 0.3
INTACT, CLEARED = 0, 1
FAULTS_SHOWN = 10

# Planet: what its tags mean for the question of this task

WEATHER_TAGS = frozenset({"clear", "partly_cloudy", "haze", "cloudy"})
NATURAL_TAGS = frozenset({"primary", "water", "bare_ground", "blooming", "blow_down"})
CLEARING_TAGS = frozenset(
    {
        "agriculture",
        "artisinal_mine",
        "conventional_mine",
        "cultivation",
        "habitation",
        "road",
        "selective_logging",
        "slash_burn",
    }
)
PLANET_TAGS = WEATHER_TAGS | NATURAL_TAGS | CLEARING_TAGS
CHIP = 256
CHIP_FOLDERS = ("train-jpg", ".")
CHIP_SUFFIXES = (".jpg", ".jpeg", ".png")
ALIKE = 0.55
"""From which correlation on two borders are taken for the two sides of one line."""

# ForestNet: which drivers of loss are people's, and what the set says nothing sure of

PEOPLES_DRIVERS = frozenset(
    {
        "Fish pond",
        "Logging",
        "Logging road",
        "Mining",
        "Oil palm plantation",
        "Other large-scale plantations",
        "Small-scale agriculture",
        "Small-scale mixed plantation",
        "Small-scale oil palm plantation",
        "Timber plantation",
    }
)
UNSURE_DRIVERS = frozenset(
    {"Grassland shrubland", "Grassland/shrubland", "Other", "Secondary forest"}
)
INTACT_LABEL = "Intact forest"
"""No label of the set: of rows that an organiser adds, since the set has no intact forest."""
FORESTNET_TABLES = ("train.csv", "val.csv", "test.csv")
COMPOSITE = PurePosixPath("images/visible/composite.png")


class _Row(NamedTuple):
    """One labelled picture of a set."""

    where: str
    """File and row, for people."""
    name: str
    label: int
    picture: Path


class _Faults:
    """Collects what is wrong with a set, to name it together."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def add(self, where: str, column: str, found: str) -> None:
        self._found.append(f"{where}: {column}: {found}")

    def raise_any(self, remedy: str) -> None:
        """Raise ``ConfigurationError`` where there is a fault; the first ten stand in it."""
        if self._found:
            shown = "; ".join(self._found[:FAULTS_SHOWN])
            more = len(self._found) - FAULTS_SHOWN
            raise ConfigurationError(
                f"{shown}; and {more} more" if more > 0 else shown, remedy=remedy
            )


def planet(folder: Path) -> Iterator[SplitItem]:
    """Yield tiles of Planet's "Understanding the Amazon from Space": tags in ``train*.csv``.

    A chip of 256 pixels becomes a tile of 64 by the mean of every 4 x 4: its tags are of the whole
    of it, and would not be true of a part. Chips that touch are one scene; see ``_scenes``.
    """
    rows = _planet_rows(folder)
    faults = _Faults()
    borders = np.zeros((len(rows), 4, CHIP // 2 - 1), np.float32)
    for number, row in enumerate(rows):
        try:
            borders[number] = _borders(_open(row.picture, CHIP, exactly=True))
        except ValueError as error:
            faults.add(row.where, "image_name", str(error))
    faults.raise_any("restore these pictures, or take their rows out")
    scenes = _scenes(borders)
    names = [rows[scene].name for scene in scenes]
    return _items(rows, names, lambda picture: picture.reduce(CHIP // SIZE), CHIP, exactly=True)


def forestnet(folder: Path) -> Iterator[SplitItem]:
    """Yield tiles of ForestNet: the middle 64 pixels, about 1 km, of each example's composite.

    A scene is a cell of one degree of latitude and longitude. The set's own splits are not kept:
    they are by example, and examples overlap.
    """
    rows, cells = _forestnet_rows(folder)
    faults = _Faults()
    for row in rows:
        try:
            _open(row.picture, SIZE, exactly=False)
        except ValueError as error:
            faults.add(row.where, "example_path", str(error))
    faults.raise_any("restore these pictures, or take their rows out")
    return _items(rows, cells, _middle, SIZE, exactly=False)


CONVERTERS: dict[str, Callable[[Path], Iterator[SplitItem]]] = {
    "forestnet": forestnet,
    "planet": planet,
}


def planet_label(tags: frozenset[str]) -> int | None:
    """Return the label of a chip with these tags; ``None`` where they do not say.

    Left out: chips that clouds hide, and those with neither forest nor anybody's clearing in them.
    """
    if "cloudy" in tags:
        return None
    if tags & CLEARING_TAGS:
        return CLEARED
    return INTACT if "primary" in tags else None


def _planet_rows(folder: Path) -> list[_Row]:
    tables = sorted(folder.glob("train*.csv"))
    if len(tables) != 1:
        found = ", ".join(path.name for path in tables) or "none"
        raise ConfigurationError(
            f"{folder}: one table of tags is wanted, train*.csv; there is {found}",
            remedy="name the folder that holds train_v2.csv (and no other), and train-jpg",
        )
    rows, faults = [], _Faults()
    seen: dict[str, str] = {}
    for where, cells in _table(tables[0], ("image_name", "tags")):
        name, tags = cells["image_name"], frozenset(cells["tags"].split())
        _note_twice(seen, name, where, "image_name", faults)
        if not tags:
            faults.add(where, "tags", "there are none")
        unknown = sorted(tags - PLANET_TAGS)
        if unknown:
            faults.add(where, "tags", f"{', '.join(map(repr, unknown))}: no tag of the set")
        picture = _chip(folder, name)
        if picture is None:
            faults.add(where, "image_name", f"no picture {name!r} in {' or '.join(CHIP_FOLDERS)}")
        label = planet_label(tags)
        if label is not None and picture is not None:
            rows.append(_Row(where, name, label, picture))
    faults.raise_any("correct these rows, or take them out")
    _require_rows(rows, tables[0])
    return rows


def _chip(folder: Path, name: str) -> Path | None:
    if not name or Path(name).name != name:  # a path of its own could lead anywhere
        return None
    for inside in CHIP_FOLDERS:
        for suffix in CHIP_SUFFIXES:
            picture = folder / inside / (name + suffix)
            if picture.is_file():
                return picture
    return None


def _forestnet_rows(folder: Path) -> tuple[list[_Row], list[str]]:
    """Return the rows and the cell that each lies in."""
    tables = [folder / name for name in FORESTNET_TABLES if (folder / name).is_file()]
    if not tables:
        raise ConfigurationError(
            f"{folder}: holds none of {', '.join(FORESTNET_TABLES)}",
            remedy="name the folder of the set that holds them, and examples/",
        )
    rows, all_cells, faults = [], [], _Faults()
    seen: dict[str, str] = {}
    columns = ("label", "latitude", "longitude", "example_path")
    for where, cells in (found for table in tables for found in _table(table, columns)):
        path, driver = PurePosixPath(cells["example_path"]), cells["label"]
        _note_twice(seen, str(path), where, "example_path", faults)
        if driver not in PEOPLES_DRIVERS | UNSURE_DRIVERS | {INTACT_LABEL}:
            faults.add(where, "label", f"{driver!r}: no label of the set, and not {INTACT_LABEL!r}")
        cell = _cell(cells["latitude"], cells["longitude"])
        if cell is None:
            found = f"{cells['latitude']!r}, {cells['longitude']!r}: no place in degrees"
            faults.add(where, "latitude, longitude", found)
        picture = folder / path / COMPOSITE
        if path.is_absolute() or ".." in path.parts or not picture.is_file():
            faults.add(where, "example_path", f"no picture {path / COMPOSITE} in the folder")
        elif cell is not None and driver not in UNSURE_DRIVERS:
            label = INTACT if driver == INTACT_LABEL else CLEARED
            rows.append(_Row(where, str(path), label, picture))
            all_cells.append(cell)
    faults.raise_any("correct these rows, or take them out")
    _require_rows(rows, tables[0])
    return rows, all_cells


def _cell(latitude: str, longitude: str) -> str | None:
    """Name the cell of one degree that a place lies in; ``None`` where it is no place."""
    try:
        north, east = float(latitude), float(longitude)
    except ValueError:
        return None
    if not (abs(north) <= 90 and abs(east) <= 180):  # noqa: PLR2004 - degrees; false for NaN, too
        return None
    return f"{math.floor(north)}_{math.floor(east)}"


def _table(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield where each row is, and what it holds in these columns."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise ConfigurationError.at(
                    path,
                    f"column {', '.join(map(repr, missing))}",
                    f"is missing; there are {', '.join(map(repr, reader.fieldnames or ()))}",
                    "is this the table of another set?",
                )
            for cells in reader:
                where = f"{path}: row {reader.line_num}"
                yield where, {name: (cells[name] or "").strip() for name in columns}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(
            f"{path}: cannot be read as a table: {error}", remedy="restore the file"
        ) from None


def _require_rows(rows: Sequence[_Row], table: Path) -> None:
    if not rows:
        raise ConfigurationError(
            f"{table}: no row of it says whether people cleared what its picture shows",
            remedy="is this the table of another set, or a part of one?",
        )


def _note_twice(seen: dict[str, str], name: str, where: str, column: str, faults: _Faults) -> None:
    if name in seen:
        faults.add(where, column, f"{name!r} stands twice, first in {seen[name]}")
    seen.setdefault(name, where)


# Pictures


def _open(path: Path, size: int, *, exactly: bool) -> Image.Image:
    """Return the decoded picture in RGB; ``ValueError`` says what is wrong with it."""
    try:
        with Image.open(path) as image:
            picture = image.convert("RGB")
    except Exception as error:  # noqa: BLE001 - Pillow raises whatever a broken file ran it into
        raise ValueError(f"{path.name} cannot be decoded: {error}") from None
    if (exactly and picture.size != (size, size)) or min(picture.size) < size:
        wide, high = picture.size
        wanted = "" if exactly else "at least "
        raise ValueError(f"{path.name} is {wide} x {high}, not {wanted}{size} x {size}")
    return picture


def _middle(picture: Image.Image) -> Image.Image:
    left, top = ((side - SIZE) // 2 for side in picture.size)
    return picture.crop((left, top, left + SIZE, top + SIZE))


def _items(
    rows: Sequence[_Row],
    scenes: Sequence[str],
    cut: Callable[[Image.Image], Image.Image],
    size: int,
    *,
    exactly: bool,
) -> Iterator[SplitItem]:
    """Yield the rows' tiles, encoded one at a time: a set need not fit into memory."""
    held_out = _held_out(scenes)
    for row, scene in zip(rows, scenes, strict=True):
        made = io.BytesIO()
        cut(_open(row.picture, size, exactly=exactly)).save(made, format="PNG")
        item = Item(id=row.name, sample=made.getvalue(), label=row.label, group=scene)
        yield "test" if scene in held_out else "train", item


def _held_out(scenes: Sequence[str]) -> frozenset[str]:
    """Return the scenes of the test split: at least its share of the items, whole scenes."""
    sizes = Counter(scenes)
    held_out, items = set(), 0
    for scene in sorted(sizes, key=lambda name: hashlib.sha256(name.encode()).digest()):
        if items >= TEST_SHARE * len(scenes):
            break
        held_out.add(scene)
        items += sizes[scene]
    return frozenset(held_out)


# Scenes of Planet's chips


def _borders(chip: Image.Image) -> Borders:
    """Describe the four borders of a chip by how brightness changes along each, in steps of 2."""
    grey = np.asarray(chip.convert("L"), np.float32)
    lines = np.stack([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    changes = np.diff(lines.reshape(4, -1, 2).mean(axis=2), axis=1)
    changes -= changes.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(changes, axis=1, keepdims=True)
    borders: Borders = np.divide(changes, lengths, out=np.zeros_like(changes), where=lengths > 0)
    return borders


def _scenes(borders: npt.NDArray[np.float32]) -> list[int]:
    """Return for each chip, (n, 4, 127), the first chip of its scene.

    The set says of no chip which scene it was cut from, and numbers chips at random. Chips of one
    scene that lie side by side give each other away, though: brightness changes alike on both
    sides of the line between them. Those whose borders fit each other best of all are joined, and
    so are chips that are the same.
    """
    first = list(range(len(borders)))

    def find(chip: int) -> int:
        while first[chip] != chip:
            first[chip] = first[first[chip]]
            chip = first[chip]
        return chip

    def join(one: int, other: int) -> None:
        low, high = sorted((find(one), find(other)))
        first[high] = low

    same: dict[bytes, int] = {}
    for chip, lines in enumerate(borders):
        if lines.any():
            join(same.setdefault(lines.tobytes(), chip), chip)
    top, bottom, left, right = borders.transpose(1, 0, 2)
    for ends, starts in ((bottom, top), (right, left)):
        after, before = _most_alike(ends, starts), _most_alike(starts, ends)
        for chip, neighbour in enumerate(after.tolist()):
            if neighbour >= 0 and before[neighbour] == chip:
                join(chip, neighbour)
    return [find(chip) for chip in range(len(borders))]


def _most_alike(
    lines: npt.NDArray[np.float32], others: npt.NDArray[np.float32]
) -> npt.NDArray[np.int64]:
    """Return (n,): for each line which of the others is most alike, -1 where none is enough."""
    found = np.full(len(lines), -1)
    for start in range(0, len(lines), BLOCK):
        alike = lines[start : start + BLOCK] @ others.T
        best = alike.argmax(axis=1)
        enough = alike[np.arange(len(best)), best] >= ALIKE
        found[start : start + BLOCK] = np.where(enough, best, -1)
    return found
