import numpy as np
import pytest

from tcm.data.datasets.class_balanced import repeats_of
from tcm.data.formats import unified
from tcm.data.formats.unified import ImageRecord
from tcm.errors import ConfigError
from tcm.registry import DATASETS
from tcm.structures import TextInstances
from tests.data.builders import box, write_dataset

CLASSES = ("plane", "ship")


def test_factors_are_those_of_lvis():
    labels = [[0]] * 96 + [[0, 1]] * 3 + [[]]
    labels = [np.array(own, np.int64) for own in labels]
    repeats = repeats_of(labels, 0.48)
    assert repeats[:96].tolist() == [1] * 96 and repeats[99] == 1
    assert repeats[96:99].tolist() == [4] * 3  # sqrt(0.48 / 0.03)
    assert repeats_of(labels, 0.49)[97] == 5  # rounded up
    assert repeats_of(labels, 0.03).max() == 1


@pytest.fixture
def planes_and_a_ship(tmp_path):
    """Six images of planes, the third with a ship too; in the fourth a ship is ignored."""
    write_dataset(tmp_path)
    records = []
    for i in range(6):
        labels = [0, 1] if i in (2, 3) else [0, 0]
        found = TextInstances([box(8, 8, 24, 16), box(36, 28, 58, 40)], labels=labels)
        found.ignored[1] = i == 3
        records.append(ImageRecord(f"img_{i}.png", 48, 64, found))
    unified.write(tmp_path / "train.json", records, CLASSES)
    return {"type": "TextDataset", "ann_file": str(tmp_path / "train.json")}


def balanced(config, threshold):
    return DATASETS.build({"type": "ClassBalanced", "dataset": config, "threshold": threshold})


def test_an_image_of_a_rare_class_comes_several_times(planes_and_a_ship):
    dataset = balanced(planes_and_a_ship, 0.66)  # sqrt(0.66 * 6) = 1.99
    assert len(dataset) == 7 and list(dataset.classes) == list(CLASSES)
    assert list(dataset.ids)[2:4] == ["img_2.png", "img_2.png#2"]
    assert len(set(dataset.ids)) == 7 and len(dataset.sizes) == len(dataset.infos()) == 7
    first, again = dataset.load(2), dataset.load(3)
    assert first.path == again.path == dataset.paths[3] and again.index == 3
    assert dataset.load(6).path.endswith("img_5.png")


def test_ignored_instances_count_where_they_are_trained_on(planes_and_a_ship):
    dataset = balanced({**planes_and_a_ship, "count_ignored": True}, 0.66)
    assert len(dataset) == 8  # both images with a ship


def test_parts_are_balanced_together(planes_and_a_ship):
    both = {"type": "Concat", "datasets": [planes_and_a_ship, planes_and_a_ship]}
    assert len(balanced(both, 0.66)) == 14


def test_what_does_not_know_its_classes_is_refused():
    with pytest.raises(ConfigError, match="ClassBalanced: SyntheticText does not know"):
        balanced({"type": "SyntheticText", "length": 2}, 0.5)
