import numpy as np
import pytest

from tcm.data.formats import hrsc2016
from tests.data.formats.raw_files import assert_error, names, points, write_image, write_text

SHIP = {"mbox_cx": 16, "mbox_cy": 12, "mbox_w": 10, "mbox_h": 4, "mbox_ang": np.pi / 2}


def xml(**changed):
    fields = {**SHIP, "difficult": 0, **changed}
    inside = "".join(f"<{key}>{value}</{key}>" for key, value in fields.items())
    objects = f"<HRSC_Objects><HRSC_Object>{inside}</HRSC_Object></HRSC_Objects>"
    return f"<HRSC_Image>{objects}</HRSC_Image>"


@pytest.fixture
def raw(tmp_path):
    place = tmp_path / "FullDataSet"
    for stem, difficult in (("100000001", 0), ("100000002", 1)):
        write_image(place / "AllImages" / f"{stem}.bmp")
        write_text(place / "Annotations" / f"{stem}.xml", xml(difficult=difficult))
    write_text(tmp_path / "ImageSets" / "train.txt", "100000001\r\n")
    write_text(tmp_path / "ImageSets" / "test.txt", "100000002\n100000001\n")
    return tmp_path


def test_lists_make_the_splits_and_ships_are_turned_clockwise(raw):
    found = hrsc2016.read(raw)
    assert found.classes == ("ship",) and list(found) == ["train", "test"]
    assert names(found["test"]) == ["100000002.bmp", "100000001.bmp"]
    assert [one.instances.ignored.tolist() for one in found["test"]] == [[True], [False]]
    # The left upper corner comes to the right when the rectangle is turned by 90 degrees.
    corners = [[18, 7], [18, 17], [14, 17], [14, 7]]
    assert np.allclose(points(found["train"][0], 0), corners, atol=1e-5)


def test_what_is_wrong_is_named(raw):
    file = write_text(raw / "FullDataSet/Annotations/100000001.xml", xml(mbox_w=-1))
    assert_error(hrsc2016.read, raw, str(file), "HRSC_Object 1: width -1 and height 4 are no size")
    write_text(file, xml(mbox_ang=""))
    assert_error(hrsc2016.read, raw, str(file), "'mbox_ang' is missing or empty")
    listed = write_text(raw / "ImageSets" / "val.txt", "100000003\n")
    assert_error(hrsc2016.read, raw, f"{listed}:1", "there is no image '100000003'; did you mean")
