"""docTR: what ``Document.export()`` gives for a page.

``{"pages": [{"dimensions": [height, width], "blocks": [{"lines": [{"words": [{"value", "geometry",
"confidence", "objectness_score"}]}]}]}]}``; geometries are shares of the page, two corners of a box
or four points. Words are read, with the detector's score where there is one.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tcm.annotations.files import bounded, numbers
from tcm.annotations.instance import Instance
from tcm.annotations.regions import listed, mapping
from tcm.errors import DataError
from tcm.evaluation.foreign import parts
from tcm.evaluation.foreign.entries import Entry
from tcm.evaluation.foreign.output import ImageTexts

_CORNERS = 2  # of a box


def read(entry: Entry) -> ImageTexts:
    """Return the words of an image.

    Raises:
        DataError: It is of another form, or has several pages; the text names the place.
    """
    pages = listed(mapping(entry.content, entry.place), "pages", entry.place)
    if len(pages) != 1:
        said = "the export of one image is wanted"
        raise DataError(f"{entry.place}.pages: {len(pages)} pages; {said}")
    place = f"{entry.place}.pages[0]"
    page = mapping(pages[0], place)
    height_width = numbers(listed(page, "dimensions", place), f"{place}.dimensions")
    if len(height_width) != 2:
        raise DataError(f"{place}.dimensions: [height, width] is wanted")
    words = [_word(word, height_width[::-1], at) for word, at in _words(page, place)]
    return ImageTexts(entry.name, words, entry.place)


def _words(page: Mapping[str, Any], place: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    for i, block in enumerate(listed(page, "blocks", place)):
        at = f"{place}.blocks[{i}]"
        for j, line in enumerate(listed(mapping(block, at), "lines", at)):
            of_line = f"{at}.lines[{j}]"
            for k, word in enumerate(listed(mapping(line, of_line), "words", of_line)):
                yield mapping(word, f"{of_line}.words[{k}]"), f"{of_line}.words[{k}]"


def _word(word: Mapping[str, Any], width_height: np.ndarray, place: str) -> Instance:
    outline = listed(word, "geometry", place)
    shape = parts.box if len(outline) == _CORNERS else parts.polygon
    polygon = np.asarray(shape(outline, f"{place}.geometry"), np.float64) * width_height
    key = "confidence" if word.get("objectness_score") is None else "objectness_score"
    return Instance(
        bounded(polygon, f"{place}.geometry"),
        parts.text(word.get("value"), f"{place}.value"),
        confidence=parts.score(word.get(key), f"{place}.{key}"),
    )
