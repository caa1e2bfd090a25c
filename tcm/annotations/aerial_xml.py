"""The XML files of DIOR-R and HRSC2016: oriented objects of an image.

DIOR-R: ``<object><name>``, ``<difficult>`` and ``<robndbox>`` with ``x_left_top``, ``y_left_top``,
``x_right_top`` and so on. HRSC2016: ``<HRSC_Object>`` with ``mbox_cx``, ``mbox_cy``, ``mbox_w``,
``mbox_h``, ``mbox_ang`` in radians, clockwise on the screen, and ``difficult``.
"""

import xml.etree.ElementTree as ET

from tcm.annotations.dota import DotaObject
from tcm.annotations.files import TextFile, bounded, integers, numbers
from tcm.annotations.instance import Rectangle
from tcm.annotations.xml_tree import fields, root_of
from tcm.errors import DataError

# In the order of mmrotate's labels; files may write capitals.
DIOR_CLASSES = (
    *("airplane", "airport", "baseballfield", "basketballcourt", "bridge", "chimney"),
    *("expressway-service-area", "expressway-toll-station", "dam", "golffield"),
    *("groundtrackfield", "harbor", "overpass", "ship", "stadium", "storagetank"),
    *("tenniscourt", "trainstation", "vehicle", "windmill"),
)
SHIP = "ship"

_CORNERS = [
    f"{axis}_{side}_{end}"
    for side, end in (("left", "top"), ("right", "top"), ("right", "bottom"), ("left", "bottom"))
    for axis in "xy"
]
_BOX = ["mbox_cx", "mbox_cy", "mbox_w", "mbox_h", "mbox_ang"]


def read_dior(file: TextFile) -> list[DotaObject]:
    """Return the objects of a DIOR-R file.

    Raises:
        DataError: It is no XML, or an object is malformed; the text gives the file and the line or
            the object, from 1.
    """
    return [_dior(*one) for one in _numbered(file, "object")]


def read_hrsc(file: TextFile) -> list[DotaObject]:
    """Return the ships of an HRSC2016 file, of whatever class, as ``ship``.

    Raises:
        DataError: As of `read_dior`.
    """
    return [_hrsc(*one) for one in _numbered(file, "HRSC_Object")]


def _numbered(file: TextFile, name: str) -> list[tuple[ET.Element, str]]:
    found = enumerate(root_of(file).iter(name), 1)
    return [(element, f"{file.source}: {name} {i}") for i, element in found]


def _dior(element: ET.Element, place: str) -> DotaObject:
    box = element.find("robndbox")
    if box is None:
        raise DataError(f"{place}: there is no element 'robndbox': these are no oriented boxes")
    (name,) = fields(element, ["name"], place)
    polygon = numbers(fields(box, _CORNERS, f"{place}.robndbox"), place).reshape(4, 2)
    return DotaObject(polygon, name.lower(), _difficulty(element, place))


def _hrsc(element: ET.Element, place: str) -> DotaObject:
    x, y, width, height, angle = numbers(fields(element, _BOX, place), place).tolist()
    if min(width, height) < 0:
        raise DataError(f"{place}: width {width:g} and height {height:g} are no size")
    rectangle = Rectangle(x - width / 2, y - height / 2, x + width / 2, y + height / 2, angle)
    return DotaObject(bounded(rectangle.rotated(), place), SHIP, _difficulty(element, place))


def _difficulty(element: ET.Element, place: str) -> int:
    text = (element.findtext("difficult") or "0").strip()
    try:
        return integers([text])[0]
    except DataError as error:
        raise DataError(f"{place}.difficult: {error}") from error
