import cv2
import numpy as np
import pytest

from tcm.annotations import dota as files
from tcm.annotations.files import read_text
from tcm.cli import split_images
from tcm.data.formats import dota
from tcm.errors import DataError, OutputError
from tests.conftest import real_data


def write(place, labels=True, **sizes):
    """Images with pixels of their own and an object in the upper left corner each."""
    for seed, (stem, (height, width)) in enumerate(sizes.items()):
        pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
        (place / "images").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(place / "images" / f"{stem}.png"), pixels)
        if labels:
            (place / "labelTxt").mkdir(exist_ok=True)
            (place / "labelTxt" / f"{stem}.txt").write_text("gsd:1\r\n1 2 9 2 9 5 1 5 ship 1\r\n")
    return place


def run(raw, out, *options):
    return split_images.main(["--raw", str(raw), "--out", str(out), "--workers", "1", *options])


def test_patches_are_cut_at_the_images_scale_and_padded(tmp_path, capsys):
    raw = write(tmp_path / "raw", P1=(50, 100), P2=(30, 20))
    assert run(raw, tmp_path / "out", "--size", "64", "--gap", "16") == 0
    names = sorted(file.stem for file in (tmp_path / "out" / "images").iterdir())
    assert names == ["P1__64__0___0", "P1__64__36___0", "P2__64__0___0"]
    whole = cv2.imread(str(raw / "images" / "P1.png"))
    patch = cv2.imread(str(tmp_path / "out" / "images" / "P1__64__36___0.png"))
    assert patch.shape == (64, 64, 3)
    assert np.array_equal(patch[:50], whole[:, 36:])
    assert (patch[50:] == (104, 116, 124)).all()
    assert "2 images, 3 patches, 2 with objects, 2 objects, 0 difficult" in capsys.readouterr().out


def test_labels_follow_and_a_patch_without_objects_has_an_empty_file(tmp_path):
    run(write(tmp_path / "raw", P1=(50, 100)), tmp_path / "out", "--size", "64", "--gap", "16")
    texts = {f.stem: f.read_text() for f in (tmp_path / "out" / "annfiles").iterdir()}
    first = "1.0 2.0 9.0 2.0 9.0 5.0 1.0 5.0 ship 1\n"
    assert texts == {"P1__64__0___0": first, "P1__64__36___0": ""}
    assert len(dota.read(tmp_path / "out")["train"]) == 2


def test_splits_stay_apart_and_images_alone_are_cut_without_labels(tmp_path):
    write(tmp_path / "raw" / "train", P1=(64, 64))
    write(tmp_path / "raw" / "test", labels=False, P2=(64, 64))
    run(tmp_path / "raw", tmp_path / "out", "--size", "64", "--gap", "0")
    assert (tmp_path / "out" / "train" / "annfiles" / "P1__64__0___0.txt").exists()
    assert [p.name for p in (tmp_path / "out" / "test").iterdir()] == ["images"]


def test_several_rates_have_patches_of_several_sizes(tmp_path):
    raw = write(tmp_path / "raw", P1=(64, 64))
    run(raw, tmp_path / "out", "--size", "32", "--gap", "0", "--rates", "0.5", "1")
    shapes = {cv2.imread(str(f)).shape[0] for f in (tmp_path / "out" / "images").iterdir()}
    assert shapes == {32, 64}


def test_the_devkits_rule_resizes_and_does_not_pad(tmp_path):
    raw = write(tmp_path / "raw", P1=(50, 100))
    options = ("--size", "64", "--gap", "16", "--rule", "devkit", "--rates", "0.5")
    run(raw, tmp_path / "out", *options)
    (file,) = (tmp_path / "out" / "images").iterdir()
    assert file.stem == "P1__0.5__0___0" and cv2.imread(str(file)).shape == (25, 50, 3)
    (label,) = (tmp_path / "out" / "labelTxt").iterdir()
    assert label.read_text() == "0.0 1.0 4.0 1.0 4.0 2.0 0.0 2.0 ship 1\n"


def test_several_processes_write_the_same(tmp_path):
    raw = write(tmp_path / "raw", P1=(50, 100), P2=(30, 20))
    options = ("--size", "64", "--gap", "16")
    run(raw, tmp_path / "one", *options)
    split_images.main(
        ["--raw", str(raw), "--out", str(tmp_path / "two"), "--workers", "2", *options]
    )
    for file in (tmp_path / "one").rglob("*.*"):
        other = tmp_path / "two" / file.relative_to(tmp_path / "one")
        assert other.read_bytes() == file.read_bytes()


def test_nothing_is_replaced_and_a_bad_line_is_named(tmp_path):
    raw = write(tmp_path / "raw", P1=(64, 64))
    with pytest.raises(OutputError, match="is there and not an empty folder"):
        run(raw, raw)
    (raw / "labelTxt" / "P1.txt").write_text("1 2 9 2 9 5 1 five ship 1")
    with pytest.raises(DataError, match="P1.txt:1: "):
        run(raw, tmp_path / "out")


@pytest.mark.slow
def test_the_four_real_images_have_the_known_counts(tmp_path):
    run(real_data("dota"), tmp_path / "out")
    counts = {}
    for file in (tmp_path / "out" / "annfiles").iterdir():
        patches, objects = counts.get(file.stem[:5], (0, 0))
        counts[file.stem[:5]] = (patches + 1, objects + len(files.read_objects(read_text(file))))
    known = {"P0075": (1, 2), "P0168": (6, 78), "P0706": (4, 1996), "P1088": (6, 53)}
    assert {name: counts[name] for name in known} == known
