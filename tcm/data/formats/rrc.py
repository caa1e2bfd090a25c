"""The text files of the Robust Reading Competition, read as people have them.

The text of a line is what remains of it, commas included; ``###`` means "don't care".
"""

from pathlib import Path

from tcm.annotations.files import read_text
from tcm.annotations.instance import Instance
from tcm.annotations.polygon_lines import read_text_last
from tcm.annotations.rrc import LineFormat


def read_quads(path: Path, script: bool = False) -> list[Instance]:
    """Read lines ``x1,y1,x2,y2,x3,y3,x4,y4,[script,]text``.

    Args:
        path: The text file.
        script: Whether the script of the text, such as ``Latin``, comes before it.

    Raises:
        DataError: A line is malformed; the text gives the file and the line.
    """
    layout = LineFormat(transcription=True, script=script, strict=False)
    return layout.read(read_text(path), quotes="form")


def read_boxes(path: Path) -> list[Instance]:
    """Read lines ``xmin ymin xmax ymax "text"``, separated by blanks or commas.

    Raises:
        DataError: A line is malformed; the text gives the file and the line.
    """
    return LineFormat(ltrb=True, transcription=True, strict=False).read(read_text(path))


def read_polygons(path: Path, points: int | None = None) -> list[Instance]:
    """Read lines ``x1,y1,...,xP,yP[,text]`` of polygons of any count of points.

    Args:
        path: The text file.
        points: P, the same in every line; None finds it, see `read_text_last`.

    Raises:
        DataError: A line is malformed, or could be read in two ways; the text gives the file and
            the line.
    """
    return read_text_last(read_text(path), points)
