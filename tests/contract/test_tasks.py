"""What every task of the challenge must hold, whatever it asks."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from made_samples import ROOT, MadeSamples, task_of

from harness.tasks import find_tasks

TASKS = [card.task.id for card in find_tasks(ROOT)]


def test_every_folder_is_a_task() -> None:
    folders = sorted(path.name for path in (ROOT / "tasks").iterdir() if path.is_dir())

    assert sorted(TASKS) == [name for name in folders if not name.startswith(("_", "."))]
    assert TASKS


@pytest.mark.parametrize("name", TASKS)
def test_it_has_a_card_for_people(name: str) -> None:
    card = (ROOT / "tasks" / name / "card.md").read_text(encoding="utf-8")

    assert card.startswith("# ")


@pytest.mark.parametrize("name", TASKS)
def test_its_sample_has_the_counts_that_it_declares(name: str, made_samples: MadeSamples) -> None:
    declared = task_of(name).card.sample
    data = made_samples.data_of(name)

    assert len(data.test) == data.reference.items == declared.test_items
    assert len(data.warm_up) > 0
    assert (data.reference.source, data.reference.public) == ("sample", True)


@pytest.mark.parametrize("name", TASKS)
def test_one_seed_gives_one_data_set_and_another_seed_another(
    name: str, made_samples: MadeSamples
) -> None:
    again = task_of(name).load_test("sample", 0)
    other = task_of(name)._code._module.generate(1, "test")

    assert again.reference == made_samples.data_of(name).reference
    assert list(again.test.ids) == list(made_samples.data_of(name).test.ids)
    samples = [item.sample for item in islice(other, 8)]
    assert set(samples).isdisjoint(again.test.samples(range(8)))


@pytest.mark.parametrize("name", TASKS)
def test_its_items_are_told_apart_and_every_label_occurs(
    name: str, made_samples: MadeSamples
) -> None:
    task, test = task_of(name), made_samples.data_of(name).test

    assert len(set(test.ids)) == len(test)
    assert set(test.labels.tolist()) == set(range(len(task.labels)))
    assert test.groups is None or len(test.groups) == len(test)


@pytest.mark.parametrize("name", TASKS)
def test_no_item_of_the_test_is_warmed_up_with(name: str, made_samples: MadeSamples) -> None:
    data = made_samples.data_of(name)
    warm_up = set(data.warm_up.samples(range(len(data.warm_up))))

    assert warm_up.isdisjoint(data.test.samples(range(len(data.test))))


@pytest.mark.parametrize("name", TASKS)
def test_a_variant_is_new_and_of_the_same_kind(name: str, made_samples: MadeSamples) -> None:
    task, test = task_of(name), made_samples.data_of(name).test
    rng = np.random.default_rng(0)
    samples = test.samples(range(min(64, len(test))))

    variants = [task.perturb(sample, rng) for sample in samples]

    kind = str if task.modality == "text" else bytes
    assert all(isinstance(sample, kind) for sample in samples)
    assert all(isinstance(variant, kind) for variant in variants)
    assert set(variants).isdisjoint(samples)
    assert len(set(variants)) == len(variants)


@pytest.mark.parametrize("name", TASKS)
def test_the_same_chances_give_the_same_variant(name: str, made_samples: MadeSamples) -> None:
    task, (sample,) = task_of(name), made_samples.data_of(name).test.samples([0])

    once, again = (task.perturb(sample, np.random.default_rng(7)) for _ in range(2))

    assert once == again


@pytest.mark.parametrize("name", TASKS)
def test_all_right_is_one_and_nothing_answered_is_none_of_it(
    name: str, made_samples: MadeSamples
) -> None:
    task, test = task_of(name), made_samples.data_of(name).test

    perfect = task.score([test.labels], test)
    silent = task.score([np.full(len(test), -1)], test)

    assert perfect.ranked == task.ranked_metric
    assert perfect.ranked_value.value == 1.0
    assert (silent.ranked_value.value, silent.answered, silent.items) == (0.0, 0, len(test))
