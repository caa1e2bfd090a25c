import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tcm.data.formats import unified
from tcm.data.prepare.beziers import fit_texts, write_with_beziers
from tcm.errors import DataError, OutputError
from tcm.geometry.bezier import polygon_to_bezier

BOX = [10, 10, 40, 10, 40, 20, 10, 20]
ARCH = [0, 30, 20, 10, 40, 10, 60, 30, 50, 40, 38, 22, 22, 22, 10, 40]
# A cubic cannot follow the zigzag of its upper side.
ZIGZAG = [0, 0, 10, 6, 20, 0, 30, 6, 40, 0, 50, 6, 50, 30, 40, 30, 30, 30, 20, 30, 10, 30, 0, 30]
TRIANGLE = [0, 0, 30, 0, 15, 10]
BOW_TIE = [0, 0, 20, 0, 0, 10, 20, 10]
POINT_SIDE = [0, 0, 20, 0, 10, 9, 10, 9]
# The middle vertex of the upper side is far off the middle, and the text far from the origin.
LOPSIDED = [900, 0, 920, 3, 1000, 0, 1000, 20, 950, 20, 900, 20]


def written(folder: Path, *polygons: list[float], **more: Any) -> Path:
    items = [{"polygon": p, "ignore": i % 2 == 1, "text": f"w{i}"} for i, p in enumerate(polygons)]
    entry = {"img_path": "img/ä.jpg", "height": 50, "width": 70, "instances": items, "kept": 1}
    folder.mkdir(exist_ok=True)
    path = folder / "train.json"
    content = {"metainfo": {"a": ["ü"]}, "data_list": [entry], **more}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_curves_are_those_of_the_polygons(tmp_path: Path) -> None:
    path = written(tmp_path, BOX, ARCH)
    fits = list(fit_texts(path))
    assert [fit.vertices for fit in fits] == [4, 8]
    assert fits[1].place == "data_list[0].instances[1] of img/ä.jpg"
    for fit, polygon in zip(fits, unified.read(path)[0].instances.polygons, strict=True):
        np.testing.assert_array_equal(fit.bezier, polygon_to_bezier(polygon))
        assert len(fit.distances) == fit.vertices
        assert fit.flaw == ""


def test_distances_are_told_in_pixels_and_heights(tmp_path: Path) -> None:
    box, zigzag = fit_texts(written(tmp_path, BOX, ZIGZAG))
    assert box.height == pytest.approx(10)
    assert box.farthest == pytest.approx(0, abs=1e-9)
    assert 1 < zigzag.farthest < 6
    assert zigzag.farthest_ratio == pytest.approx(zigzag.farthest / zigzag.height)


@pytest.mark.parametrize(
    ("polygon", "flaw"),
    [
        (TRIANGLE, "3 vertices"),
        (BOW_TIE, "crosses itself"),
        (POINT_SIDE, "crosses itself or is flat|a side has no length"),
        ([5.0] * 8, "flat"),
    ],
)
def test_what_has_no_proper_curves_is_told(tmp_path: Path, polygon: list[float], flaw: str) -> None:
    (fit,) = fit_texts(written(tmp_path, polygon))
    assert any(part in fit.flaw for part in flaw.split("|"))
    assert np.isfinite(fit.bezier).all()
    assert np.isfinite([fit.farthest, fit.farthest_ratio, fit.height]).all()


def test_curves_of_three_vertices_may_leave_their_text_unless_the_bend_is_least(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, LOPSIDED)
    (points,), (bend,) = fit_texts(path), fit_texts(path, "bend")
    assert np.abs(points.bezier[:4, 0] - np.linspace(900, 1000, 4)).max() > 50
    assert np.abs(bend.bezier[:4, 0] - np.linspace(900, 1000, 4)).max() < 30
    assert bend.flaw == ""


def test_a_file_keeps_all_it_had_and_gets_the_curves(tmp_path: Path) -> None:
    path = written(tmp_path, BOX, ARCH, TRIANGLE, extra={"b": 2})
    fits = list(fit_texts(path))
    write_with_beziers(path, tmp_path / "out.json", fits)
    before, after = (json.loads(p.read_text("utf-8")) for p in (path, tmp_path / "out.json"))
    for item, fit in zip(after["data_list"][0]["instances"], fits, strict=True):
        np.testing.assert_allclose(item.pop("beziers"), fit.bezier.ravel(), atol=5.1e-4)
    assert after == before
    assert len(unified.read(tmp_path / "out.json")[0].instances) == 3


def test_image_paths_follow_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "a", BOX)
    write_with_beziers(path, tmp_path / "b" / "c" / "out.json", list(fit_texts(path)))
    (record,) = unified.read(tmp_path / "b" / "c" / "out.json")
    assert Path(record.img_path).resolve() == (tmp_path / "a" / "img" / "ä.jpg").resolve()


def test_a_file_may_be_written_over_itself(tmp_path: Path) -> None:
    path = written(tmp_path, BOX, ARCH)
    fits = list(fit_texts(path))
    write_with_beziers(path, path, fits)
    again = list(fit_texts(path))
    np.testing.assert_array_equal([f.bezier for f in again], [f.bezier for f in fits])


def test_a_malformed_file_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, BOX, [1, 2, 3, 4])
    with pytest.raises(DataError, match=r"train.json: data_list\[0\].instances\[1\].polygon"):
        list(fit_texts(path))


def test_an_output_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, BOX)
    with pytest.raises(OutputError, match="cannot be written"):
        write_with_beziers(path, path / "out.json", list(fit_texts(path)))
