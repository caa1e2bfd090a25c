"""DOTA's files: ``labelTxt`` of an image, and the Task 1 results of a class.

A line of ``labelTxt/P0706.txt`` is ``x1 y1 x2 y2 x3 y3 x4 y4 class difficult``, in pixels,
clockwise on the screen, behind up to two header lines (``imagesource:GoogleEarth``, ``gsd:0.25``).
Without the tenth field an object is not difficult; 1 marks what is hard to see, 2 is written by
splitters for objects that the border of a patch cuts. A line of ``Task1_ship.txt`` is
``image score x1 y1 ... x4 y4``, the image without its suffix.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from tcm.annotations.files import LARGEST, TextFile, bounded, brief, integers, numbers
from tcm.annotations.instance import Instance
from tcm.errors import DataError, nearest

Version = Literal["v1.0", "v1.5", "v2.0"]

_V1_0 = (
    *("plane", "baseball-diamond", "bridge", "ground-track-field", "small-vehicle"),
    *("large-vehicle", "ship", "tennis-court", "basketball-court", "storage-tank"),
    *("soccer-ball-field", "roundabout", "harbor", "swimming-pool", "helicopter"),
)
# In the order of the labels.
CLASSES: dict[str, tuple[str, ...]] = {
    "v1.0": _V1_0,
    "v1.5": (*_V1_0, "container-crane"),
    "v2.0": (*_V1_0, "container-crane", "airport", "helipad"),
}
MOST_DETECTIONS = 5_000_000  # of a class

_CORNERS = 8  # numbers of an outline
_BLANKS = "tabs or several blanks stand between fields"


class DotaObject(NamedTuple):
    """An object of an image.

    Attributes:
        polygon: float64 (4, 2) in pixels, as written.
        name: Its class.
        difficulty: 0 for those that count; 1 and 2 as above.
        assumed: As of `Instance`.
    """

    polygon: np.ndarray
    name: str
    difficulty: int = 0
    assumed: tuple[str, ...] = ()


class ClassDetections(NamedTuple):
    """The detections of a class, in the order of the file.

    Attributes:
        images: N names of images.
        scores: (N,) float.
        polygons: (N, 4, 2) float64 in pixels.
    """

    images: Sequence[str]
    scores: np.ndarray
    polygons: np.ndarray

    @classmethod
    def of(
        cls, images: Sequence[str], scores: Sequence[float], polygons: Sequence[np.ndarray]
    ) -> "ClassDetections":
        """Return lists of N as detections; scores keep their type."""
        outlines = np.array(polygons, np.float64).reshape(len(images), 4, 2)
        return cls(images, np.array(scores), outlines)


def read_objects(file: TextFile, strict: bool = False) -> list[DotaObject]:
    """Return the objects of an image.

    Args:
        file: Its ``labelTxt``; lines of fewer than nine fields that begin with no number are
            headers.
        strict: Whether a single blank parts the fields, as the devkit wants it.

    Raises:
        DataError: A line is of another form; the text gives file, line number, reason and the line.
    """
    parsed = file.parse(lambda line: _object(line, strict), blank=False)
    return [one for one in parsed if one is not None]


def object_line(one: DotaObject) -> str:
    """Return the line of an object; floats are kept exactly."""
    corners = " ".join(map(str, np.asarray(one.polygon, np.float64).ravel().tolist()))
    return f"{corners} {one.name} {one.difficulty}\n"


def instances(found: Iterable[DotaObject], classes: Sequence[str], place: str) -> list[Instance]:
    """Return objects as instances; those of any difficulty but 0 are don't-care.

    Args:
        found: The objects.
        classes: Names in the order of the labels.
        place: Where they stand, for the error.

    Raises:
        DataError: A class has no label.
    """
    labels = {name: label for label, name in enumerate(classes)}
    listed = []
    for one in found:
        if one.name not in labels:
            raise DataError(f"{place}: unknown class {brief(one.name)}{_hint(one, classes)}")
        difficult, label = one.difficulty != 0, labels[one.name]
        listed.append(Instance(one.polygon, None, difficult, label=label, assumed=one.assumed))
    return listed


def read_detections(file: TextFile, strict: bool = True) -> ClassDetections:
    """Return the detections of a file ``Task1_CLASS.txt``; an empty one has none.

    Args:
        file: The file.
        strict: Whether a single blank parts the fields, as the devkit wants it.

    Raises:
        DataError: A line is of another form; the text gives file, line number, reason and the line.
    """
    images: list[str] = []
    values: list[float] = []
    for number, line in file.lines(blank=False, most=MOST_DETECTIONS):
        fields = line.strip().split(" ") if strict else line.split()
        try:
            if len(fields) != 2 + _CORNERS or not fields[0]:
                raise DataError(f"'image score x1 y1 ... x4 y4' is wanted, {len(fields)} fields")
            values += _plain(fields[1:])
        except DataError as error:
            raise file.mistake(number, str(error), line) from error
        images.append(fields[0])
    table = np.array(values, np.float64).reshape(len(images), 1 + _CORNERS)
    return ClassDetections(images, table[:, 0], table[:, 1:].reshape(-1, 4, 2))


def detection_lines(found: ClassDetections, decimals: int = 2) -> str:
    """Return detections as lines, with scores exact enough that none becomes equal to another.

    Args:
        found: The detections.
        decimals: Of the coordinates, at most.
    """
    # The shortest text that reads back as the same number, at least four decimals.
    texts = [np.format_float_positional(s, min_digits=4, trim="k") for s in found.scores]
    corners = np.round(found.polygons.reshape(-1, _CORNERS), decimals) + 0.0  # no -0.0
    rows = zip(found.images, texts, corners.tolist(), strict=True)
    return "".join(f"{name} {score} {' '.join(map(str, row))}\n" for name, score, row in rows)


def check_image_name(name: str) -> str:
    """Return an image's name, once it is known to fit in a line of a result.

    Raises:
        DataError: It is empty or has white space.
    """
    if not name or len(name.split()) != 1 or name.split()[0] != name:
        raise DataError(f"{name!r}: the name of an image without white space is wanted")
    return name


def _object(line: str, strict: bool) -> DotaObject | None:
    fields = line.strip().split(" ") if strict else line.split()
    if len(fields) <= _CORNERS:
        if _is_number(line.split()[0]):
            raise DataError(f"{len(fields)} fields; 'x1 y1 ... x4 y4 class difficult' is wanted")
        return None
    if len(fields) > _CORNERS + 2:
        raise DataError(f"{len(fields)} fields; 'x1 y1 ... x4 y4 class difficult' is wanted")
    polygon = numbers(fields[:_CORNERS]).reshape(4, 2)
    difficulty = integers(fields[_CORNERS + 1 :])
    assumed = (_BLANKS,) if not strict and fields != line.strip().split(" ") else ()
    return DotaObject(polygon, fields[_CORNERS], difficulty[0] if difficulty else 0, assumed)


def _plain(fields: Sequence[str]) -> list[float]:
    """Return a score and coordinates; a fast way for the usual ones."""
    try:
        values = [float(field) for field in fields]
    except ValueError:
        values = []
    if (
        values
        and all(-LARGEST <= value <= LARGEST for value in values)
        and "_" not in "".join(fields)
    ):
        return values
    return numbers(fields).tolist()  # it names what is wrong


def _is_number(field: str) -> bool:
    try:
        bounded(np.array([float(field)]))
    except (ValueError, DataError):
        return False
    return True


def _hint(one: DotaObject, classes: Sequence[str]) -> str:
    later = [version for version, names in CLASSES.items() if one.name in names]
    return f"; DOTA {later[0]} has it" if later else nearest(one.name, classes)
