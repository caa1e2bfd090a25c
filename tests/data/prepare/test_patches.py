import json

import numpy as np
import pytest

from tcm.annotations import dota
from tcm.annotations.dota import DotaObject
from tcm.annotations.files import read_text
from tcm.data.prepare.devkit_patches import devkit_objects, devkit_windows
from tcm.data.prepare.patches import CUT, objects_in
from tcm.data.storage.image_sizes import size_of
from tcm.data.storage.images import read_bytes
from tcm.errors import ConfigError
from tcm.geometry.windows import Cutting, Window, windows
from tests.conftest import oracle_file, real_data

SINGLE = Cutting()
MULTIPLE = Cutting(1024, 500, (0.5, 1.0, 1.5))


def box(x, y, width, height, difficulty=0):
    corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    return DotaObject(np.array(corners, np.float64), "ship", difficulty)


def test_windows_are_mmrotates():
    stored = np.load(oracle_file("rotated/split_windows.npz"))
    assert len(stored.files)
    for name in stored.files:
        kind, size = name.split(".")
        width, height = map(int, size.split("x"))
        found = windows(width, height, SINGLE if kind == "ss" else MULTIPLE)
        sides = [[w.x, w.y, w.x + w.size, w.y + w.size] for w in found]
        assert np.array_equal(sides, stored[name]), name


def split_oracle():
    """Sizes and objects of the oracle's images, and its folder."""
    folder = oracle_file("rotated/split")
    sizes = json.loads((folder / "sizes.json").read_text())
    labels = {name: dota.read_objects(read_text(folder / f"labelTxt/{name}.txt")) for name in sizes}
    return folder, sizes, labels


def compare(folder, found):
    """Compare labels by patch with the files of a folder."""
    assert found.keys() == {file.stem for file in folder.iterdir()}
    for name, objects in found.items():
        expected = (folder / f"{name}.txt").read_text()
        assert "".join(map(dota.object_line, objects)) == expected, name


def test_objects_are_mmrotates():
    folder, sizes, labels = split_oracle()
    found = {
        f"{name}__{w.size}__{w.x}___{w.y}": objects_in(w, labels[name])
        for name, (width, height) in sizes.items()
        for w in windows(width, height, SINGLE)
    }
    compare(folder / "expected_mmrotate", found)


def test_objects_of_the_devkits_rule_are_the_devkits():
    folder, sizes, labels = split_oracle()
    found = {
        f"{name}__1__{w.x}___{w.y}": devkit_objects(w, labels[name], width, height)
        for name, (width, height) in sizes.items()
        for w in devkit_windows(width, height, 1024, 200)
    }
    compare(folder / "expected_devkit", found)


def test_a_small_image_is_one_window_and_the_last_one_moves_back():
    assert windows(30, 20, Cutting(64, 16)) == [Window(0, 0, 64)]
    found = windows(100, 64, Cutting(64, 16))
    assert found == [Window(0, 0, 64), Window(36, 0, 64)]


def test_every_pixel_of_a_large_image_is_in_a_window():
    seen = np.zeros((150, 203), bool)
    for x, y, size in windows(203, 150, Cutting(64, 16)):
        seen[y : y + size, x : x + size] = True
    assert seen.all()


def test_an_object_stays_whole_where_most_of_it_is_and_is_then_difficult():
    window = Window(100, 0, 64)
    inside, most, little = box(110, 5, 10, 10, 1), box(97, 5, 10, 10), box(94, 5, 10, 10)
    found = objects_in(window, [inside, most, little])
    assert [one.difficulty for one in found] == [1, CUT]
    assert found[1].polygon[0].tolist() == [-3, 5]
    assert len(objects_in(window, [inside, most, little], least=0.4)) == 3
    assert objects_in(window, []) == []


def test_outlines_that_cross_themselves_or_have_no_area_are_no_stop():
    crossed = DotaObject(np.array([[2.0, 2], [9, 9], [9, 2], [2, 9]]), "ship")
    empty = DotaObject(np.array([[2.0, 2]] * 4), "ship")
    assert len(objects_in(Window(0, 0, 64), [crossed, empty])) == 1
    devkit_objects(Window(0, 0, 64), [crossed, empty], 64, 64)


def test_cuttings_that_make_no_progress_are_refused():
    with pytest.raises(ConfigError, match="patches of 64 pixels with a gap of 64 at rate 1"):
        Cutting(64, 64)
    with pytest.raises(ConfigError, match="Cutting.least_object"):
        Cutting(least_object=1.5)


@pytest.mark.parametrize(
    "name, patches, objects, cut, multiple",
    [("P0075", 1, 2, 0, 2), ("P0168", 6, 78, 6, 44), ("P0706", 4, 1996, 33, 13)]
    + [("P1088", 6, 53, 4, 30)],
)
def test_counts_of_the_real_images(name, patches, objects, cut, multiple):
    folder = real_data("dota")
    height, width = size_of(read_bytes(folder / "images" / f"{name}.png"))
    labels = dota.read_objects(read_text(folder / "labelTxt" / f"{name}.txt"))
    found = [objects_in(window, labels) for window in windows(width, height, SINGLE)]
    assert len(found) == patches and sum(map(len, found)) == objects
    assert sum(one.difficulty == CUT for objects in found for one in objects) == cut
    assert len(windows(width, height, MULTIPLE)) == multiple
