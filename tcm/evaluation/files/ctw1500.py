"""CTW1500's files: polygons of 14 points a line, in a file per image or one file for all.

Ground truth comes as polygons of any size with ``,####text``, as 28 integers without a text, or in
the legacy form of 32 integers: the box and the points relative to its corner.
"""

import numpy as np

from tcm.errors import DataError
from tcm.evaluation.annotations import Annotations
from tcm.evaluation.files.archives import TextFile
from tcm.evaluation.files.polygon_lines import DONT_CARE, integers, outline, parse_labelled

_POINTS = 28
_LEGACY = 32


def parse_truth(line: str) -> tuple[np.ndarray, bool]:
    """Return the polygon of a line of ground truth and whether it is don't-care.

    Raises:
        DataError: The line has none of the forms; the text is the reason alone.
    """
    numbers, text = parse_labelled(line)
    if text is None and len(numbers) == _LEGACY:
        offsets = np.array(numbers[4:], np.float64).reshape(-1, 2)
        return offsets + numbers[:2], False
    if text is None and len(numbers) != _POINTS:
        raise DataError(f"28 or 32 integers or a text are wanted, got {len(numbers)} integers")
    return outline(numbers), text == DONT_CARE


def parse_all(file: TextFile, names: list[str]) -> dict[str, Annotations]:
    """Read the single file of the original script, lines ``index confidence x1 y1 x2 y2 ...``.

    Args:
        file: Its text.
        names: The images that the index, from 0, points into.

    Raises:
        DataError: A line has another form or an index beyond the images; the text names it.
    """

    def parse(line: str) -> tuple[int, float, np.ndarray]:
        fields = line.split()
        try:
            index, confidence = int(fields[0]), float(fields[1])
        except (ValueError, IndexError):
            raise DataError("'index confidence x1 y1 ...' is wanted") from None
        if not 0 <= index < len(names):
            raise DataError(f"there is no image {index} among {len(names)}")
        return index, confidence, outline(integers(fields[2:]))

    lines = file.parse(parse)
    images = {}
    for index, name in enumerate(names):
        ranks = [rank for rank, line in enumerate(lines) if line[0] == index]
        images[name] = Annotations.of(
            [lines[rank][2] for rank in ranks],
            confidences=[lines[rank][1] for rank in ranks],
            ranks=ranks,
        )
    return images
