"""Turned copies: canvas, pixels and outlines; a score stays where nothing is turned."""

import math
from pathlib import Path

import numpy as np
import pytest

from tcm.cli.rotate_images import main
from tcm.data.formats import unified
from tcm.data.prepare.rotated import canvas_of, direction, rotate_images
from tcm.data.storage.images import read_image
from tcm.errors import DataError, OutputError
from tcm.evaluation.icdar2015 import ICDAR2015
from tcm.geometry.polygons import area, signed_area
from tcm.structures import TextInstances
from tests.data.builders import box, write_dataset


@pytest.mark.parametrize(
    ("angle", "canvas"),
    [
        (0, (48, 64)),
        (90, (64, 48)),
        (-180, (48, 64)),
        (270, (64, 48)),
        (360, (48, 64)),
        (30, (74, 80)),  # 48 cos + 64 sin = 73.57, 64 cos + 48 sin = 79.43
        (-45, (80, 80)),  # 112 / sqrt 2 = 79.20
    ],
)
def test_the_canvas_holds_the_whole_image(angle: float, canvas: tuple[int, int]) -> None:
    assert canvas_of(48, 64, angle) == canvas


def test_right_angles_are_exact() -> None:
    assert [direction(angle) for angle in (0, 90, -90, 540)] == [(1, 0), (0, 1), (0, -1), (-1, 0)]
    assert direction(60) == (math.cos(math.pi / 3), math.sin(math.pi / 3))


def test_quarters_move_every_pixel_and_point_with_its_text(tmp_path: Path) -> None:
    (record, *_) = unified.read(write_dataset(tmp_path, 1))
    (turned,) = rotate_images([record], 90, tmp_path / "out")
    image, copy = read_image(record.img_path), read_image(turned.img_path)
    np.testing.assert_array_equal(copy, np.rot90(image, -1))  # clockwise
    assert (turned.height, turned.width) == copy.shape[:2] == (64, 48)
    # (x, y) of the 48 pixels high image goes to (48 - y, x); the first point stays the first.
    first = turned.instances.polygons[0].tolist()
    assert first == [[40, 8], [40, 24], [32, 24], [32, 8]]
    assert turned.instances.texts == ["a,b", "###"]
    assert turned.instances.ignored.tolist() == [False, True]


def test_any_angle_keeps_areas_order_and_the_picture(tmp_path: Path) -> None:
    (record, *_) = unified.read(write_dataset(tmp_path, 1))
    (turned,) = rotate_images([record], 37.5, tmp_path / "out")
    before, after = record.instances.polygons, turned.instances.polygons
    for one, other in zip(before, after, strict=True):
        assert area(other) == pytest.approx(area(one), rel=1e-5)
        assert signed_area(other) * signed_area(one) > 0
        assert (other >= 0).all() and (other <= [turned.width, turned.height]).all()
    copy = read_image(turned.img_path)
    assert copy[0, 0].tolist() == copy[-1, -1].tolist() == [0, 0, 0]
    centres = before[0].mean(0) - [32, 24], after[0].mean(0) - np.array(copy.shape[1::-1]) / 2
    angle = math.degrees(math.atan2(*centres[1][::-1]) - math.atan2(*centres[0][::-1]))
    assert angle % 360 == pytest.approx(37.5, abs=1e-3)


def test_no_angle_leaves_pixels_and_score_and_a_turned_guess_scores_alike(tmp_path: Path) -> None:
    file = write_dataset(tmp_path, 3)
    arguments = ["--ann", str(file), "--out", str(tmp_path / "out"), "--angles", "0", "90", "0"]
    assert main(arguments) == 0
    original = unified.read(file)
    guess = [TextInstances([box(8, 8, 24, 15), box(0, 30, 9, 40)]) for _ in original]
    wanted = ICDAR2015().evaluate(guess, [one.instances for one in original])
    assert (wanted.matched, wanted.truths, wanted.detections) == (3, 3, 6)
    same = unified.read(tmp_path / "out/rotated_0.json")
    assert [one.id for one in same] == [f"rotated_0/img_{i}.png" for i in range(3)]
    for one, other in zip(original, same, strict=True):
        np.testing.assert_array_equal(read_image(one.img_path), read_image(other.img_path))
        np.testing.assert_array_equal(one.instances.polygons, other.instances.polygons)
    assert (
        ICDAR2015().evaluate(guess, [one.instances for one in same]).as_dict() == wanted.as_dict()
    )
    turned = unified.read(tmp_path / "out/rotated_90.json")
    moved = [
        TextInstances([np.stack([48 - p[:, 1], p[:, 0]], 1) for p in one.polygons]) for one in guess
    ]
    scores = ICDAR2015().evaluate(moved, [one.instances for one in turned])
    assert scores.as_dict() == wanted.as_dict()


def test_mistakes_are_named(tmp_path: Path) -> None:
    file = write_dataset(tmp_path, 2)
    arguments = ["--ann", str(file), "--angles", "10", "--out"]
    with pytest.raises(OutputError, match="not an empty folder"):
        main([*arguments, str(tmp_path)])
    records = unified.read(file)
    records[1].img_path = str(tmp_path / "deeper/img_0.jpg")
    with pytest.raises(DataError, match="img_0.png would have the same name"):
        rotate_images(records, 10, tmp_path / "o")
    (tmp_path / "img_1.png").write_bytes((tmp_path / "img_1.png").read_bytes()[:99])
    with pytest.raises(DataError, match="img_1.png: not a whole image"):
        main([*arguments, str(tmp_path / "p")])
    with pytest.raises(SystemExit):
        main(["--ann", str(file), "--out", str(tmp_path / "q"), "--angles", "nan"])
