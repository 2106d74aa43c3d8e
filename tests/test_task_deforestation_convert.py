"""Converters of public sets of tiles, on small folders of the same form."""

from __future__ import annotations

import importlib.util
import io
import sys
from collections import Counter, defaultdict
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from harness.errors import ConfigurationError
from harness.tasks.protocol import Item

FOLDER = Path(__file__).parents[1] / "tasks" / "deforestation"
FORESTNET_HEADER = "label,merged_label,latitude,longitude,year,example_path"


def import_converters() -> ModuleType:
    spec = importlib.util.spec_from_file_location("deforestation_convert", FOLDER / "convert.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


convert = import_converters()


def ground(rng: np.random.Generator, height: int, width: int) -> npt.NDArray[np.uint8]:
    """Draw land whose neighbouring pixels are alike, as on a picture from above."""
    grain = rng.random((height + 2, width + 2, 3))
    shifted = [grain[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    pixels: npt.NDArray[np.uint8] = (np.mean(shifted, axis=0) * 255).astype(np.uint8)
    return pixels


def save(pixels: npt.NDArray[np.uint8], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=95)  # of a JPEG; a PNG has none


def write_planet(folder: Path, tags: dict[str, str], *, seed: int = 0) -> Path:
    """Write chips that have nothing to do with one another, and the table of their tags."""
    rng = np.random.default_rng(seed)
    for name in tags:
        save(ground(rng, 256, 256), folder / "train-jpg" / f"{name}.jpg")
    rows = [f"{name},{cell}" for name, cell in tags.items()]
    (folder / "train_v2.csv").write_text("\n".join(["image_name,tags", *rows, ""]))
    return folder


def write_forestnet(folder: Path, **tables: list[tuple[str, float, float]]) -> Path:
    """Write examples (label, latitude, longitude), 100 pixels wide, of each table."""
    rng = np.random.default_rng(0)
    for name, examples in tables.items():
        rows = []
        for label, latitude, longitude in examples:
            path = f"examples/{latitude}_{longitude}"
            save(ground(rng, 100, 100), folder / path / "images/visible/composite.png")
            rows.append(f"{label},Plantation,{latitude},{longitude},2014,{path}")
        (folder / f"{name}.csv").write_text("\n".join([FORESTNET_HEADER, *rows, ""]))
    return folder


def converted(name: str, folder: Path) -> list[tuple[str, Item]]:
    return list(convert.CONVERTERS[name](folder))


def pixels_of(item: Item) -> npt.NDArray[np.uint8]:
    assert isinstance(item.sample, bytes)
    with Image.open(io.BytesIO(item.sample)) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (64, 64))
        return np.asarray(image)


def scenes_of_splits(items: list[tuple[str, Item]]) -> dict[str, set[str]]:
    scenes = defaultdict(set)
    for split, item in items:
        scenes[split].add(item.group)
    return scenes


# Planet


@pytest.mark.parametrize(
    ("tags", "label"),
    [
        ("clear primary", 0),
        ("haze primary water", 0),
        ("partly_cloudy primary bare_ground blow_down blooming", 0),
        ("clear primary agriculture road", 1),
        ("clear primary selective_logging", 1),
        ("clear habitation", 1),
        ("clear artisinal_mine water", 1),
        ("cloudy", None),
        ("clear water", None),
        ("clear bare_ground", None),
    ],
)
def test_tags_of_planet_say_whether_people_cleared(tags: str, label: int | None) -> None:
    assert convert.planet_label(frozenset(tags.split())) == label


def test_every_tag_of_planet_has_one_meaning() -> None:
    kinds = (convert.WEATHER_TAGS, convert.NATURAL_TAGS, convert.CLEARING_TAGS)
    assert sum(map(len, kinds)) == len(convert.PLANET_TAGS) == 17


def test_chips_of_planet_become_tiles_of_the_task(tmp_path: Path) -> None:
    tags = {f"train_{n}": ("clear primary", "clear primary road")[n % 2] for n in range(9)}
    write_planet(tmp_path, {**tags, "train_9": "cloudy", "train_10": "clear water"})

    items = converted("planet", tmp_path)

    assert [item.id for _, item in items] == list(tags)
    assert [item.label for _, item in items] == [n % 2 for n in range(9)]
    assert Counter(split for split, _ in items) == {"train": 6, "test": 3}
    with Image.open(tmp_path / "train-jpg" / "train_0.jpg") as chip:
        pixels = np.asarray(chip).reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
    assert np.abs(pixels_of(items[0][1]) - pixels).max() <= 0.5


def test_converting_again_gives_the_same(tmp_path: Path) -> None:
    write_planet(tmp_path, {f"train_{n}": "clear primary" for n in range(5)})
    assert converted("planet", tmp_path) == converted("planet", tmp_path)


def test_chips_that_touch_are_one_scene_and_stay_in_one_split(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = ["image_name,tags"]
    for scene in range(4):
        land = ground(rng, 512, 768)
        for place in range(6):
            top, left = 256 * (place // 3), 256 * (place % 3)
            name = f"train_{place * 4 + scene}"
            save(land[top : top + 256, left : left + 256], tmp_path / f"{name}.jpg")
            rows.append(f"{name},clear primary")
    (tmp_path / "train_v2.csv").write_text("\n".join(rows))

    items = converted("planet", tmp_path)

    groups = defaultdict(set)
    for _, item in items:
        groups[int(item.id.split("_")[1]) % 4].add(item.group)
    assert all(len(names) == 1 for names in groups.values())
    assert len(set().union(*groups.values())) == 4
    scenes = scenes_of_splits(items)
    assert scenes["train"].isdisjoint(scenes["test"])
    assert len(scenes["test"]) == 2


def test_the_same_chip_under_two_names_is_one_scene(tmp_path: Path) -> None:
    write_planet(tmp_path, {f"train_{n}": "clear primary" for n in range(3)})
    chips = tmp_path / "train-jpg"
    (chips / "train_2.jpg").write_bytes((chips / "train_0.jpg").read_bytes())
    groups = [item.group for _, item in converted("planet", tmp_path)]
    assert groups == ["train_0", "train_1", "train_0"]


def test_chips_without_anything_to_see_are_not_joined(tmp_path: Path) -> None:
    write_planet(tmp_path, {"train_0": "haze primary", "train_1": "haze primary"})
    for level, name in ((200, "train_0"), (210, "train_1")):
        flat = np.full((256, 256, 3), level, np.uint8)
        save(flat, tmp_path / "train-jpg" / f"{name}.jpg")
    assert len({item.group for _, item in converted("planet", tmp_path)}) == 2


def corrupt(folder: Path) -> None:
    (folder / "train-jpg" / "train_1.jpg").write_bytes(b"\xff\xd8\xff no more")


def cut_short(folder: Path) -> None:
    path = folder / "train-jpg" / "train_1.jpg"
    path.write_bytes(path.read_bytes()[:3000])


def shrink(folder: Path) -> None:
    save(np.zeros((128, 256, 3), np.uint8), folder / "train-jpg" / "train_1.jpg")


def lose(folder: Path) -> None:
    (folder / "train-jpg" / "train_1.jpg").unlink()


def retag(folder: Path, old: str, new: str) -> None:
    table = folder / "train_v2.csv"
    table.write_text(table.read_text().replace(old, new))


def misspell(folder: Path) -> None:
    retag(folder, "train_1,clear primary", "train_1,clear jungle")


def untag(folder: Path) -> None:
    retag(folder, "train_1,clear primary", "train_1")


def double(folder: Path) -> None:
    retag(folder, "train_1", "train_0")


def lead_out(folder: Path) -> None:
    retag(folder, "train_1", "../train-jpg/train_1")


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (corrupt, r"train_v2\.csv: row 3: image_name: train_1\.jpg cannot be decoded"),
        (cut_short, r"train_v2\.csv: row 3: image_name: train_1\.jpg cannot be decoded.*truncated"),
        (shrink, r"row 3: image_name: train_1\.jpg is 256 x 128, not 256 x 256"),
        (lose, r"row 3: image_name: no picture 'train_1' in train-jpg"),
        (misspell, r"row 3: tags: 'jungle': no tag of the set"),
        (untag, r"row 3: tags: there are none"),
        (double, r"row 3: image_name: 'train_0' stands twice, first in .*train_v2\.csv: row 2"),
        (lead_out, r"row 3: image_name: no picture '\.\./train-jpg/train_1'"),
    ],
)
def test_a_bad_row_of_planet_is_named(tmp_path: Path, spoil: object, found: str) -> None:
    write_planet(tmp_path, {f"train_{n}": "clear primary" for n in range(3)})
    assert callable(spoil)
    spoil(tmp_path)
    with pytest.raises(ConfigurationError, match=found) as caught:
        converted("planet", tmp_path)
    assert caught.value.remedy


def test_all_bad_rows_are_named_at_once_and_counted_when_they_are_many(tmp_path: Path) -> None:
    write_planet(tmp_path, {f"train_{n}": "clear jungle" for n in range(15)})
    with pytest.raises(ConfigurationError, match=r"row 2: .*row 11: .*; and 5 more$"):
        converted("planet", tmp_path)


def test_a_folder_without_one_table_of_tags_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is none"):
        converted("planet", tmp_path)
    for name in ("train.csv", "train_v2.csv"):
        (tmp_path / name).write_text("image_name,tags\n")
    with pytest.raises(ConfigurationError, match=r"there is train\.csv, train_v2\.csv"):
        converted("planet", tmp_path)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"fname,label\n", "column 'image_name', 'tags': is missing; there are 'fname', 'label'"),
        (b"", "column 'image_name', 'tags': is missing"),
        (b"image_name,tags\n\xff\xfe,clear\n", "cannot be read as a table"),
        (b'image_name,tags\ntrain_0,"clear\n', "cannot be read as a table"),
        (b"image_name,tags\n", "no row of it says"),
    ],
)
def test_what_is_no_table_of_tags_is_refused(tmp_path: Path, content: bytes, found: str) -> None:
    (tmp_path / "train_v2.csv").write_bytes(content)
    with pytest.raises(ConfigurationError, match=found):
        converted("planet", tmp_path)


# ForestNet

EXAMPLES = [
    ("Oil palm plantation", 1.25, 101.5),
    ("Small-scale agriculture", 1.75, 101.25),
    ("Mining", -2.5, 113.5),
    ("Grassland shrubland", -2.25, 113.0),
    ("Secondary forest", -2.125, 113.0),
    ("Other", -2.0625, 113.0),
    ("Intact forest", 0.5, 110.0),
]


def test_examples_of_forestnet_become_tiles_of_the_task(tmp_path: Path) -> None:
    write_forestnet(tmp_path, train=EXAMPLES[:4], val=EXAMPLES[4:6], test=EXAMPLES[6:])

    items = [item for _, item in converted("forestnet", tmp_path)]

    assert [(item.label, item.group) for item in items] == [
        (1, "1_101"),
        (1, "1_101"),
        (1, "-3_113"),
        (0, "0_110"),
    ]
    assert items[0].id == "examples/1.25_101.5"
    with Image.open(tmp_path / items[0].id / "images/visible/composite.png") as composite:
        whole = np.asarray(composite)
    assert np.array_equal(pixels_of(items[0]), whole[18:82, 18:82])


def test_no_cell_of_forestnet_is_in_both_splits(tmp_path: Path) -> None:
    places = [("Mining", n / 2, 100.0 + n / 4) for n in range(40)]
    write_forestnet(tmp_path, train=places[:20], test=places[20:])

    items = converted("forestnet", tmp_path)

    scenes = scenes_of_splits(items)
    assert scenes["train"].isdisjoint(scenes["test"])
    assert 12 <= sum(split == "test" for split, _ in items) <= 14


def test_forestnet_as_it_comes_holds_cleared_places_alone(tmp_path: Path) -> None:
    write_forestnet(tmp_path, train=EXAMPLES[:6])
    assert {item.label for _, item in converted("forestnet", tmp_path)} == {1}


def small_composite(folder: Path) -> None:
    path = folder / "examples/1.75_101.25/images/visible/composite.png"
    save(np.zeros((63, 100, 3), np.uint8), path)


def broken_composite(folder: Path) -> None:
    (folder / "examples/1.75_101.25/images/visible/composite.png").write_bytes(b"no picture")


def no_composite(folder: Path) -> None:
    (folder / "examples/1.75_101.25/images/visible/composite.png").unlink()


def replace(folder: Path, old: str, new: str) -> None:
    table = folder / "train.csv"
    table.write_text(table.read_text().replace(old, new))


def other_driver(folder: Path) -> None:
    replace(folder, "Small-scale agriculture", "Volcano")


def no_place(folder: Path) -> None:
    replace(folder, "1.75,101.25", "95,nowhere")


def twice(folder: Path) -> None:
    replace(folder, "examples/1.75_101.25", "examples/1.25_101.5")


def outside(folder: Path) -> None:
    replace(folder, "examples/1.75", "../examples/1.75")


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (small_composite, r"row 3: example_path: composite\.png is 100 x 63, not at least 64 x 64"),
        (broken_composite, r"train\.csv: row 3: example_path: composite\.png cannot be decoded"),
        (no_composite, r"row 3: example_path: no picture examples/1\.75_101\.25/images"),
        (other_driver, r"row 3: label: 'Volcano': no label of the set"),
        (no_place, r"row 3: latitude, longitude: '95', 'nowhere': no place in degrees"),
        (twice, r"row 3: example_path: 'examples/1\.25_101\.5' stands twice, first in .*row 2"),
        (outside, r"row 3: example_path: no picture \.\./examples"),
    ],
)
def test_a_bad_row_of_forestnet_is_named(tmp_path: Path, spoil: object, found: str) -> None:
    write_forestnet(tmp_path, train=EXAMPLES[:3])
    assert callable(spoil)
    spoil(tmp_path)
    with pytest.raises(ConfigurationError, match=found) as caught:
        converted("forestnet", tmp_path)
    assert caught.value.remedy


@pytest.mark.parametrize("place", ["nan", "inf", "-91", ""])
def test_what_is_no_latitude_is_named(tmp_path: Path, place: str) -> None:
    write_forestnet(tmp_path, train=EXAMPLES[:3])
    replace(tmp_path, ",1.75,", f",{place},")
    with pytest.raises(ConfigurationError, match="row 3: latitude"):
        converted("forestnet", tmp_path)


def test_a_folder_without_forestnets_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"holds none of train\.csv, val\.csv, test\.csv"):
        converted("forestnet", tmp_path)
