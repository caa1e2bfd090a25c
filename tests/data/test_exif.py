"""A photo with an EXIF orientation: all that read it do so alike, upright or as it is stored."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tcm.cli.prepare_data import main as prepare
from tcm.data.datasets.image_files import ImageFiles
from tcm.data.datasets.lmdb_words import LMDBWords
from tcm.data.datasets.text_dataset import TextDataset
from tcm.data.datasets.words import FolderWords
from tcm.data.formats import ctw1500
from tcm.data.formats.readers import READERS, reader
from tcm.data.storage import lmdb_files
from tcm.data.storage.images import Exif
from tcm.errors import ConfigError, DataError
from tcm.registry import DATASETS
from tests.data.exif import encoded, stored
from tests.data.formats.raw_files import write_text

ROOT = Path(__file__).resolve().parents[2]
UPRIGHT = np.rot90(stored(), -1)  # orientation 6: the camera was turned to the left
PIXELS = {"apply": UPRIGHT, "ignore": stored()}


@pytest.fixture(params=["apply", "ignore"])
def exif(request: pytest.FixtureRequest) -> Exif:
    return request.param


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Return a photo with one word, its text file beside it."""
    path = tmp_path / "raw" / "a.png"
    path.parent.mkdir()
    path.write_bytes(encoded("png", 6))
    write_text(path.with_suffix(".txt"), "2,1,12,1,12,9,2,9,word\n")
    return path


def _prepared(photo: Path, exif: Exif) -> str:
    out = photo.parents[1]
    prepare(["rrc_txt", "--raw", str(photo.parent), "--out", str(out), "--exif", exif])
    return str(out / "train.json")


def test_preparation_measures_what_training_reads(
    photo: Path, exif: Exif, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = TextDataset(_prepared(photo, exif), exif=exif)
    done = {"apply": "applied", "ignore": "ignored"}[exif]
    assert f"train: 1 images have an EXIF orientation, which is {done}" in caplog.text
    record = dataset.records[0]
    assert (record.height, record.width) == PIXELS[exif].shape[:2]
    np.testing.assert_array_equal(dataset.load(0).image, PIXELS[exif])


def test_a_file_of_the_other_kind_is_refused_and_the_option_named(photo: Path, exif: Exif) -> None:
    ann_file = _prepared(photo, exif)
    other: Exif = "ignore" if exif == "apply" else "apply"
    with pytest.raises(DataError, match=rf"a\.png: .*EXIF orientation: set exif to '{exif}' if"):
        TextDataset(ann_file, exif=other).load(0)
    with pytest.raises(DataError, match=rf"EXIF orientation: set exif to '{exif}' if"):
        prepare(["crops", "--ann", ann_file, "--out", str(photo.parent / "c"), "--exif", other])


def test_check_lists_the_photo_and_finds_the_other_size(
    photo: Path, exif: Exif, capsys: pytest.CaptureFixture[str]
) -> None:
    ann_file = _prepared(photo, exif)
    capsys.readouterr()
    assert prepare(["check", ann_file, "--exif", exif]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "image with an EXIF orientation: 1"
    assert lines[1].endswith("read upright" if exif == "apply" else "read as stored")
    other = "ignore" if exif == "apply" else "apply"
    assert prepare(["check", ann_file, "--exif", other]) == 1
    assert f"image of another size: 1\n  data_list[0]: {photo.parent.name}/a.png" in (
        capsys.readouterr().out
    )


def test_crops_are_cut_from_what_training_reads(photo: Path, exif: Exif) -> None:
    ann_file, out = _prepared(photo, exif), photo.parents[1] / "crops"
    prepare(["crops", "--ann", ann_file, "--out", str(out), "--exif", exif])
    crop = FolderWords(str(out / "labels.txt")).load(0).image
    np.testing.assert_array_equal(crop, PIXELS[exif][1:9, 2:12])


def test_word_sets_read_files_and_lmdbs_alike(
    photo: Path, exif: Exif, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lmdb_files, "MAP_SIZE", 2**24)
    root = photo.parents[1]
    labels = write_text(root / "labels.txt", "raw/a.png\tword\n")
    prepare(["lmdb", "--labels", str(labels), "--out", str(root / "lmdb")])
    for words in (FolderWords(str(labels), exif=exif), LMDBWords(str(root / "lmdb"), exif=exif)):
        np.testing.assert_array_equal(words.load(0).image, PIXELS[exif])
        assert words.load(0).size == PIXELS[exif].shape[:2]
    lmdb_files.close()


def test_ones_own_photos_are_read_upright_unless_told_otherwise(photo: Path) -> None:
    np.testing.assert_array_equal(ImageFiles([str(photo)]).load(0).image, UPRIGHT)
    np.testing.assert_array_equal(ImageFiles([str(photo)], "ignore").load(0).image, stored())


def test_sets_whose_labels_are_of_the_stored_pixels_are_measured_so() -> None:
    defaults = {
        name: inspect.signature(reader(name)).parameters["exif"].default for name in READERS
    }
    stored_pixels = {name for name, default in defaults.items() if default == "ignore"}
    assert stored_pixels == {"ctw1500", "icdar2017_mlt", "joint98k", "ltb_det", "mlt2019"}
    assert set(defaults.values()) == {"apply", "ignore"}


def test_the_reader_of_such_a_set_and_its_config_agree(tmp_path: Path) -> None:
    for split in ("train", "test"):
        (tmp_path / split / "text_image").mkdir(parents=True)
        (tmp_path / split / "text_image" / "0001.jpg").write_bytes(encoded("jpeg", 6))
        write_text(tmp_path / split / "text_label_curve" / "0001.txt", "")
    for record in (splits[0] for splits in ctw1500.read(tmp_path).values()):
        assert (record.height, record.width) == (16, 24)
    upright = ctw1500.read(tmp_path, exif="apply")["train"][0]
    assert (upright.height, upright.width) == (24, 16)
    for path in sorted((ROOT / "configs").rglob("*.yaml")):
        for dataset in _datasets(yaml.safe_load(path.read_text(encoding="utf-8"))):
            if re.search("ctw1500|icdar2017_mlt|joint98k|ltb|mlt2019", dataset["ann_file"]):
                assert dataset.get("exif") == "ignore", path
            else:
                assert "exif" not in dataset, path


@pytest.mark.parametrize(
    "config", [{"type": "TextDataset", "ann_file": "a"}, {"type": "LMDBWords", "root": "a"}]
)
def test_an_unknown_rule_is_named(config: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="'aply'.*'apply'"):
        DATASETS.build({**config, "exif": "aply"})


def _datasets(node: Any) -> Iterator[dict[str, Any]]:
    """Yield the configs of annotation files anywhere in a config."""
    if isinstance(node, dict):
        if node.get("type") == "TextDataset":
            yield node
        node = list(node.values())
    for child in node if isinstance(node, list) else ():
        yield from _datasets(child)
