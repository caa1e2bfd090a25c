"""Label Studio's JSON: tasks with the annotations of people and the predictions of models.

``[{"data": {"ocr": URL}, "annotations": [{"result": [...]}], "predictions": [{"score", "result":
[...]}]}]``. A region has a result for each control that says something of it, all of one `id`: its
outline (``rectangle``, ``polygon``, or these with ``labels``), its labels, its text (``textarea``).
Outlines are in percent of the image's sides; a rectangle is turned clockwise about its `x`, `y`,
the corner that stays where it is. What is written fits the template "Optical Character
Recognition", with a label ``Ignore`` where something is don't-care.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import cos, radians, sin
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlsplit

import numpy as np

from tcm import inputs
from tcm.annotations.files import bounded, brief, numbers, read_json
from tcm.annotations.instance import Instance
from tcm.annotations.regions import Fields, LabelledImage, Region, listed, mapping, points, size
from tcm.annotations.regions import text as text_of
from tcm.errors import DataError, nearest
from tcm.files import write_json

FIELDS = Fields(text=("transcription", "textarea"), ignore=("labels=ignore",))

_IMAGES = ("image", "ocr", "captioning")  # what templates call the image of a task
_MOST_PERCENT = 1e-6  # that an outline may reach beyond the image, from rounding
_RECTANGLES = ("rectangle", "rectanglelabels")
_POLYGONS = ("polygon", "polygonlabels")
_LABELS = ("labels", "rectanglelabels", "polygonlabels")
_TEXTS = ("textarea",)
_SAID = ("choices", "rating", "number", "taxonomy", "datetime", "pairwise")  # of a region or a task
_OTHERS = {
    **dict.fromkeys(("ellipse", "ellipselabels"), "ellipses"),
    **dict.fromkeys(("keypoint", "keypointlabels"), "key points"),
    **dict.fromkeys(("brush", "brushlabels", "bitmask", "bitmasklabels"), "brush strokes"),
    **dict.fromkeys(("vector", "vectorlabels"), "vectors"),
    **{"relation": "relations"},
}


class Prediction(NamedTuple):
    """What a model has found in an image, for people to correct.

    Attributes:
        url: Where Label Studio finds the image.
        height: Of the image in pixels.
        width: Likewise.
        instances: The texts.
        score: Of the image, by which tasks can be ordered; None if the model has none.
    """

    url: str
    height: int
    width: int
    instances: Sequence[Instance]
    score: float | None


def read(path: Path, predictions: bool = False) -> list[LabelledImage]:
    """Read an export of the kind "JSON".

    Of several annotations of a task that which is marked as ground truth counts, else the last;
    those that were cancelled do not count.

    Args:
        path: The file.
        predictions: Whether what a model has found stands for the annotation of a task that
            nobody has annotated.

    Raises:
        DataError: It is of another form (such as "JSON-MIN"), a region is malformed or unknown, or
            an outline reaches beyond its image.
    """
    tasks = read_json(path)
    if not isinstance(tasks, list):
        raise DataError(f"{path}: a list of tasks is wanted, got {type(tasks).__name__}")
    return [_task(task, predictions, f"{path}: [{i}]") for i, task in enumerate(tasks)]


def write(path: Path, images: Sequence[Prediction]) -> None:
    """Write tasks with a prediction each, to be imported into a project."""
    write_json(path, [_written_task(image) for image in images])


def local_url(path: str) -> str:
    """Return the URL of an image that Label Studio serves from a folder of its machine.

    Args:
        path: From ``LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT``, with slashes.
    """
    return f"/data/local-files/?d={quote(path)}"


def _task(task: Any, predictions: bool, place: str) -> LabelledImage:
    task = mapping(task, place)
    name = _name(mapping(task.get("data"), f"{place}.data"), f"{place}.data")
    left_out: Counter[str] = Counter()
    chosen = _chosen(task, left_out, place)
    if chosen is None and predictions and task.get("predictions"):
        chosen = listed(task, "predictions", place)[-1], f"{place}.predictions[-1]"
    if chosen is None:
        return LabelledImage(name, None, None, left_out, place)
    shape, regions = _regions(mapping(*chosen), left_out, chosen[1])
    return LabelledImage(name, shape, regions, left_out, place)


def _chosen(task: Mapping[str, Any], left_out: Counter[str], place: str) -> tuple[Any, str] | None:
    """Return the annotation that counts, with its place."""
    found = [
        (mapping(one, where), where)
        for i, one in enumerate(listed(task, "annotations", place))
        for where in [f"{place}.annotations[{i}]"]
    ]
    valid = [pair for pair in found if not pair[0].get("was_cancelled")]
    truths = [pair for pair in valid if pair[0].get("ground_truth")]
    if len(found) > len(valid):
        left_out["cancelled annotations"] += len(found) - len(valid)
    if len(valid) > 1:
        left_out["further annotations of a task"] += len(valid) - 1
    chosen = truths or valid
    return chosen[-1] if chosen else None


def _name(data: Mapping[str, Any], place: str) -> str:
    """Return the image of a task: the path in its URL, without Label Studio's own parts."""
    urls = {key: value for key, value in data.items() if isinstance(value, str)}
    key = next((key for key in _IMAGES if key in urls), None)
    if key is None and len(urls) == 1:
        (key,) = urls
    if key is None:
        raise DataError(f"{place}: the image is looked for under {', '.join(_IMAGES)}")
    try:
        parts = urlsplit(urls[key])
        served = parse_qs(parts.query).get("d") if "local-files" in parts.path else None
    except ValueError as error:
        raise DataError(f"{place}.{key}: {brief(urls[key])} is no URL: {error}") from error
    return inputs.image_name(served[0] if served else unquote(parts.path), f"{place}.{key}")


def _regions(
    annotation: Mapping[str, Any], left_out: Counter[str], place: str
) -> tuple[tuple[int, int] | None, list[Region]]:
    """Return the image's size and the regions, in the order in which they first appear."""
    outlines: dict[str, tuple[np.ndarray, str]] = {}
    fields: dict[str, dict[str, Any]] = {}
    sizes = set()
    for result, where in _results(annotation, place):
        kind = text_of(result, "type", where)
        if kind in _OTHERS:
            left_out[_OTHERS[kind]] += 1
            continue
        if kind not in (*_RECTANGLES, *_POLYGONS, *_LABELS, *_TEXTS, *_SAID):
            known = (*_RECTANGLES, *_POLYGONS, *_LABELS, *_TEXTS, *_SAID, *_OTHERS)
            raise DataError(f"{where}: unknown type {kind[:60]!r}{nearest(kind, known)}")
        identity = result.get("id")
        if not isinstance(identity, str):  # of the whole image
            continue
        value = mapping(result.get("value"), f"{where}.value")
        if kind in (*_RECTANGLES, *_POLYGONS):
            shape = _size(result, where)
            sizes.add(shape)
            outlines[identity] = (_outline(kind, value, shape, f"{where}.value"), where)
        _note(fields.setdefault(identity, {}), kind, result, value, where)
    if len(sizes) > 1:
        raise DataError(f"{place}: regions of images of several sizes: {sorted(sizes)}")
    regions = [
        Region(polygon, fields.get(key, {}), where) for key, (polygon, where) in outlines.items()
    ]
    return next(iter(sizes), None), regions


def _results(annotation: Mapping[str, Any], place: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    for i, result in enumerate(listed(annotation, "result", place)):
        where = f"{place}.result[{i}]"
        yield mapping(result, where), where


def _size(result: Mapping[str, Any], place: str) -> tuple[int, int]:
    if result.get("image_rotation"):
        raise DataError(f"{place}: image_rotation is not read; turn the image itself")
    shape = size(result.get("original_height"), result.get("original_width"), place)
    if shape is None:
        raise DataError(f"{place}: 'original_height' and 'original_width' are missing")
    return shape


def _note(
    fields: dict[str, Any],
    kind: str,
    result: Mapping[str, Any],
    value: Mapping[str, Any],
    place: str,
) -> None:
    """Add what a result says of its region: texts under the name of their control, labels."""
    name = result.get("from_name")
    if kind in _LABELS:
        fields["labels"] = [*fields.get("labels", []), *listed(value, kind, f"{place}.value")]
    elif kind in _TEXTS:
        found = value.get("text")
        texts = [found] if isinstance(found, str) else listed(value, "text", f"{place}.value")
        text = texts[0] if len(texts) == 1 else texts or ""
        # Where several controls have a text, one must be named.
        several = "textarea" in fields and fields["textarea"] != text
        fields["textarea"] = [fields["textarea"], text] if several else text
        if isinstance(name, str):
            fields[name] = text
    elif kind in _SAID and isinstance(name, str):
        fields[name] = value.get(kind)


def _outline(kind: str, value: Mapping[str, Any], shape: tuple[int, int], place: str) -> np.ndarray:
    """Return an outline in pixels."""
    height, width = shape
    sides = np.array([width, height]) / 100
    if kind in _POLYGONS:
        return bounded(_inside(points(value.get("points"), f"{place}.points"), place) * sides)
    keys = ("x", "y", "width", "height")
    x, y, w, h = numbers([value.get(key) for key in keys], place)
    (degrees,) = numbers([value.get("rotation") or 0], f"{place}.rotation")
    if w < 0 or h < 0:
        raise DataError(f"{place}: a width of {w:g} and a height of {h:g}; none may be negative")
    flat = np.array([[0, 0], [w, 0], [w, h], [0, h]]) * sides
    if not degrees:
        return bounded(_inside(flat / sides + (x, y), place) * sides)
    angle = radians(degrees)
    turn = np.array([[cos(angle), sin(angle)], [-sin(angle), cos(angle)]])
    _inside(np.array([[x, y]]), place, 100.0)  # corners of turned ones may be outside
    return bounded(flat @ turn + np.array([x, y]) * sides)


def _inside(percent: np.ndarray, place: str, slack: float = _MOST_PERCENT) -> np.ndarray:
    """Return coordinates in percent as they are.

    Raises:
        DataError: One is not within 0 to 100, and so no percentage of the image.
    """
    out = percent[(percent < -slack) | (percent > 100 + slack)]
    if len(out):
        raise DataError(f"{place}: {out[0]:g} is no percentage of a side, from 0 to 100")
    return percent


def _written_task(image: Prediction) -> dict[str, Any]:
    results: list[dict[str, Any]] = []
    for number, one in enumerate(image.instances):
        results += _written_region(one, f"word{number:04d}", image)
    prediction: dict[str, Any] = {"model_version": "tcm", "result": results}
    if image.score is not None:
        prediction["score"] = image.score
    return {"data": {"ocr": image.url}, "annotations": [], "predictions": [prediction]}


def _written_region(one: Instance, identity: str, image: Prediction) -> list[dict[str, Any]]:
    percent = np.asarray(one.polygon, np.float64) * 100 / [image.width, image.height]
    outline = {"points": np.clip(percent, 0, 100).tolist(), "closed": True}
    common: dict[str, Any] = {
        "id": identity,
        "to_name": "image",
        "original_width": image.width,
        "original_height": image.height,
        "image_rotation": 0,
    }
    if one.confidence is not None:
        common["score"] = one.confidence
    label = ["Ignore" if one.ignored else "Text"]
    results = [
        {**common, "from_name": "poly", "type": "polygon", "value": outline},
        {**common, "from_name": "label", "type": "labels", "value": outline | {"labels": label}},
    ]
    if one.text is not None:
        said = {"from_name": "transcription", "type": "textarea"}
        results.append({**common, **said, "value": outline | {"text": [one.text]}})
    return results
