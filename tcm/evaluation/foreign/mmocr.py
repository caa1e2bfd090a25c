"""MMOCR 1.x: the file that ``MMOCRInferencer`` writes for an image into ``preds/``.

``{"rec_texts", "rec_scores", "det_polygons": [[x1, y1, x2, y2, ...]], "det_scores"}``, the first
two missing of a detector alone. The score is the detector's.
"""

from tcm.annotations.instance import Instance
from tcm.annotations.regions import mapping
from tcm.evaluation.foreign import parts
from tcm.evaluation.foreign.entries import Entry
from tcm.evaluation.foreign.output import ImageTexts

_COLUMNS = {"det_polygons": True, "det_scores": False, "rec_texts": False}


def read(entry: Entry) -> ImageTexts:
    """Return the texts of an image.

    Raises:
        DataError: It is of another form; the text names the place.
    """
    place = entry.place
    rows = zip(*parts.columns(mapping(entry.content, place), _COLUMNS, place), strict=True)
    texts = [
        Instance(
            parts.polygon(polygon, f"{place}.det_polygons[{i}]"),
            parts.text(text, f"{place}.rec_texts[{i}]"),
            confidence=parts.score(score, f"{place}.det_scores[{i}]"),
        )
        for i, (polygon, score, text) in enumerate(rows)
    ]
    return ImageTexts(entry.name, texts, place)
