"""The XML of "CVAT for images 1.1".

``<annotations><image id name width height><polygon label points="x,y;x,y"><attribute name="text">
...</attribute></polygon><box label xtl ytl xbr ybr rotation/></image></annotations>``, the rotation
in degrees about the box's centre, clockwise on the screen. The file is read as a stream: no
declaration of a document type, and with it no entity, is taken.
"""

from collections import Counter
from math import radians
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np

from tcm import inputs
from tcm.annotations.files import MOST_CHARACTERS, bounded, numbers, outline
from tcm.annotations.instance import Rectangle
from tcm.annotations.regions import Fields, LabelledImage, Region, size
from tcm.errors import DataError, nearest

FIELDS = Fields(text=("text", "transcription"), ignore=("ignore", "label=ignore"))
NAME = "annotations.xml"

_DEEPEST = 32  # elements in each other; CVAT's own are less than ten
_MOST = 2**30  # bytes of a file: a single tag of it is in memory
_PART = 2**16  # bytes parsed at once
_OUTLINES = ("box", "polygon")
_OTHERS = {
    **{"cuboid": "cuboids", "ellipse": "ellipses", "mask": "masks", "points": "points"},
    **{"polyline": "polylines", "skeleton": "skeletons", "tag": "tags"},
}


def read(path: Path) -> list[LabelledImage]:
    """Read a file.

    Raises:
        DataError: It is no XML of this form, a shape is malformed or unknown; the text gives the
            file and the line.
    """
    reader = _Reader(path)
    with inputs.open_file(path, _MOST) as file:
        reader.parse(file)
    return reader.images


class _Reader:
    """What expat calls."""

    def __init__(self, path: Path) -> None:
        self.images: list[LabelledImage] = []
        self._path = path
        self._regions: list[Region] = []
        self._open: list[str] = []  # elements
        self._shape: dict[str, str] = {}
        self._fields: dict[str, Any] = {}
        self._key = ""
        self._text: list[str] = []
        self._length = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._declared

    @property
    def _place(self) -> str:
        return f"{self._path}:{self._parser.CurrentLineNumber}"

    def parse(self, file: Any) -> None:
        try:
            while part := file.read(_PART):
                self._parser.Parse(part)
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise DataError(f"{self._path}:{error.lineno}: no XML: {error}") from error
        except (ValueError, LookupError) as error:  # of its encoding
            raise DataError(f"{self._path}: no XML: {error}") from error

    def _declared(self, *_: Any) -> None:
        reason = "a document type is declared, whose entities may grow without bounds"
        raise DataError(f"{self._place}: {reason}; CVAT writes none")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._open.append(tag)
        if len(self._open) > _DEEPEST:
            raise DataError(f"{self._place}: more than {_DEEPEST} elements in each other")
        if len(self._open) == 1 and tag != "annotations":
            raise DataError(f"{self._place}: 'annotations' is wanted, got '{tag[:60]}'")
        if self._open == ["annotations", "track"]:
            reason = "a track, of 'CVAT for video'"
            raise DataError(f"{self._place}: {reason}; export as 'CVAT for images 1.1'")
        if self._open == ["annotations", "image"]:
            self._begin_image(attributes)
        elif self._open[1:2] == ["image"] and len(self._open) == 3:
            self._begin_shape(tag, attributes)
        elif self._open[1:2] == ["image"] and len(self._open) == 4 and tag == "attribute":
            self._key = self._get(attributes, "name")
        self._text, self._length = [], 0

    def _end(self, tag: str) -> None:
        if self._open[1:2] == ["image"]:
            if len(self._open) == 4 and tag == "attribute":
                self._fields[self._key] = "".join(self._text)
            elif len(self._open) == 3 and tag in _OUTLINES:
                self._end_shape(tag)
        self._open.pop()

    def _characters(self, text: str) -> None:
        if self._open[-1:] == ["attribute"]:
            self._text.append(text)
            self._length += len(text)
            if self._length > MOST_CHARACTERS:
                raise DataError(f"{self._place}: an attribute of more than {MOST_CHARACTERS:,}")

    def _begin_image(self, attributes: dict[str, str]) -> None:
        name = inputs.image_name(self._get(attributes, "name"), self._place)
        height, width = (self._get(attributes, key) for key in ("height", "width"))
        shape = size(height, width, self._place)
        self._regions = []
        self.images.append(LabelledImage(name, shape, self._regions, Counter(), self._place))

    def _begin_shape(self, tag: str, attributes: dict[str, str]) -> None:
        if tag not in _OUTLINES and tag not in _OTHERS:
            hint = nearest(tag, (*_OUTLINES, *_OTHERS))
            raise DataError(f"{self._place}: unknown shape '{tag[:60]}'{hint}")
        if tag in _OTHERS:
            self.images[-1].left_out[_OTHERS[tag]] += 1
        self._shape, self._fields = attributes, {"label": attributes.get("label", "")}

    def _end_shape(self, tag: str) -> None:
        polygon = self._box() if tag == "box" else self._polygon()
        self._regions.append(Region(polygon, self._fields, self._place))

    def _box(self) -> np.ndarray:
        sides = [self._get(self._shape, key) for key in ("xtl", "ytl", "xbr", "ybr")]
        left, top, right, bottom = numbers(sides, self._place)
        if right < left or bottom < top:
            raise DataError(f"{self._place}: xbr < xtl or ybr < ytl")
        (angle,) = numbers([self._shape.get("rotation", "0")], f"{self._place}: rotation")
        drawn = Rectangle(left, top, right, bottom, radians(angle))
        return bounded(drawn.rotated() if angle else drawn.upright(), self._place)

    def _polygon(self) -> np.ndarray:
        pairs = [point.split(",") for point in self._get(self._shape, "points").split(";")]
        if any(len(pair) != 2 for pair in pairs):
            raise DataError(f"{self._place}: points: 'x,y;x,y;x,y' is wanted")
        return outline([number for pair in pairs for number in pair], self._place)

    def _get(self, attributes: dict[str, str], key: str) -> str:
        if key not in attributes:
            raise DataError(f"{self._place}: '{key}' is missing{nearest(key, attributes)}")
        return attributes[key]
