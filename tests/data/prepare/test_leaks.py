"""Test images among training images: by picture, by name, by list; the list is left out."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tcm.cli.find_leaks import main
from tcm.cli.parsers.find_leaks import parse
from tcm.data.datasets.text_dataset import TextDataset
from tcm.data.formats import unified
from tcm.data.formats.unified import ImageRecord
from tcm.data.prepare.image_hash import THRESHOLD, Near, image_hash, near
from tcm.data.storage.images import read_image
from tcm.errors import ConfigError, DataError
from tcm.structures import TextInstances
from tests.conftest import real_data
from tests.data.builders import box


def scene(seed: int, height: int = 120, width: int = 160) -> np.ndarray:
    """Return a picture (H, W, 3) with shapes of all sizes, as photographs have them."""
    rng = np.random.default_rng(seed)
    image = np.zeros((height, width, 3), np.float32)
    for cells in (3, 6, 12, 24):
        noise = rng.normal(0, 60 / cells**0.5, (cells, cells, 3)).astype(np.float32)
        image += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(image + 128, 0, 255).astype(np.uint8)


def distance(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.bitwise_count(image_hash(one) ^ image_hash(other)).sum())


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(encoded, cv2.IMREAD_COLOR)


def write_set(folder: Path, name: str, **images: np.ndarray) -> Path:
    """Write images as PNG, or as JPEG at quality 60 where the name ends with _jpg."""
    records = []
    for stem, image in images.items():
        file = folder / name / (f"{stem[:-4]}.jpg" if stem.endswith("_jpg") else f"{stem}.png")
        file.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(file), image, [cv2.IMWRITE_JPEG_QUALITY, 60])
        words = TextInstances([box(2, 2, 20, 10)], ["a"])
        records.append(ImageRecord(f"{name}/{file.name}", *image.shape[:2], words))
    unified.write(folder / f"{name}.json", records)
    return folder / f"{name}.json"


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_copies_are_near_and_other_pictures_are_far() -> None:
    pictures = [scene(seed) for seed in range(12)]
    for picture in pictures:
        half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        stretched = cv2.resize(picture, (200, 90), interpolation=cv2.INTER_LINEAR)
        for copy in (jpeg(picture, 30), jpeg(half, 60), stretched):
            assert distance(picture, copy) <= THRESHOLD
    far = [distance(a, b) for i, a in enumerate(pictures) for b in pictures[:i]]
    assert min(far) > 2 * THRESHOLD
    assert distance(pictures[0], pictures[0][:, ::-1]) > THRESHOLD


def test_the_nearest_within_the_threshold_is_found_in_any_part(monkeypatch) -> None:
    monkeypatch.setattr("tcm.data.prepare.image_hash._PAIRS", 40)  # four rows at a time
    rng = np.random.default_rng(0)
    others = rng.integers(0, 2**63, (10, 4), dtype=np.uint64)
    hashes = rng.integers(0, 2**63, (11, 4), dtype=np.uint64)
    hashes[3] = others[7]
    hashes[9] = others[2] ^ np.array([7, 0, 1, 0], np.uint64)  # four bits
    assert list(near(hashes, others, 4)) == [Near(3, 7, 0), Near(9, 2, 4)]
    assert list(near(hashes, others, 3)) == [Near(3, 7, 0)]


def test_the_threshold_of_the_command_is_that_of_the_hash() -> None:
    assert parse(["--train", "a", "--test", "b", "--out", "c"]).threshold == THRESHOLD


def test_all_bits_may_differ() -> None:
    ones = np.full((1, 4), 2**64 - 1, np.uint64)
    assert list(near(ones, np.zeros((1, 4), np.uint64), 256)) == [Near(0, 0, 256)]


def test_a_list_of_pictures_is_written_and_left_out_of_a_training(tmp_path, capsys, caplog):
    small = cv2.resize(scene(1), (80, 60), interpolation=cv2.INTER_AREA)
    train = write_set(tmp_path, "train", a=scene(0), b_jpg=small, c=scene(2), d_jpg=scene(3))
    first = write_set(tmp_path, "first", x=scene(1), y=scene(8))
    second = write_set(tmp_path, "second", z=scene(3))
    out = tmp_path / "leaks.txt"
    arguments = ["--train", train, "--test", first, second, "--out", out]
    assert run(*arguments) == 1
    assert f"{out}: 2 of 4 training images are test images" in capsys.readouterr().out
    lines = [line.split("\t") for line in out.read_text().splitlines()]
    assert [line[:2] for line in lines] == [
        ["train/b.jpg", f"{first}: first/x.png"],
        ["train/d.jpg", f"{second}: second/z.png"],
    ]
    assert all(line[2].endswith("bits differ") for line in lines)
    kept = TextDataset(str(train), exclude=str(out))
    assert list(kept.ids) == ["train/a.png", "train/c.png"] and len(kept) == 2
    np.testing.assert_array_equal(kept.load(1).image, scene(2)[..., ::-1])
    assert "leaks.txt: 2 of 4 images left out" in caplog.text
    assert run("--train", second, "--test", first, "--out", out) == 0  # ours, so written anew
    assert list(TextDataset(str(train), exclude=str(out)).ids) == list(TextDataset(str(train)).ids)


def test_names_count_where_they_are_ids(tmp_path):
    train = write_set(tmp_path, "train", img_1=scene(0), img_2=scene(1))
    test = write_set(tmp_path, "test", img_2_jpg=scene(5))
    out = tmp_path / "o.txt"
    arguments = ["--train", train, "--test", test, "--out", out]
    assert run(*arguments) == 0
    assert run(*arguments, "--names", "--no-hash") == 1
    assert out.read_text() == f"train/img_2.png\t{test}: test/img_2.jpg\tthe same name\n"
    with pytest.raises(ConfigError, match="--no-hash: --names or --pairs is wanted"):
        run(*arguments, "--no-hash")


def test_published_lists_name_pairs_or_training_images(tmp_path):
    train = write_set(tmp_path, "train", gt_0=scene(0), gt_3=scene(1), gt_7=scene(2))
    test = write_set(tmp_path, "test", img883=scene(5))
    pairs = tmp_path / "pairs.list"
    pairs.write_text("poly_gt_img883.txt gt_3.txt\npoly_gt_img1.txt gt_0.txt\n", encoding="utf-8")
    alone = tmp_path / "alone.txt"
    alone.write_text("gt_7\ngt_99\n", encoding="utf-8")
    out = tmp_path / "o.txt"
    arguments = ["--train", train, "--test", test, "--out", out, "--no-hash", "--pairs", pairs]
    assert run(*arguments, alone) == 1
    assert [line.split("\t") for line in out.read_text().splitlines()] == [
        ["train/gt_3.png", f"{test}: test/img883.png", "listed"],
        ["train/gt_7.png", "alone.txt", "listed"],
    ]
    pairs.write_text("gt_1 gt_2 gt_3\n", encoding="utf-8")
    with pytest.raises(DataError, match="pairs.list:1: 'TEST TRAIN' or 'TRAIN' is wanted"):
        run(*arguments)
    pairs.write_text("gt_99\n", encoding="utf-8")
    with pytest.raises(DataError, match="pairs.list: names none of the 3 training images"):
        run(*arguments)


def test_mistakes_of_a_list_and_of_images_are_named(tmp_path):
    train = write_set(tmp_path, "train", a=scene(0), b=scene(1))
    out = tmp_path / "o.txt"
    out.write_text("train/a.png\ntrain/c.png\tx\n", encoding="utf-8")
    with pytest.raises(DataError, match="o.txt:2: .*train.json has no image 'train/c.png'"):
        TextDataset(str(train), exclude=str(out))
    out.write_text("train/a.png\ntrain/b.png\n", encoding="utf-8")
    with pytest.raises(DataError, match="o.txt: leaves no image of .*train.json"):
        TextDataset(str(train), exclude=str(out))
    (tmp_path / "train/b.png").write_bytes(b"none")
    with pytest.raises(DataError, match="b.png: not a whole image"):
        run("--train", train, "--test", train, "--out", tmp_path / "p.txt")


@pytest.mark.slow
def test_copies_of_photographs_are_found_and_others_are_not() -> None:
    raw = real_data("icdar2015")
    files = sorted((raw / "ch4_test_images").glob("*.jpg"))[::5]
    others = sorted((raw / "ch4_training_images").glob("*.jpg"))[::5]
    hashes, copies = [], []
    for file in files:
        image = read_image(file)
        small = cv2.resize(image, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_LINEAR)
        hashes.append(image_hash(image))
        copies.append(image_hash(jpeg(small, 40)))
    found = list(near(np.array(copies), np.array(hashes)))
    assert [(one.image, one.other) for one in found] == [(i, i) for i in range(len(files))]
    assert max(one.distance for one in found) <= THRESHOLD // 2
    train = np.array([image_hash(read_image(file)) for file in others])
    assert min(one.distance for one in near(train, np.array(hashes), 256)) > 2 * THRESHOLD


def test_a_list_and_skip_empty_leave_out_what_either_does(tmp_path: Path) -> None:
    train = write_set(tmp_path, "train", a=scene(0), b=scene(1), c=scene(2))
    records = unified.read(train)
    records[0].instances = TextInstances()
    unified.write(train, unified.relative(records, tmp_path))
    out = tmp_path / "o.txt"
    out.write_text("train/a.png\ntrain/c.png\n", encoding="utf-8")
    kept = TextDataset(str(train), skip_empty=True, exclude=str(out))
    assert list(kept.ids) == ["train/b.png"] and kept.load(0).path.endswith("b.png")
    assert kept.sizes.tolist() == [[120, 160]] and len(kept.labels) == 1
