import pytest

from tcm.annotations.aerial_xml import DIOR_CLASSES
from tcm.data.formats import dior_r
from tests.data.formats.raw_files import assert_error, names, points, write_image, write_text

FOLDER = "Annotations/Oriented Bounding Boxes"
BOX = """<robndbox><x_left_top>1</x_left_top><y_left_top>2</y_left_top>
<x_right_top>9</x_right_top><y_right_top>3</y_right_top><x_right_bottom>8</x_right_bottom>
<y_right_bottom>7.5</y_right_bottom><x_left_bottom>0</x_left_bottom>
<y_left_bottom>6</y_left_bottom></robndbox>"""


def xml(name="Expressway-Service-area", difficult="0", box=BOX):
    about = f"<name>{name}</name><difficult>{difficult}</difficult>{box}"
    return f"<annotation><object>{about}</object></annotation>"


@pytest.fixture
def raw(tmp_path):
    for split, stem in (("trainval", "00001"), ("test", "11726")):
        write_image(tmp_path / f"JPEGImages-{split}" / f"{stem}.jpg")
        write_text(tmp_path / FOLDER / f"{stem}.xml", xml(difficult=str(int(split == "test"))))
    return tmp_path


def test_both_splits_have_quadrilaterals_with_labels(raw):
    found = dior_r.read(raw)
    assert list(found) == ["trainval", "test"] and found.classes == DIOR_CLASSES
    (record,) = found["trainval"]
    assert names([record]) == ["00001.jpg"]
    assert points(record, 0) == [[1, 2], [9, 3], [8, 7.5], [0, 6]]
    assert DIOR_CLASSES[record.instances.labels[0]] == "expressway-service-area"
    assert found["test"][0].instances.ignored.tolist() == [True]


def test_there_are_twenty_classes():
    assert len(set(DIOR_CLASSES)) == 20


@pytest.mark.parametrize(
    "content, reason",
    [
        (xml("plain"), "unknown class 'plain'"),
        (xml(box=""), "object 1: there is no element 'robndbox'"),
        (xml(box=BOX.replace("7.5", "")), "object 1.robndbox: the element 'y_right_bottom' is"),
        (xml(box=BOX.replace("7.5", "x")), "object 1: 'x' is no number"),
        (xml(difficult="so"), "object 1.difficult: 'so' is no integer"),
        ("<annotation>", "no XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a/>', "entities are not read"),
    ],
)
def test_what_is_malformed_is_named(raw, content, reason):
    file = write_text(raw / FOLDER / "00001.xml", content)
    assert_error(dior_r.read, raw, str(file), reason)


def test_an_image_without_labels_is_named(raw):
    (raw / FOLDER / "00001.xml").unlink()
    assert_error(dior_r.read, raw, str(raw / FOLDER / "00001.xml"), "no such file")
