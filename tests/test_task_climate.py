from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
import tomllib
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.tasks.protocol import Item

DIRECTORY = Path(__file__).parents[1] / "tasks" / "climate-disinformation"
SEEDS = st.integers(0, 2**32 - 1)

GOLDEN_FIRST_ITEMS = "cf5de43f0b21b0af2bc74770b0b909b56a01f99ee2049710573770c0af192776"
"""Changes with the generator: raise its version with it."""


def import_task() -> ModuleType:
    spec = importlib.util.spec_from_file_location("climate_task", DIRECTORY / "task.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


task: Any = import_task()
card = tomllib.loads((DIRECTORY / "task.toml").read_text(encoding="utf-8"))
train: list[Item] = list(task.generate(0, "train"))
test: list[Item] = list(task.generate(0, "test"))


def texts(items: list[Item]) -> list[str]:
    return [str(item.sample) for item in items]


def test_the_first_items_are_the_same_on_every_machine() -> None:
    first = [(item.id, item.sample, item.label, item.group) for item in train[:50] + test[:50]]
    assert hashlib.sha256(repr(first).encode()).hexdigest() == GOLDEN_FIRST_ITEMS


def test_card_and_generator_agree_on_counts_version_and_classes() -> None:
    assert (len(train), len(test)) == (card["sample"]["train_items"], card["sample"]["test_items"])
    assert len(test) >= 1200
    assert card["sample"]["generator_version"] == task.GENERATOR_VERSION
    names = [label["name"] for label in card["labels"]]
    stock = tomllib.loads((DIRECTORY / "cores.toml").read_text(encoding="utf-8"))
    for table in ("cores", "slogans", "topics"):
        assert list(stock[table]) == names


@pytest.mark.parametrize("items", [train, test], ids=["train", "test"])
def test_every_class_has_its_share(items: list[Item]) -> None:
    shares = {label: count / len(items) for label, count in Counter(i.label for i in items).items()}
    assert sorted(shares) == list(range(8))
    assert min(shares.values()) >= 0.07
    assert max(shares.values()) == shares[0] == pytest.approx(0.16, abs=0.002)


def test_each_class_has_25_to_40_cores_of_three_wordings() -> None:
    for cores in task.read_stock().cores:
        assert 25 <= len(cores) <= 40
        assert all(len(wordings) == 3 for wordings in cores)


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_texts_and_ids_are_unique_and_no_text_is_in_both_splits(seed: int) -> None:
    both = [*task.generate(seed, "train"), *task.generate(seed, "test")]
    assert len(set(texts(both))) == len({item.id for item in both}) == len(both)


def test_no_wording_of_test_is_in_train_and_new_cores_are_in_test_only() -> None:
    dealt = task.partition(task.read_stock())
    for train_pools, test_pools in zip(dealt["train"], dealt["test"], strict=True):
        (known,), (reworded, new) = train_pools, test_pools
        assert not set(known) & set(reworded)
        assert {wording.core for wording in reworded} == {wording.core for wording in known}
        assert not {wording.core for wording in new} & {wording.core for wording in known}
    only_in_test = {item.group for item in test} - {item.group for item in train}
    assert len(only_in_test) == 8 * task.NEW_CORES
    share = sum(item.group in only_in_test for item in test) / len(test)
    assert share == pytest.approx(task.NEW_CORE_SHARE, abs=0.05)


def test_labels_differ_from_their_core_only_between_neighbours() -> None:
    names = [label["name"] for label in card["labels"]]
    swapped: Counter[int] = Counter()
    for item in train:
        of_core = names.index(item.group.split("/")[0])
        if of_core != item.label:
            assert task.NEIGHBOURS[of_core] == item.label
            swapped[of_core] += 1
    assert sorted(swapped) == [4, 5, 6, 7]
    assert 0.01 < swapped.total() / len(train) < 0.05


def test_ids_say_nothing_of_label_or_order() -> None:
    assert all(re.fullmatch("[0-9a-f]{16}", item.id) for item in test)
    ids = [int(item.id, 16) for item in test]
    labels = [item.label for item in test]
    assert abs(np.corrcoef(ids, labels)[0, 1]) < 0.1
    assert abs(np.corrcoef(ids, np.arange(len(ids)))[0, 1]) < 0.1


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(KeyError, match="validation"):
        next(task.generate(0, "validation"))


@given(st.text(min_size=1), SEEDS)
def test_a_variant_of_any_text_is_another_text(sample: str, seed: int) -> None:
    variant = task.perturb(sample, np.random.default_rng(seed))
    assert isinstance(variant, str)
    assert variant != sample
    variant.encode()


@given(st.text(alphabet="abcxyz AB,.", min_size=40), SEEDS)
def test_a_variant_keeps_its_length_within_a_few_percent(sample: str, seed: int) -> None:
    variant = task.perturb(sample, np.random.default_rng(seed))
    assert abs(len(variant) - len(sample)) <= max(1, 0.03 * len(sample))


@given(st.sampled_from(texts(test)), SEEDS)
def test_a_variant_of_a_quote_differs_in_lower_case_too_and_keeps_most_words(
    sample: str, seed: int
) -> None:
    variant = task.perturb(sample, np.random.default_rng(seed))
    assert variant.casefold() != sample.casefold()
    assert abs(len(variant) - len(sample)) <= max(1, 0.03 * len(sample))
    words = Counter(re.findall(r"\w+", sample))
    lost = words - Counter(re.findall(r"\w+", variant))
    synonyms = sum(word in task.SYNONYMS for word in words.elements())
    assert lost.total() <= 1 + words.total() // task.WORDS_PER_EDIT + synonyms


def test_variants_are_too_many_to_list_beforehand() -> None:
    rng = np.random.default_rng(0)
    quote = max(texts(test[:50]), key=len)
    assert len({task.perturb(quote, rng) for _ in range(1000)}) > 970


@pytest.mark.parametrize(
    "sample",
    [
        "a", "aa", "!!!", " ", "12.5", "CO2", "\n", "é", "🌍🌍",
        "气候变化不是人为的", "Климат менялся всегда", "المناخ يتغير دائما",
    ],
)  # fmt: skip
def test_other_scripts_and_odd_texts_have_variants(sample: str) -> None:
    variants = {task.perturb(sample, np.random.default_rng(seed)) for seed in range(20)}
    assert sample not in variants
    assert all(abs(len(variant) - len(sample)) <= 1 for variant in variants)


def test_what_holds_a_digit_is_left_alone() -> None:
    rng = np.random.default_rng(0)
    assert all("CO2" in task.perturb("Is it true that CO2 feeds plants", rng) for _ in range(200))


def test_an_empty_text_stays_empty() -> None:
    assert task.perturb("", np.random.default_rng(0)) == ""


@pytest.mark.timeout(10)  # it takes a second; work that grew with the square would take minutes
def test_a_text_of_two_megabytes_has_a_variant_at_once() -> None:
    sample = "the climate has always been changing and big news travels " * 35_000
    variant = task.perturb(sample, np.random.default_rng(0))
    assert variant != sample
    assert len(variant) == pytest.approx(len(sample), rel=0.03)


def test_bytes_are_refused() -> None:
    with pytest.raises(TypeError, match="bytes"):
        task.perturb(b"a quote", np.random.default_rng(0))


@pytest.mark.parametrize(
    "text", ["", "x", "a word " * 50_000, "x" * 300_000, "天" * 200_000 + " y"]
)
def test_a_long_text_is_varied_in_parts_that_make_it_up(text: str) -> None:
    parts = list(task._parts(text))

    assert "".join(parts) == text
    assert all(len(part) <= 2 * task.PART for part in parts)
    assert (len(parts) > 1) == (len(text) > 2 * task.PART)
    variant = task.perturb(text, np.random.default_rng(0))
    assert len(variant) == pytest.approx(len(text), rel=0.03, abs=1)
