import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

import tcm.data.transforms  # noqa: F401
from tcm.data.datasets.concat import Concat
from tcm.data.datasets.dataset import paths_of
from tcm.data.datasets.text_dataset import TextDataset
from tcm.data.loading.pipeline import Pipeline
from tcm.errors import ConfigError, DataError
from tcm.registry import DATASETS
from tests.data.builders import write_dataset

CHAIN = [
    {"type": "RandomFlip"},
    {"type": "RandomRotate"},
    {"type": "RandomScale"},
    {"type": "RandomCropText"},
    {"type": "FitInto", "size": [32, 32]},
    {"type": "Warp"},
    {"type": "ColorJitter", "brightness": 0.2, "saturation": 0.5},
]


@pytest.fixture
def ann_file(tmp_path: Path) -> str:
    return str(write_dataset(tmp_path))


def test_sample_is_what_the_files_say(ann_file: str) -> None:
    dataset = DATASETS.build({"type": "TextDataset", "ann_file": ann_file})
    sample = dataset.load(2)
    stored = cv2.imread(str(Path(ann_file).parent / "img_2.png"))[..., ::-1]
    np.testing.assert_array_equal(sample.image, stored)
    assert sample.index == 2
    assert sample.size == (48, 64)
    assert sample.instances.texts == ["a,b", "###"]
    assert sample.instances.ignored.tolist() == [False, True]
    assert dataset.ids == [f"img_{i}.png" for i in range(6)]


def test_missing_annotation_file_is_named() -> None:
    with pytest.raises(DataError, match="nowhere.json: no such annotation file"):
        TextDataset("nowhere.json")
    with pytest.raises(DataError, match=r"no/where\.json: .*; tcm data prepare writes it"):
        TextDataset("no/where.json")


def test_missing_image_is_named(ann_file: str) -> None:
    (Path(ann_file).parent / "img_1.png").unlink()
    with pytest.raises(DataError, match="img_1.png: no such image"):
        TextDataset(ann_file).load(1)


def test_image_of_another_size_is_named(ann_file: str) -> None:
    cv2.imwrite(str(Path(ann_file).parent / "img_1.png"), np.zeros((64, 48, 3), np.uint8))
    message = r"train.json: data_list\[1\]: .*img_1.png: 48x64 pixels, the annotation says 64x48$"
    with pytest.raises(DataError, match=message):
        TextDataset(ann_file).load(1)


def test_concat_puts_datasets_in_a_row(ann_file: str) -> None:
    config = {"type": "TextDataset", "ann_file": ann_file}
    both = DATASETS.build({"type": "Concat", "datasets": [config, config]})
    assert len(both) == 12
    assert len(set(both.ids)) == 12
    for index in (0, 5, 6, 11):
        sample = both.load(index)
        assert sample.index == index
        assert Path(sample.path).name == f"img_{index % 6}.png"
        assert both.ids[index].endswith(Path(sample.path).name)
    with pytest.raises(IndexError):
        both.load(12)


def test_concat_of_nothing_is_an_error() -> None:
    with pytest.raises(ConfigError, match="datasets is empty"):
        Concat([])


def test_draw_gives_epoch_and_index(ann_file: str) -> None:
    pipeline = Pipeline(TextDataset(ann_file), CHAIN, seed=3)
    first, again, later = pipeline[4], pipeline[4], pipeline[10]
    assert first.index == later.index == 4
    assert first.path == later.path
    np.testing.assert_array_equal(first.image, again.image)
    assert not np.array_equal(first.matrix, later.matrix)


def test_seed_changes_the_augmentation(ann_file: str) -> None:
    matrices = [Pipeline(TextDataset(ann_file), CHAIN, seed)[0].matrix for seed in (0, 1)]
    assert not np.array_equal(*matrices)


def test_global_random_state_plays_no_part(ann_file: str) -> None:
    pipeline = Pipeline(TextDataset(ann_file), CHAIN)
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = pipeline[0].image
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    np.testing.assert_array_equal(pipeline[0].image, first)


def test_texts_come_back_whole_in_image_coordinates(ann_file: str) -> None:
    dataset = TextDataset(ann_file)
    for draw in range(24):
        sample = Pipeline(dataset, CHAIN)[draw]
        truth = dataset.records[draw % 6].instances
        np.testing.assert_array_equal(sample.instances.polygons, truth.polygons)
        assert sample.instances.texts == truth.texts


def test_pipeline_without_warp_is_an_error(ann_file: str) -> None:
    with pytest.raises(ConfigError, match=r"img_0.png: .* Warp must follow"):
        Pipeline(TextDataset(ann_file), CHAIN[:5])[0]


def test_wrong_transform_is_named_with_its_place(ann_file: str) -> None:
    with pytest.raises(ConfigError, match=r"pipeline\[1\].*did you mean 'Warp'"):
        Pipeline(TextDataset(ann_file), [{"type": "RandomFlip"}, {"type": "Wrap"}])


def test_pipeline_can_be_pickled(ann_file: str) -> None:
    pipeline = Pipeline(TextDataset(ann_file), CHAIN)
    copy = pickle.loads(pickle.dumps(pipeline))
    np.testing.assert_array_equal(copy[7].image, pipeline[7].image)


def test_paths_are_known_before_an_image_is_loaded(ann_file: str) -> None:
    config = {"type": "TextDataset", "ann_file": ann_file}
    both = Concat([config, config])
    assert paths_of(both) == [both.load(i).path for i in range(len(both))]
    assert paths_of(both) != both.ids
