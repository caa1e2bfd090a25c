from pathlib import Path

import numpy as np
import pytest

from tcm.annotations import dota as files
from tcm.cli import prepare_data
from tcm.data.datasets.text_dataset import TextDataset
from tcm.data.formats import dota, unified
from tests.conftest import real_data
from tests.data.formats.raw_files import assert_error, names, points, write_image, write_text

SHIP = files.CLASSES["v1.0"].index("ship")
LINE = "1 2 9 2 9 5 1 5 ship"


def write_split(place: Path, labels: str | None = "labelTxt", **texts: str) -> Path:
    for stem, text in (texts or {"P1": f"gsd:0.2\r\n{LINE} 0\r\n{LINE} 1\r\n"}).items():
        write_image(place / "images" / f"{stem}.png")
        if labels:
            write_text(place / labels / f"{stem}.txt", text)
    return place


def test_objects_have_labels_and_difficult_ones_are_ignored(tmp_path):
    found = dota.read(write_split(tmp_path))
    (record,) = found["train"]
    assert record.instances.labels.tolist() == [SHIP, SHIP]
    assert record.instances.ignored.tolist() == [False, True]
    assert points(record, 0) == [[1, 2], [9, 2], [9, 5], [1, 5]]
    assert found.classes == files.CLASSES["v1.0"]


def test_splits_are_read_and_a_test_set_needs_no_labels(tmp_path):
    write_split(tmp_path / "train", "labelTxt-v1.5", P1="", P10=LINE, P2=LINE)
    write_split(tmp_path / "test", None, P3="")
    found = dota.read(tmp_path, classes="v1.5")
    assert names(found["train"]) == ["P1.png", "P2.png", "P10.png"]
    assert [len(record.instances) for record in found["test"]] == [0]


def test_patches_have_annfiles(tmp_path):
    write_split(tmp_path, "annfiles", P1__1024__0___0=f"{LINE} 2")
    assert dota.read(tmp_path)["train"][0].instances.ignored.tolist() == [True]


def test_what_is_wrong_is_named(tmp_path):
    write_split(tmp_path / "a", None)
    assert_error(dota.read, tmp_path / "a", f"{tmp_path / 'a'}: the folder 'labelTxt'", "missing")
    place = write_split(tmp_path / "b", P1=LINE.replace("ship", "airport"))
    start = f"{place / 'labelTxt' / 'P1.txt'}: unknown class 'airport'"
    assert_error(dota.read, place, start, "DOTA v2.0 has it")
    write_image(place / "images" / "P2.png")
    assert_error(dota.read, place, f"{place / 'images' / 'P2.png'}: its text file", "missing")


def test_classes_and_labels_travel_through_the_file(tmp_path):
    raw = write_split(tmp_path / "raw", P1=LINE, P2="")
    prepare_data.main(["dota", "--raw", str(raw), "--out", str(tmp_path / "out")])
    dataset = TextDataset(str(tmp_path / "out" / "train.json"))
    assert dataset.classes == files.CLASSES["v1.0"]
    assert dataset.load(0).instances.labels.tolist() == [SHIP]
    assert len(dataset) == 2


def test_the_four_real_images(tmp_path):
    raw = real_data("dota")
    found = dota.read(raw)["train"]
    assert sum(len(record.instances) for record in found) == 608
    assert sum(int(record.instances.ignored.sum()) for record in found) == 6
    unified.write(tmp_path / "a.json", found, dota.read(raw).classes)
    labels = [record.instances.labels for record in unified.read(tmp_path / "a.json", "/")]
    assert all(np.array_equal(a, b.instances.labels) for a, b in zip(labels, found, strict=True))


@pytest.mark.parametrize("skip, count, kept", [(0, 0, 3), (1, 0, 1), (1, 1, 2), (0, 1, 3)])
def test_images_without_instances_are_left_out_on_request(tmp_path, skip, count, kept):
    raw = write_split(tmp_path, P1="", P2=f"{LINE} 1", P3=f"{LINE} 0")
    file = tmp_path / "train.json"
    unified.write(file, unified.relative(dota.read(raw)["train"], tmp_path), files.CLASSES["v1.0"])
    dataset = TextDataset(str(file), skip_empty=bool(skip), count_ignored=bool(count))
    stems = ["P1", "P2", "P3"][3 - kept :]
    assert (
        [Path(name).stem for name in dataset.ids] == stems == [Path(p).stem for p in dataset.paths]
    )
    assert len(dataset) == len(dataset.sizes) == kept
    samples = [dataset.load(i) for i in range(kept)]
    assert [Path(sample.path).stem for sample in samples] == stems
    assert [sample.index for sample in samples] == list(range(kept))
    assert [info.cared for info in dataset.infos()] == [
        int((~sample.instances.ignored).sum()) for sample in samples
    ]
