"""The look at a run's images before it starts."""

import logging
import os
from pathlib import Path

import pytest

from tcm.data.datasets.dataset import ImageInfo, infos_of
from tcm.data.loading import preflight
from tcm.data.loading.datamodule import DataModule
from tcm.data.loading.preflight import check_sets, missing_files
from tcm.errors import DataError
from tcm.registry import DATASETS
from tests.data.builders import write_dataset
from tests.data.word_files import write_folder

SYNTHETIC = {"type": "SyntheticText", "length": 3, "size": [64, 64]}


def _data(dataset: dict, **options: object) -> DataModule:
    stage = {"dataset": dataset, "pipeline": [], "batch_size": 1}
    return DataModule(train=stage, val=stage, **options)


@pytest.fixture
def scenes(tmp_path: Path) -> dict:
    return {"type": "TextDataset", "ann_file": str(write_dataset(tmp_path))}


def test_a_whole_set_passes_without_a_word(scenes: dict, caplog: pytest.LogCaptureFixture) -> None:
    check_sets(_data(scenes), ("train", "val"))
    check_sets(_data(SYNTHETIC), ("train", "val"))
    assert not caplog.records


def test_missing_images_of_all_sets_are_counted_and_the_first_named(
    tmp_path: Path, scenes: dict
) -> None:
    for i in (1, 2, 4, 5):
        (tmp_path / f"img_{i}.png").unlink()
    both = {"type": "Concat", "datasets": [SYNTHETIC, scenes]}
    with pytest.raises(DataError) as error:
        check_sets(_data(both), ("train", "val"))
    first = ", ".join(str(tmp_path / f"img_{i}.png") for i in (1, 2, 4))
    assert str(error.value).splitlines() == [
        f"data.{name}.dataset: 4 of 6 images are missing: {first}, ..." for name in ("train", "val")
    ]


def test_a_wrong_root_is_suspected_where_all_are_missing(tmp_path: Path, scenes: dict) -> None:
    with pytest.raises(DataError, match=r"all of 6 images are missing: .*, or to img_root"):
        check_sets(_data({**scenes, "img_root": str(tmp_path / "x")}), ("train",))


def test_only_images_that_are_used_must_be_there(tmp_path: Path, scenes: dict) -> None:
    (tmp_path / "img_5.png").unlink()
    check_sets(_data(scenes), ("test",), limit=5)
    with pytest.raises(DataError, match=r"data\.test\.dataset: 1 of 6 images"):
        check_sets(_data(scenes), ("test",))
    for seed in range(20):
        data = _data(scenes, data_fraction=0.5, data_seed=seed)
        left_out = "img_5.png" not in data.dataset("train").ids
        if left_out:
            break
    check_sets(data, ("train",))
    assert left_out


def test_missing_words_are_found(tmp_path: Path) -> None:
    ann_file = write_folder(tmp_path)
    (tmp_path / "images/0.png").unlink()
    with pytest.raises(DataError, match=r"1 of 5 images are missing: .*images/0\.png$"):
        check_sets(_data({"type": "FolderWords", "ann_file": str(ann_file)}), ("train",))


def test_a_set_without_a_cared_text_cannot_be_learnt_and_says_nothing_when_scored(
    tmp_path: Path, scenes: dict, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "train.json"
    path.write_text(path.read_text().replace('"ignore": false', '"ignore": true'))
    with pytest.raises(DataError, match=r"data\.train.*none of its 6 images .*nothing to learn"):
        check_sets(_data(scenes), ("train",))
    with caplog.at_level(logging.WARNING, "tcm"):
        check_sets(_data(scenes), ("val",))
    (record,) = caplog.records
    assert record.getMessage() == (
        "data.val.dataset: none of its 6 images has a text that is not ignored; its scores mean "
        "nothing"
    )
    both = {"type": "Concat", "datasets": [SYNTHETIC, scenes]}  # it is not known of synthetic ones
    check_sets(_data(both), ("train",))


def test_a_dataset_that_tells_nothing_is_not_looked_at() -> None:
    assert infos_of(DATASETS.build(SYNTHETIC)) == [ImageInfo()] * 3


def test_each_folder_is_listed_once_and_no_file_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / name / f"{i}.jpg" for i in range(3) for name in "ab"]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    listed = []

    def scandir(folder: str) -> object:
        listed.append(folder)
        return real(folder)

    real = os.scandir
    monkeypatch.setattr(preflight.os, "scandir", scandir)
    monkeypatch.setattr(Path, "is_file", lambda path: pytest.fail(f"{path} was asked for"))
    assert missing_files(map(str, paths)) == []
    assert listed == [str(tmp_path / "a"), str(tmp_path / "b")]


def test_files_are_found_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jpg").touch()
    assert missing_files(["a.jpg", "./a.jpg", "b.jpg", "x/a.jpg"]) == ["b.jpg", "x/a.jpg"]
