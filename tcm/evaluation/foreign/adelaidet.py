"""AdelaiDet and what builds on it: ``text_results.json`` of its text evaluator.

A list of ``{"image_id": 7, "category_id": 1, "polys": [[x, y], ...], "rec": "...", "score": 0.9}``.
"""

from collections.abc import Mapping
from typing import Any

from tcm.annotations.instance import Instance
from tcm.errors import DataError, nearest
from tcm.evaluation.foreign import parts


def read_one(item: Mapping[str, Any], place: str) -> Instance:
    """Return a text.

    Raises:
        DataError: It is of another form; the text names the place.
    """
    if "polys" not in item:
        raise DataError(f"{place}: 'polys' is missing{nearest('polys', item)}")
    return Instance(
        parts.polygon(item["polys"], f"{place}.polys"),
        parts.text(item.get("rec"), f"{place}.rec"),
        confidence=parts.score(item.get("score"), f"{place}.score"),
    )
