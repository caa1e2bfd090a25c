"""What holds for all transforms of the data wing: a text keeps its polygon, flag and label."""

import numpy as np
import pytest
import shapely

import tcm.data.transforms  # noqa: F401  # registers the transforms
from tcm.data.transforms.warp import Warp
from tcm.geometry.polygons import area, clip_to_box, transform_points
from tcm.registry import TRANSFORMS
from tcm.structures import Sample, TextInstances
from tests.data.builders import box

COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [0, 255, 255]], np.uint8)
BOXES = [
    box(6, 6, 24, 18),
    box(60, 4, 88, 16),
    box(34, 24, 52, 40),
    box(4, 46, 30, 60),
    box(70, 42, 92, 58),
]
# A transform that is not in here has not been thought of.
ARGUMENTS = {
    "BoundedScaleAspectJitter": {"long_size_bound": 90, "short_size_bound": 40},
    "ColorJitter": {"brightness": 0.1},
    "FitInto": {"size": [80, 70]},
    "FixInvalidPolygon": {},
    "LabelTargets": {},
    "MultiSizeResize": {},
    "RandomApply": {"prob": 0.7, "transforms": [{"type": "RandomFlip"}, {"type": "RandomRotate"}]},
    "RandomChoice": {"choices": [{"type": "RandomRotate"}, [{"type": "RandomCropText"}]]},
    "RandomCropAroundText": {},
    "RandomCropFlip": {"prob": 1.0},
    "RandomCropInstance": {},
    "RandomCropSize": {"size": [40, 50]},
    "RandomCropText": {},
    "RandomFlip": {"prob": 1.0, "direction": "diagonal"},
    "RandomRotate": {"max_angle_deg": 60, "use_canvas": True},
    "RandomScale": {"ratio_range": [0.8, 2.0]},
    "RandomTurn": {"prob": 1.0},
    "RemoveIgnored": {},
    "ResizeKeepRatio": {"scale": [120, 70]},
    "ResizeRandomShortSide": {"short_sizes": [48, 80], "long_size": 120},
    "ResizeShortSide": {"short_size": 50, "ratio_range": [0.7, 1.3]},
    "SquareResizePad": {"size": 72},
    "StretchTo": {"size": [60, 120]},
    "Warp": {},
    "WordAugment": {"ops": ["Rotate", "ShearX", "ShearY", "TranslateX", "TranslateY"]},
}
NAMES = [n for n in TRANSFORMS.names() if TRANSFORMS.get(n).__module__.startswith("tcm.data.")]


def coloured() -> Sample:
    """Return five texts, each filled with its own colour on grey."""
    image = np.full((64, 96, 3), 128, np.uint8)
    for polygon, colour in zip(BOXES, COLOURS, strict=True):
        left, top, right, bottom = (int(v) for v in (*polygon[0], *polygon[2]))
        image[top:bottom, left:right] = colour
    texts = TextInstances(
        BOXES,
        texts=[f"w{i}" for i in range(5)],
        ignored=[False, True, False, False, True],
        labels=[30, 31, 32, 33, 34],
    )
    return Sample(image, "coloured", texts)


def colour_at(sample: Sample, polygon: np.ndarray) -> int:
    """Return the index of the colour that is seen in the middle of a polygon."""
    x, y = shapely.Polygon(polygon).representative_point().coords[0]
    seen = sample.image[min(int(y), sample.size[0] - 1), min(int(x), sample.size[1] - 1)]
    return int(np.abs(COLOURS.astype(int) - seen).sum(axis=1).argmin())


@pytest.mark.parametrize("name", NAMES)
def test_texts_flags_and_labels_stay_with_the_pixels(name: str) -> None:
    start = coloured()
    transform = TRANSFORMS.build({"type": name, **ARGUMENTS[name]})
    seen = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        out = Warp()(transform(start, rng), rng)
        assert out.image.shape[:2] == out.size
        for i, polygon in enumerate(out.instances.polygons):
            if area(polygon) < 9:
                continue  # a sliver at the border, its colour is mixed with grey
            text = colour_at(out, polygon)
            assert out.instances.texts[i] in (f"w{text}", None)
            assert out.instances.labels[i] == 30 + text
            assert out.instances.ignored[i] == start.instances.ignored[text]
            seen += 1
    assert seen >= 30


# What no matrix can say, and what cuts nothing.
@pytest.mark.parametrize("name", sorted({*NAMES} - {"RandomCropFlip", "RandomTurn"}))
def test_polygons_are_the_texts_seen_through_the_matrix(name: str) -> None:
    start = coloured()
    transform = TRANSFORMS.build({"type": name, **ARGUMENTS[name]})
    for seed in range(10):
        out = transform(start, np.random.default_rng(seed))
        height, width = out.valid_size
        for label, polygon in zip(out.instances.labels, out.instances.polygons, strict=True):
            moved = transform_points(BOXES[label - 30], out.matrix)
            (whole,) = clip_to_box(moved, (0, 0, width, height))
            expected = shapely.Polygon(whole)
            assert shapely.Polygon(polygon).symmetric_difference(expected).area < 0.05


@pytest.mark.parametrize("name", NAMES)
def test_the_same_generator_gives_the_same_sample_and_leaves_the_input_alone(name: str) -> None:
    start, untouched = coloured(), coloured()
    transform = TRANSFORMS.build({"type": name, **ARGUMENTS[name]})
    first, again = (transform(start, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first.matrix, again.matrix)
    np.testing.assert_array_equal(first.image, again.image)
    assert (first.size, first.valid) == (again.size, again.valid)
    np.testing.assert_array_equal(start.image, untouched.image)
    np.testing.assert_array_equal(start.instances.polygons, untouched.instances.polygons)
    np.testing.assert_array_equal(start.instances.ignored, untouched.instances.ignored)
    assert start.instances.texts == untouched.instances.texts
    np.testing.assert_array_equal(start.matrix, np.eye(3))


@pytest.mark.parametrize("name", NAMES)
def test_an_image_without_text_passes(name: str) -> None:
    start = Sample(coloured().image, "", TextInstances())
    transform = TRANSFORMS.build({"type": name, **ARGUMENTS[name]})
    for seed in range(5):
        assert len(transform(start, np.random.default_rng(seed)).instances) == 0
