"""Fixtures by CVAT's description of its XML, version 1.1."""

import numpy as np
import pytest

from tcm.annotations import cvat
from tcm.errors import DataError

HEAD = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><id>4</id><labels><label><name>word</name><attributes><attribute>
    <name>text</name><input_type>text</input_type></attribute></attributes></label></labels>
  </task></meta>
"""
IMAGE = '<image id="0" name="train/a.jpg" width="32" height="24">'
POLYGON = '<polygon label="word" occluded="0" points="1.50,2.00;9.00,2.00;9.00,8.00" z_order="0">'
BOX = '<box label="word" occluded="0" xtl="0" ytl="0" xbr="4" ybr="2" z_order="0"'


def read(tmp_path, body, head=HEAD):
    (tmp_path / "a.xml").write_text(f"{head}{body}</annotations>", encoding="utf-8")
    return cvat.read(tmp_path / "a.xml")


def test_shapes_and_their_attributes_are_read_and_others_counted(tmp_path):
    body = f"""{IMAGE}
      {POLYGON}<attribute name="text">A &amp; é</attribute>
        <attribute name="ignore">false</attribute></polygon>
      {BOX}><attribute name="text"></attribute><attribute name="ignore">true</attribute></box>
      {BOX} rotation="90"/>
      <polyline label="word" points="1,2;3,4"/><tag label="bad"/><tag label="bad"/>
      <skeleton label="s"><points label="1" points="1,2"/></skeleton>
    </image><image id="1" name="b.jpg" width="9" height="8"/>"""
    image, other = read(tmp_path, body)
    assert (image.name, image.size, other.size) == ("train/a.jpg", (24, 32), (8, 9))
    assert image.left_out == {"polylines": 1, "tags": 2, "skeletons": 1}
    assert other.regions == []
    words = [cvat.FIELDS.instance(region) for region in image.regions]
    assert [word.text for word in words] == ["A & é", None, None]
    assert [word.ignored for word in words] == [False, True, False]
    assert words[0].polygon.tolist() == [[1.5, 2], [9, 2], [9, 8]]
    assert words[1].polygon.tolist() == [[0, 0], [4, 0], [4, 2], [0, 2]]
    turned = [[3, -1], [3, 3], [1, 3], [1, -1]]  # clockwise on the screen
    np.testing.assert_allclose(words[2].polygon, turned, atol=1e-12)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (f"{IMAGE}<polygone/></image>", "unknown shape 'polygone'; did you mean 'polygon'"),
        (f'{IMAGE}<polygon label="a" points="1,2;3"/></image>', "'x,y;x,y;x,y' is wanted"),
        (f'{IMAGE}<polygon label="a" points="1,2;3,4"/></image>', "2 points; at least 3"),
        (f'{IMAGE}<box label="a" xtl="1"/></image>', "'ytl' is missing"),
        (f"{IMAGE}{BOX} rotation='x'/></image>", "'x' is no number"),
        (f"{IMAGE}{BOX.replace('xbr', 'xbr_')}/></image>", "'xbr' is missing"),
        ('<image id="0" name="a.jpg"/>', "'height' is missing"),
        ('<image id="0" name="" width="1" height="1"/>', "'' is no name of an image"),
        ('<image id="0" name="a" width="1" height="-1"/>', "are no size"),
        ('<track id="0" label="word"/>', "export as 'CVAT for images 1.1'"),
        ("<image", "no XML"),
        ("<a>" * 40, "more than 32 elements in each other"),
    ],
)
def test_mistakes_name_the_line(body, reason, tmp_path):
    with pytest.raises(DataError, match=rf"a.xml:\d+: .*{reason}"):
        read(tmp_path, body)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_no_document_type_and_with_it_no_entity_is_taken(encoding, tmp_path):
    bomb = '<!ENTITY a "aaaaaaaa">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE annotations [{bomb}]>'
    text += f"<annotations>{IMAGE}&i;</image></annotations>"
    (tmp_path / "a.xml").write_bytes(text.encode(encoding))
    with pytest.raises(DataError, match="a.xml:1: a document type is declared"):
        cvat.read(tmp_path / "a.xml")
