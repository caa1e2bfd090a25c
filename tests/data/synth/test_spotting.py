"""What a spotter needs of synthetic words: true texts, and polygons begun where they are read."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tcm.charset import SETS, Charset
from tcm.data.synth.dataset import SyntheticText
from tcm.data.synth.render import draw_mask, warp_patch
from tcm.data.synth.shapes import STYLES, make_shape
from tcm.errors import ConfigError
from tcm.geometry.bezier import polygon_sides, polygon_to_bezier, sample_bezier, vertex_distances
from tcm.geometry.polygons import signed_area

SMALL = {"length": 12, "size": [128, 160], "words_per_image": [2, 4], "text_height": [10, 20]}


@pytest.mark.parametrize("name", ["ascii95", "lowercase36", "alphanumeric62", "parseq94"])
def test_texts_can_be_read_with_the_charset_they_are_made_from(name: str) -> None:
    charset = Charset.build({"name": name, "unknown": "error"})
    dataset = SyntheticText(**SMALL, charset=name, word_length=[2, 12])
    texts = [text for i in range(12) for text in dataset.load(i).instances.texts]
    assert len(texts) > 20
    assert not any(" " in text for text in texts)
    for text in texts:
        assert charset.decode(charset.encode(text)) == text
    drawn = set("".join(texts))
    assert len(drawn) > 0.5 * len(charset) and drawn <= set(charset.characters)


def test_a_name_is_another_one_for_its_characters() -> None:
    by_name = SyntheticText(**SMALL, charset="lowercase36").load(3)
    by_characters = SyntheticText(**SMALL, charset={"characters": SETS["lowercase36"]}).load(3)
    np.testing.assert_array_equal(by_name.image, by_characters.image)


@pytest.mark.parametrize(
    ("content", "message"),
    [("漢\n", "U\\+6F22"), (" \n", "no character but the blank"), ("ab\n", ":1: one character")],
)
def test_a_file_of_no_use_is_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "set.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        SyntheticText(**SMALL, charset=str(path))
    with pytest.raises(ConfigError, match="no such charset file; did you mean 'set.txt'"):
        SyntheticText(**SMALL, charset=str(tmp_path / "sets.txt"))


@pytest.mark.parametrize("style", STYLES)
def test_polygons_have_equal_sides_the_upper_one_first(style: str) -> None:
    dataset = SyntheticText(**SMALL, styles=[style])
    polygons = [p for i in range(12) for p in dataset.load(i).instances.polygons]
    assert len(polygons) > 20
    for polygon in polygons:
        upper, lower = polygon_sides(polygon)
        assert len(upper) == len(lower) == (7 if style == "curved" else 2)
        assert signed_area(polygon) > 0
        # No word is turned by more than 60 degrees and the slant of its bend or perspective.
        assert upper[-1, 0] > upper[0, 0]
        assert lower[0, 0] > lower[-1, 0]


@pytest.mark.parametrize("style", STYLES)
def test_words_are_read_along_their_sides(style: str) -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        mask = draw_mask("MMMM....", "DejaVuSansMono-Bold", 24, 0.0)
        shape = make_shape(style, *mask.size, 14, rng).moved(np.array([200.0, 200.0]))
        patch = warp_patch(mask, shape, (400, 400))
        upper, lower = polygon_to_bezier(shape.outline).reshape(2, 4, 2)
        rows = np.linspace(0.05, 0.95, 12)[:, None, None]
        grid = (1 - rows) * sample_bezier(upper, 60) + rows * sample_bezier(lower[::-1], 60)
        grid = (grid - [patch.x + 0.5, patch.y + 0.5]).astype(np.float32)
        ink = cv2.remap(patch.coverage[:, :, 0], grid[..., 0], grid[..., 1], cv2.INTER_LINEAR)
        left, right = np.split(ink.astype(float), 2, axis=1)
        # The letters come first, and the full stops stand at the foot of the line.
        assert left.sum() > 3 * right.sum()
        end = ink[:, -8:].astype(float)
        assert end[6:].sum() > 5 * end[:6].sum() and end[6:].sum() > 0


def test_two_cubic_curves_follow_a_curved_word() -> None:
    dataset = SyntheticText(**SMALL, styles=["curved"])
    for i in range(12):
        for polygon in dataset.load(i).instances.polygons:
            height = np.linalg.norm(polygon[0] - polygon[-1])
            distances = vertex_distances(polygon, polygon_to_bezier(polygon))
            assert distances.max() < 0.25 * height


def test_ignored_words_have_no_text() -> None:
    dataset = SyntheticText(**SMALL, ignored_ratio=0.5, charset="lowercase36")
    for i in range(12):
        instances = dataset.load(i).instances
        assert [text is None for text in instances.texts] == instances.ignored.tolist()
