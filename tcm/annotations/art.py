"""ArT's JSON: ``{"gt_N": [{"points": [[x, y], ...], "transcription", "illegibility"}]}``.

Results have ``res_N`` and no texts. Illegible texts and those with the text ``###`` are don't-care.
"""

from collections.abc import Mapping
from typing import Any

from tcm.annotations.files import brief, outline_of_points
from tcm.annotations.instance import Instance
from tcm.annotations.texts import DONT_CARE
from tcm.errors import DataError


def by_number(content: Mapping[str, Any], prefix: str, source: str) -> dict[str, list[Instance]]:
    """Return the texts of all images by their number.

    Args:
        content: The file's content.
        prefix: What comes before the numbers, ``gt_`` or ``res_``.
        source: The file, for errors.

    Raises:
        DataError: A key or an entry is malformed; the text names it.
    """
    images = {}
    for key, items in content.items():
        place = f"{source}: {key}"
        if not key.startswith(prefix):
            raise DataError(f"{place}: a key {prefix}N is wanted")
        images[key.removeprefix(prefix)] = parse_image(items, place)
    return images


def parse_image(items: Any, place: str) -> list[Instance]:
    """Return the texts of an image.

    Raises:
        DataError: An entry is malformed; the text begins with `place`.
    """
    if not isinstance(items, list):
        raise DataError(f"{place}: a list of labels is wanted")
    return [_instance(item, f"{place}[{i}]") for i, item in enumerate(items)]


def _instance(item: Any, place: str) -> Instance:
    if not isinstance(item, Mapping) or not isinstance(item.get("points"), list):
        raise DataError(f"{place}: a mapping with a list 'points' is wanted")
    polygon = outline_of_points(item["points"], place)
    text, illegible = item.get("transcription"), item.get("illegibility", False)
    if not isinstance(text, str | None) or not isinstance(illegible, bool):
        raise DataError(f"{place}: transcription {brief(text)} or illegibility {brief(illegible)}")
    return Instance(polygon, text, illegible or text == DONT_CARE)
