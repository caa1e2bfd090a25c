"""The images and texts of a unified JSON as flat arrays, with a cache beside the file."""

from __future__ import annotations

import itertools
import time
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tcm import inputs
from tcm.annotations import unified
from tcm.annotations.files import LARGEST, MOST_POINTS
from tcm.data.formats.unified import ImageRecord, parse_record
from tcm.data.storage import packed
from tcm.data.storage.packed import Packed
from tcm.data.storage.sequences import Lazy, Texts, TextsBuilder
from tcm.errors import DataError
from tcm.geometry.polygons import signed_area
from tcm.structures import TextInstances

_GROUP = 64  # images whose numbers are converted at once
_IGNORED, _HAS_TEXT = 1, 2  # flags of a text


class PackedRecords(Lazy[ImageRecord]):
    """The images of an annotation file, each made when it is asked for.

    Attributes:
        names: Their paths as the file has them.
        paths: Their files.
        classes: Their names in the order of the labels.
        cared: Number of texts of each image that are not ignored, int64 (N,).
    """

    def __init__(self, content: Packed, root: Path) -> None:
        super().__init__(len(content["name_offsets"]) - 1, self._record)
        self._content = content
        self._root = root
        self.names: Sequence[str] = Texts(content["names"], content["name_offsets"])
        self._texts = Texts(content["texts"], content["text_offsets"])
        self.paths: Sequence[str] = Lazy(len(self), self._path)
        self.classes = tuple(content.notes["classes"])

    def __reduce__(self) -> tuple[Any, ...]:
        return PackedRecords, (self._content, self._root)

    @property
    def cared(self) -> np.ndarray:
        """Return the number of texts of each image that are not ignored, int64 (N,)."""
        counted = np.cumsum(self._content["flags"] & _IGNORED == 0)
        return np.diff(np.concatenate([[0], counted])[self._content["images"]])

    @property
    def counts(self) -> np.ndarray:
        """Return the number of texts of each image, int64 (N,)."""
        return np.diff(self._content["images"])

    @property
    def sizes(self) -> np.ndarray:
        """Return height and width of each image, (N, 2)."""
        return self._content["sizes"].reshape(-1, 2)

    def labels_of(self, index: int, ignored: bool) -> np.ndarray:
        """Return the labels of an image's texts, int64 (n,).

        Args:
            index: Of the image.
            ignored: Whether those of ignored texts are among them.
        """
        start, end = self._content["images"][index : index + 2].tolist()
        labels = np.array(self._content["labels"][start:end])
        return labels if ignored else labels[self._content["flags"][start:end] & _IGNORED == 0]

    def _path(self, index: int) -> str:
        return str(self._root / self.names[index])

    def _record(self, index: int) -> ImageRecord:
        content = self._content
        height, width = content["sizes"][2 * index : 2 * index + 2].tolist()
        start, end = content["images"][index : index + 2].tolist()
        ends = content["points"][start : end + 1]
        points = np.array(content["xy"][2 * ends[0] : 2 * ends[-1]]).reshape(-1, 2)
        flags = content["flags"][start:end]
        has_text = (flags & _HAS_TEXT).tolist()
        words = TextInstances(
            polygons=[points[a:b] for a, b in itertools.pairwise((ends - ends[0]).tolist())],
            texts=[self._texts[start + i] if has else None for i, has in enumerate(has_text)],
            ignored=flags & _IGNORED != 0,
            labels=np.array(content["labels"][start:end]),
        )
        return ImageRecord(self._path(index), height, width, words, self.names[index])


def read(path: str | Path, img_root: str | Path | None = None, cache: bool = True) -> PackedRecords:
    """Read an annotation file, or its cache; the texts are those of `unified.read`.

    The cache is ``NAME.json.tcm-cache`` beside a file that is large enough to be worth one. It
    counts for the size and the time of change that the file had when it was made.

    Args:
        path: The JSON file.
        img_root: Folder that the image paths are relative to; None for the file's own.
        cache: Whether a cache is read and written.

    Raises:
        DataError: As of `unified.read`.
    """
    path = Path(path)
    root = path.parent if img_root is None else Path(img_root)
    if not cache or not inputs.is_file(path) or not packed.worth_keeping(path, time.time_ns()):
        return PackedRecords(pack(path), root)
    file = path.with_name(f"{path.name}.tcm-cache")
    stamp = packed.stamp_of(path, "unified JSON")
    content = packed.load(file, stamp) or packed.save(file, pack(path), stamp)
    return PackedRecords(content, root)


def pack(path: Path) -> Packed:
    """Read an annotation file into flat arrays.

    Returns:
        Of N images with M texts of P points in all: ``xy`` float32 (2 P,), ``points`` int64
        (M + 1,), the point at which each text begins, ``texts`` and ``text_offsets`` as of `Texts`,
        ``flags`` uint8 (M,), ``labels`` int64 (M,), ``images`` int64 (N + 1,), the text at which
        each image begins, ``sizes`` int64 (2 N,), ``names`` and ``name_offsets``.

    Raises:
        DataError: As of `unified.read`, or the label of a text is none of several classes.
    """
    builder = _Builder(path)
    entries = unified.read_entries(path)
    numbered = enumerate(entries)
    with unified.form_first(entries):
        while group := list(itertools.islice(numbered, _GROUP)):
            builder.add(group)
    found = builder.packed()
    found.notes = {"classes": unified.read_classes(path)}
    _check_labels(found, path)
    return found


def _check_labels(found: Packed, path: Path) -> None:
    """Refuse labels without a class; in files of text alone they say nothing."""
    classes = found.notes["classes"]
    wrong = np.flatnonzero((found["labels"] < 0) | (found["labels"] >= len(classes)))
    if len(classes) > 1 and len(wrong):
        image = int(np.searchsorted(found["images"], wrong[0], "right")) - 1
        label = found["labels"][wrong[0]]
        place = f"{path}: data_list[{image}]"
        raise DataError(f"{place}: the bbox_label {label} is none of {len(classes)} classes")


class _Builder:
    """Collects the images of an annotation file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._xy, self._points = array("f"), array("q", [0])
        self._texts, self._names = TextsBuilder(), TextsBuilder()
        self._flags, self._labels = bytearray(), array("q")
        self._images, self._sizes = array("q", [0]), array("q")

    def add(self, group: Sequence[tuple[int, Any]]) -> None:
        """Append entries with their positions in the file."""
        if not self._add(_Group(self._path, group, strict=False)):
            self._add(_Group(self._path, group, strict=True))

    def packed(self) -> Packed:
        """Return the arrays."""
        numbers = {"points": self._points, "labels": self._labels}
        numbers |= {"images": self._images, "sizes": self._sizes}
        found = {name: np.frombuffer(values, np.int64) for name, values in numbers.items()}
        found["xy"] = np.frombuffer(self._xy, np.float32)
        found["flags"] = np.frombuffer(self._flags, np.uint8)
        found["texts"], found["text_offsets"] = self._texts.arrays()
        found["names"], found["name_offsets"] = self._names.arrays()
        return Packed(found)

    def _add(self, group: _Group) -> bool:
        """Append a group; return whether it could be, all its numbers being plain."""
        xy = group.points()
        if xy is None:
            return False
        points, texts = self._points[-1], len(self._flags)
        self._xy.frombytes(xy.tobytes())
        self._points.extend((points + np.cumsum(group.counts, dtype=np.int64)).tolist())
        self._texts.extend(group.texts)
        self._flags += bytes(group.flags)
        self._labels.extend(group.labels)
        self._images.extend(texts + end for end in group.ends)
        self._sizes.extend(group.sizes)
        self._names.extend(group.names)
        return True


class _Group:
    """Some entries of the file, taken apart."""

    def __init__(self, path: Path, entries: Iterable[tuple[int, Any]], strict: bool) -> None:
        self._strict = strict
        self._numbers: list[float] = []
        self.counts: list[int] = []  # points of each text
        self.texts: list[str] = []
        self.flags: list[int] = []
        self.labels: list[int] = []
        self.ends: list[int] = []  # texts until the end of each image
        self.sizes: list[int] = []
        self.names: list[str] = []
        for index, entry in entries:
            if strict or not self._take_plain(entry):
                self._take(parse_record(entry, Path(), f"{path}: data_list[{index}]"))

    def points(self) -> np.ndarray | None:
        """Return the points float32 (P, 2) clockwise; None if not strict and not all plain."""
        try:
            flat = np.frombuffer(array("d", self._numbers), np.float64)
        except (TypeError, OverflowError):  # texts, lists, or too large
            return None
        starts = np.cumsum([0, *self.counts])[:-1]
        if self._strict or not len(flat):
            return flat.astype(np.float32).reshape(-1, 2)
        # What NumPy takes for truth values if a whole polygon is of them must be looked at.
        if not (np.abs(flat) <= LARGEST).all() or (_largest(flat, starts) <= 1).any():
            return None
        return _clockwise(flat.astype(np.float32).reshape(-1, 2), starts, np.array(self.counts))

    def _take(self, record: ImageRecord) -> None:
        words = record.instances
        for polygon, text in zip(words.polygons, words.texts, strict=True):
            self._numbers += polygon.ravel().tolist()
            self.counts.append(len(polygon))
            self.texts.append(text or "")
        has_text = [text is not None for text in words.texts]
        self.flags += (words.ignored * _IGNORED + np.array(has_text, bool) * _HAS_TEXT).tolist()
        self.labels += words.labels.tolist()
        self._end(record.id, record.height, record.width)

    def _end(self, name: str, height: int, width: int) -> None:
        self.ends.append(len(self.counts))
        self.sizes += [height, width]
        self.names.append(name)

    def _take_plain(self, entry: Any) -> bool:
        """Take an entry of the usual form; return whether it was one, else nothing was taken.

        It is ten times faster than the parser, which knows all forms and names what is wrong.
        """
        if type(entry) is not dict:
            return False
        keys = ("img_path", "height", "width", "instances")
        name, height, width, items = (entry.get(key) for key in keys)
        if not (type(height) is int and type(width) is int):
            return False
        if not (1 <= height <= LARGEST and 1 <= width <= LARGEST):
            return False
        if not (type(name) is str and _is_plain_name(name) and type(items) is list):
            return False
        if not all(map(_is_plain, items)):
            return False
        for item in items:
            polygon, text = item["polygon"], item.get("text")
            self._numbers += polygon
            self.counts.append(len(polygon) // 2)
            self.texts.append(text or "")
            self.flags.append(_IGNORED * bool(item["ignore"]) + _HAS_TEXT * (text is not None))
            self.labels.append(item.get("bbox_label", 0))
        self._end(name, height, width)
        return True


def _is_plain(item: Any) -> bool:
    """Tell whether an instance has polygon, ignore mark and text if any, as the parser has them."""
    if type(item) is not dict:
        return False
    polygon, text, ignore = item.get("polygon"), item.get("text"), item.get("ignore")
    label, score = item.get("bbox_label", 0), item.get("score")
    return (
        type(polygon) is list
        and 6 <= len(polygon) <= 2 * MOST_POINTS
        and len(polygon) % 2 == 0
        and (type(text) is str or text is None)
        and ("text" in item or item.keys().isdisjoint(unified.OTHER_NAMES["text"]))
        and type(ignore) is bool
        and type(label) is int
        and -LARGEST <= label <= LARGEST
        and (score is None or type(score) in (int, float) and -LARGEST <= score <= LARGEST)
    )


def _is_plain_name(name: str) -> bool:
    """Tell whether an image's name is surely one."""
    return name.isprintable() and not name.endswith(("/", ".")) and name != ""


def _largest(flat: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return the largest magnitude of the numbers of each polygon, (M,)."""
    return np.maximum.reduceat(np.abs(flat), 2 * starts)


def _clockwise(points: np.ndarray, starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return points (P, 2) of polygons one after the other, each as `polygons.clockwise` has it."""
    places = np.arange(len(points))
    first, count = np.repeat(starts, counts), np.repeat(counts, counts)
    x, y = points.astype(np.float64).T
    following = np.where(places + 1 == first + count, first, places + 1)
    terms = x * y[following] - y * x[following]
    double_areas = np.add.reduceat(terms, starts)
    # Where rounding may decide, the sum must be that of `signed_area`, in its order.
    for i in np.flatnonzero(np.abs(double_areas) <= 1e-9 * np.add.reduceat(np.abs(terms), starts)):
        double_areas[i] = signed_area(points[starts[i] : starts[i] + counts[i]])
    backwards = np.repeat(double_areas < 0, counts)
    return points[np.where(backwards, first + (first - places) % count, places)]
