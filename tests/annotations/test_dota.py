import numpy as np
import pytest

from tcm.annotations import dota
from tcm.annotations.files import TextFile
from tcm.errors import DataError
from tests.conftest import real_data

LINE = "1 2 9 2 9 5.5 1 5 ship"


def read(text, **options):
    return dota.read_objects(TextFile("P1.txt", text), **options)


def test_header_lines_carriage_returns_and_a_missing_last_field():
    text = f"imagesource:GoogleEarth\r\ngsd:null\r\n{LINE} 1\r\n{LINE}\r\n\r\n{LINE} 2\r\n"
    found = read(text)
    assert [one.difficulty for one in found] == [1, 0, 2]
    assert {one.name for one in found} == {"ship"}
    assert found[0].polygon.tolist() == [[1, 2], [9, 2], [9, 5.5], [1, 5]]


def test_without_header_lines_and_empty():
    assert len(read(LINE)) == 1
    assert read("") == [] == read("gsd:0.25\n")


@pytest.mark.parametrize(
    "line, reason",
    [
        ("1 2 3 4 5 6 ship 0", "8 fields"),
        (f"{LINE} 0 1", "11 fields"),
        (f"{LINE} hard", "'hard' is no integer"),
        ("1 2 9 2 9 nan 1 5 ship 0", "'nan' is no number"),
        ("1 2 9 2 9 5e7 1 5 ship 0", "is not within"),
    ],
)
def test_a_malformed_line_is_named(line, reason):
    with pytest.raises(DataError, match=rf"P1.txt:2: .*{reason}"):
        read(f"{LINE}\n{line}\n")


def test_tabs_are_taken_and_said_unless_strict():
    (found,) = read(LINE.replace(" ", "\t"))
    assert found.assumed == ("tabs or several blanks stand between fields",)
    with pytest.raises(DataError, match="P1.txt:1: "):
        read(LINE.replace(" ", "\t"), strict=True)


def test_objects_become_instances_with_labels_and_difficult_ones_do_not_count():
    found = dota.instances(read(f"{LINE} 2\n{LINE} 0"), dota.CLASSES["v1.0"], "P1.txt")
    assert [(one.label, one.ignored) for one in found] == [(6, True), (6, False)]


def test_an_unknown_class_is_named_with_the_nearest_or_its_version():
    (boat,) = read(LINE.replace("ship", "shipp"))
    with pytest.raises(DataError, match="P1.txt: unknown class 'shipp'; did you mean 'ship'?"):
        dota.instances([boat], dota.CLASSES["v1.0"], "P1.txt")
    with pytest.raises(DataError, match="'airport'; DOTA v2.0 has it"):
        dota.instances([boat._replace(name="airport")], dota.CLASSES["v1.0"], "P1.txt")


def test_versions_only_add_classes():
    first, second, third = dota.CLASSES.values()
    assert (len(first), len(second), len(third)) == (15, 16, 18)
    assert third[: len(second)] == second and second[: len(first)] == first


def test_an_object_is_written_as_it_is_read():
    (one,) = read(f"{LINE} 2")
    assert dota.object_line(one) == "1.0 2.0 9.0 2.0 9.0 5.5 1.0 5.0 ship 2\n"
    assert str(read(dota.object_line(one))[0]) == str(one)


def test_detections_are_read_as_they_are_written():
    rng = np.random.default_rng(0)
    polygons = rng.uniform(-9, 99, (3, 4, 2)).round(2)
    written = dota.ClassDetections.of(
        ["P1", "P2", "P1"], np.float32([0.5, 1e-7, 0.123456]), polygons
    )
    lines = dota.detection_lines(written)
    read_again = dota.read_detections(TextFile("Task1_ship.txt", lines))
    assert read_again.images == ["P1", "P2", "P1"]
    assert np.array_equal(read_again.scores.astype(np.float32), written.scores)
    assert np.array_equal(read_again.polygons, polygons)
    assert lines.startswith("P1 0.5000 ") and "e" not in lines


def test_an_empty_result_has_no_detections():
    assert len(dota.read_detections(TextFile("Task1_ship.txt", "")).scores) == 0


@pytest.mark.parametrize(
    "text", ["P1 0.5 1 2 3 4 5 6 7", "P1  0.5 1 2 3 4 5 6 7 8", "P1 nan 1 2 3 4 5 6 7 8"]
)
def test_a_malformed_detection_is_named(text):
    with pytest.raises(DataError, match="Task1_ship.txt:1: "):
        dota.read_detections(TextFile("Task1_ship.txt", text))


def test_real_labels():
    from tcm.annotations.files import read_text

    folder = real_data("dota") / "labelTxt"
    found = {file.stem: dota.read_objects(read_text(file)) for file in folder.iterdir()}
    assert {
        stem: len(objects) for stem, objects in found.items() if stem in ("P0075", "P0706")
    } == {
        "P0075": 2,
        "P0706": 536,
    }
    assert sum(one.difficulty > 0 for one in found["P0706"]) == 6
