"""Broken images in a pipeline: what takes their place, and what errors name."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch.utils.data import DataLoader

from tcm.data.datasets.concat import Concat
from tcm.data.datasets.mix import Mix
from tcm.data.datasets.text_dataset import TextDataset
from tcm.data.loading.datamodule import DataModule
from tcm.data.loading.pipeline import Pipeline
from tcm.data.loading.preflight import check_sets
from tcm.errors import ConfigError, DataError
from tcm.registry import build
from tests.data.builders import write_dataset

SMALL = [{"type": "FitInto", "size": [32, 32]}, {"type": "Warp"}]


def _dataset(folder: Path, broken: tuple[int, ...] = (1,), count: int = 6) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    ann_file = write_dataset(folder, count)
    for index in broken:
        path = folder / f"img_{index}.png"
        path.write_bytes(path.read_bytes()[:50])
    return {"type": "TextDataset", "ann_file": str(ann_file)}


def _data(dataset: dict[str, Any], more: dict[str, Any], **options: Any) -> DataModule:
    stage = {"dataset": dataset, "pipeline": SMALL, "batch_size": 2}
    return build(DataModule, {"train": stage | more, **options}, "data")


def test_by_default_a_broken_image_is_an_error_that_names_image_epoch_and_draw(tmp_path) -> None:
    pipeline = Pipeline(TextDataset(_dataset(tmp_path)["ann_file"]), SMALL)
    place = rf"img_1\.png: not a whole image .*\(image {tmp_path}/img_1\.png, epoch 2, draw 13\)$"
    with pytest.raises(DataError, match=place):
        pipeline[13]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_bug_in_a_transform_names_image_epoch_and_draw(tmp_path: Path, workers: int) -> None:
    pipeline = Pipeline(TextDataset(_dataset(tmp_path, ())["ann_file"]), [_fail])
    with pytest.raises(KeyError) as caught:
        next(iter(DataLoader(pipeline, num_workers=workers)))
    told = str(caught.value) + "".join(getattr(caught.value, "__notes__", []))
    assert "image " + str(tmp_path) in told and "epoch 0, draw " in told


def _fail(sample: Any, rng: Any) -> Any:
    raise KeyError("bug")


def test_another_image_takes_the_place_of_a_broken_one(tmp_path: Path) -> None:
    dataset = TextDataset(_dataset(tmp_path)["ann_file"])
    pipeline, again = (Pipeline(dataset, SMALL, 7, "skip") for _ in range(2))
    found = set()
    for epoch in range(12):
        sample = pipeline[6 * epoch + 1]
        ((path, reason),) = {*sample.replaced}
        assert path == str(tmp_path / "img_1.png") and "not a whole image" in reason
        assert sample.path == str(tmp_path / f"img_{sample.index}.png")
        np.testing.assert_array_equal(sample.image, again[6 * epoch + 1].image)
        found.add(sample.index)
    assert len(found) > 2 and 1 not in found
    assert pipeline[2].replaced == ()


def test_a_broken_substitute_is_named_as_well(tmp_path: Path) -> None:
    dataset = TextDataset(_dataset(tmp_path, (0, 1, 2, 3, 4))["ann_file"])
    samples = [Pipeline(dataset, SMALL, 0, "skip")[6 * epoch] for epoch in range(5)]
    assert {sample.index for sample in samples} == {5}
    assert max(len(sample.replaced) for sample in samples) > 1


def test_where_nothing_can_be_read_it_is_an_error(tmp_path: Path) -> None:
    dataset = TextDataset(_dataset(tmp_path, tuple(range(6)))["ann_file"])
    pipeline = Pipeline(dataset, SMALL, 0, "skip")
    with pytest.raises(DataError, match=r"img_0.png: .*nor can 6 images in its place \(image .*"):
        pipeline[0]


def test_mistakes_that_are_not_of_the_image_are_not_skipped(tmp_path: Path) -> None:
    dataset = TextDataset(_dataset(tmp_path, ())["ann_file"])
    with pytest.raises(ConfigError, match="Warp must follow"):
        Pipeline(dataset, SMALL[:1], 0, "skip")[0]
    with pytest.raises(KeyError):
        Pipeline(dataset, [_fail], 0, "skip")[0]


def test_in_a_mix_it_is_an_image_of_the_same_part(tmp_path: Path) -> None:
    parts = [{"dataset": _dataset(tmp_path / "a", ())}, {"dataset": _dataset(tmp_path / "b", (0,))}]
    pipeline = Pipeline(Mix(parts), SMALL, 0, "skip")
    samples = [pipeline[12 * epoch + 6] for epoch in range(8)]
    assert all(6 < sample.index < 12 for sample in samples)
    both = Concat([part["dataset"] for part in parts])
    samples = [Pipeline(both, SMALL, 0, "skip")[12 * epoch + 6] for epoch in range(8)]
    assert any(sample.index < 6 for sample in samples)


def test_batches_carry_what_was_replaced_whatever_the_workers(tmp_path: Path) -> None:
    found = []
    for workers in (0, 2):
        data = _data(_dataset(tmp_path, (1, 4)), {"broken": "skip"}, num_workers=workers)
        batches = itertools.islice(data.train_dataloader(), 6)
        found.append([(s.index, s.replaced) for batch in batches for s in batch.samples])
    assert found[0] == found[1]
    assert sum(bool(replaced) for _, replaced in found[0]) == 4


def test_only_training_can_skip(tmp_path: Path) -> None:
    stage = {"dataset": _dataset(tmp_path), "pipeline": SMALL, "batch_size": 2, "broken": "skip"}
    with pytest.raises(ConfigError, match=r"data\.val\.broken: only training can skip"):
        DataModule(val=stage)


@pytest.mark.parametrize(("share", "most"), [(0.5, 3), (0.0, 1), (1.0, 6)])
def test_the_cap_is_a_share_of_the_images(tmp_path: Path, share: float, most: int) -> None:
    more = {"broken": "skip", "max_broken": share}
    assert _data(_dataset(tmp_path), more).most_broken() == most
    assert _data(_dataset(tmp_path), {}).most_broken() is None


def test_few_missing_images_are_told_and_many_refused(tmp_path: Path, caplog) -> None:
    dataset = _dataset(tmp_path, ())
    (tmp_path / "img_3.png").unlink()
    data = _data(dataset, {"broken": "skip", "max_broken": 0.2})
    check_sets(data, ("train",))
    assert "1 of 6 images are missing" in caplog.text and "others take their place" in caplog.text
    (tmp_path / "img_4.png").unlink()
    with pytest.raises(DataError, match="2 of 6 images are missing"):
        check_sets(data, ("train",))
