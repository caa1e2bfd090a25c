from pathlib import Path

import numpy as np
import pytest

from tcm.data.datasets.text_dataset import TextDataset
from tcm.data.loading import subset
from tcm.errors import ConfigError, DataError
from tests.data.builders import write_dataset

IDS = [f"img_{i}.jpg" for i in range(1000)]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_subsets_are_nested(seed: int) -> None:
    parts = [set(subset.choose(IDS, fraction, seed).ids) for fraction in (0.1, 0.25, 0.5, 1.0)]
    assert [len(part) for part in parts] == [100, 250, 500, 1000]
    assert parts[0] < parts[1] < parts[2] < parts[3]


def test_choice_depends_on_the_seed_and_not_on_the_order() -> None:
    chosen = subset.choose(IDS, 0.1, 5)
    assert subset.choose(IDS[::-1], 0.1, 5) == chosen
    assert set(subset.choose(IDS, 0.1, 6).ids) != set(chosen.ids)


def test_choice_is_a_fixed_one() -> None:
    # Published results name fraction and seed; the choice must never change.
    assert subset.choose([str(i) for i in range(10)], 0.3, 0).ids == ["4", "6", "2"]


@pytest.mark.parametrize(("total", "count"), [(14, 1), (16, 2), (1004, 100), (1006, 101)])
def test_the_count_is_rounded_to_the_nearest(total: int, count: int) -> None:
    ids = [str(i) for i in range(total)]
    assert len(subset.choose(ids, 0.1, 0).ids) == count


def test_at_least_one_image_is_chosen() -> None:
    assert len(subset.choose(IDS[:3], 0.01, 0).ids) == 1


@pytest.mark.parametrize("fraction", [0.0, -0.1, 1.5])
def test_impossible_fraction_is_an_error(fraction: float) -> None:
    with pytest.raises(ConfigError, match=f"data fraction {fraction}"):
        subset.choose(IDS, fraction, 0)


def test_image_that_occurs_twice_is_an_error() -> None:
    with pytest.raises(DataError, match="'a' occurs twice"):
        subset.choose(["a", "b", "a"], 0.5, 0)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    chosen = subset.choose(IDS, 0.1, 3)
    subset.write(tmp_path / "subset.json", chosen)
    assert subset.read(tmp_path / "subset.json") == chosen


def test_missing_or_malformed_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "subset.json"
    with pytest.raises(DataError, match="subset.json: no such subset file"):
        subset.read(path)
    for text in ("{", "[]", '{"fraction": 0.1, "ids": []}'):
        path.write_text(text)
        with pytest.raises(DataError, match="subset.json: no subset file"):
            subset.read(path)


def test_subset_loads_its_images_in_the_order_of_the_dataset(tmp_path: Path) -> None:
    dataset = TextDataset(str(write_dataset(tmp_path)))
    part = subset.Subset(dataset, ["img_4.png", "img_1.png"])
    assert part.ids == ["img_1.png", "img_4.png"]
    assert len(part) == 2
    assert part.load(1).index == 1
    np.testing.assert_array_equal(part.load(1).image, dataset.load(4).image)


def test_unknown_image_is_an_error(tmp_path: Path) -> None:
    dataset = TextDataset(str(write_dataset(tmp_path)))
    with pytest.raises(DataError, match="'img_9.png' is not in the dataset"):
        subset.Subset(dataset, ["img_9.png"])
    with pytest.raises(DataError, match="the subset is empty"):
        subset.Subset(dataset, [])
