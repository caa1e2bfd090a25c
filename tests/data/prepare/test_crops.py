import cv2
import numpy as np
import pytest

from tcm.data.datasets.words import FolderWords
from tcm.data.formats import unified
from tcm.data.formats.unified import ImageRecord
from tcm.data.prepare.crops import cut_words
from tcm.data.storage.images import read_image
from tcm.errors import ConfigError, DataError
from tcm.structures import TextInstances
from tests.data.builders import box


@pytest.fixture
def records(tmp_path):
    """Return two scenes of the same name: a word, an ignored one, one without text, one outside."""
    rng = np.random.default_rng(0)
    found = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        image = rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / folder / "img.png"), image)
        quads = [box(5, 8, 45, 21), box(0, 0, 9, 9), box(9, 9, 19, 19), box(70, 8, 80, 21)]
        texts = [f"{folder} one", "###", None, "out"]
        words = TextInstances(quads, texts, np.array([False, True, False, False]))
        found.append(ImageRecord(f"{folder}/img.png", 40, 60, words))
    unified.write(tmp_path / "train.json", found)
    return unified.read(tmp_path / "train.json")


@pytest.mark.parametrize("mode", ["box", "rectified"])
def test_words_with_texts_are_cut_and_the_others_counted(mode, records, tmp_path):
    done = []
    crops = cut_words(records, tmp_path / "out", mode, progress=lambda *step: done.append(step))
    assert crops.left_out["ignored"] == crops.left_out["without text"] == 2
    assert crops.left_out["outside the image"] == (2 if mode == "box" else 0)
    assert done == [("scenes", 1, 2), ("scenes", 2, 2)]
    words = FolderWords(str(tmp_path / "out/labels.txt"))
    assert words.labels == (["aone", "bone"] if mode == "box" else ["aone", "out", "bone", "out"])
    for i, record in zip((0, -1 if mode == "box" else 2), records, strict=True):
        crop = words.load(i % len(words)).image
        np.testing.assert_array_equal(crop, read_image(record.img_path)[8:21, 5:45])


def test_boxes_can_be_padded(records, tmp_path):
    cut_words(records, tmp_path / "out", padding=2)
    crop = FolderWords(str(tmp_path / "out/labels.txt")).load(0).image
    np.testing.assert_array_equal(crop, read_image(records[0].img_path)[6:23, 3:47])


def test_mistakes_are_named(records, tmp_path):
    with pytest.raises(ConfigError, match="unknown 'boxes'; did you mean 'box'"):
        cut_words(records, tmp_path, "boxes")
    with pytest.raises(ConfigError, match="only boxes can be padded"):
        cut_words(records, tmp_path, "rectified", 2)
    for record in records:
        record.instances.ignored[:] = True
    with pytest.raises(DataError, match="there is no word to cut .*'ignored': 8"):
        cut_words(records, tmp_path / "out")
