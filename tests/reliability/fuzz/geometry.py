"""The geometry of whatever outlines the readers let through."""

from pathlib import Path

import numpy as np

from tcm.annotations.files import read_text
from tcm.annotations.polygon_lines import read_text_last
from tcm.evaluation.matching.regions import even_odd_regions
from tcm.geometry import bezier, drawing, fourier, offsets, polygons

_SEEDS = {
    "words.txt": "1,1,90,1,90,50,1,50\n10,10,40,12,39,30\n3,3,9,3,9,3,3,3\n",
    "curved.txt": "0,50,20,10,60,0,100,10,120,50,100,40,60,30,20,40\n" * 2,
    "far.txt": "-1000000,-1000000,1000000,0,0,1000000,500000.5,-999999\n0,0,0,0,0,0\n",
    "crossed.txt": "0,0,10,10,10,0,0,10\n0,0,9,9,0,9,9,0,4,20,3,-7\n1,1,2,2,3,3,4,4\n",
}


def seeds(folder: Path) -> list[Path]:
    """Write outlines: plain, curved, large, crossing themselves."""
    for name, content in _SEEDS.items():
        (folder / name).write_text(content)
    return [folder / name for name in _SEEDS]


def run(path: Path) -> None:
    """Measure, move, fit and draw them."""
    found = [one.polygon.astype(np.float32) for one in read_text_last(read_text(path))][:20]
    found = [polygon for polygon in found if len(polygon) <= 100]
    if not found:
        return
    for polygon in found:
        turned = polygons.clockwise(polygon)
        assert polygons.area(turned) >= 0 and polygons.perimeter(turned) >= 0
        polygons.is_convex(polygon)
        polygons.clip_to_box(polygon, (0, 0, 64, 64))
        shape = polygons.repair(polygon)
        assert np.isfinite(shape.area)
        curve = bezier.polygon_to_bezier(polygon)
        assert np.isfinite(curve).all()
        assert np.isfinite(bezier.vertex_distances(polygon, curve)).all()
        if polygons.perimeter(polygon) > 0:
            signature = fourier.fourier_signature(polygon)
            real = fourier.real_signature(signature)[None]
            assert np.isfinite(fourier.fourier_outlines(real)).all()
    shapes = [polygons.repair(polygon) for polygon in found]
    assert (polygons.intersection_areas(shapes, shapes) >= 0).all()
    regions, areas = even_odd_regions([polygon.astype(np.float64) for polygon in found])
    assert np.isfinite(polygons.intersection_areas(regions, regions)).all()
    assert np.isfinite(areas).all()
    polygons.are_simple(found)
    for distance in (-3.0, 0.0, 1e3):
        offsets.offset_polygons(found, [distance] * len(found))
    assert np.isfinite(polygons.min_area_rects(found)[0]).all()
    assert np.isfinite(polygons.grown_min_area_rects(found, [2.0] * len(found))[0]).all()
    drawing.fill_polygons(np.zeros((64, 64), np.uint8), found, 1)
