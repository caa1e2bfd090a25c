"""Results that name their images by numbers: COCO's lists, and which name a number stands for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tcm.annotations import coco
from tcm.annotations.files import brief, parse_json, read_json
from tcm.annotations.instance import Instance
from tcm.annotations.regions import mapping
from tcm.errors import ConfigError, DataError, nearest
from tcm.evaluation.foreign.entries import read_files
from tcm.evaluation.foreign.output import ImageTexts

_MARK = "{}"


def read_results(
    paths: Sequence[Path], ids: str | None, read_one: Callable[[Mapping[str, Any], str], Instance]
) -> list[ImageTexts]:
    """Return the results of files by their images, in the order in which they come.

    Args:
        paths: Files with a list of objects that have an ``image_id``.
        ids: What ids stand for, see `names_of`.
        read_one: Reads a result; takes it and its place.

    Raises:
        ConfigError: `ids` is None.
        DataError: A file is of another form, or an id stands for no name.
    """
    if ids is None:
        raise ConfigError(
            "images are named by ids here: give --ids, the names with {} for the id, such as "
            "img_{}, or a COCO annotation file"
        )
    name_of = names_of(ids)
    images: dict[str, tuple[list[Instance], str]] = {}
    for item, place in _items(paths):
        if not isinstance(item.get("image_id"), int | str):
            hint = nearest("image_id", item) if "image_id" not in item else ""
            raise DataError(f"{place}: an 'image_id' is wanted{hint}")
        name = name_of(item["image_id"], place)
        images.setdefault(name, ([], place))[0].append(read_one(item, place))
    return [ImageTexts(name, *found) for name, found in images.items()]


def names_of(ids: str) -> Callable[[int | str, str], str]:
    """Return what gives an id's name; it takes the place of the id too, for its error.

    Args:
        ids: A name with ``{}`` where the id stands; or a JSON file: a COCO annotation file with
            ``images``, or an object from ids to names.

    Raises:
        DataError: The file is missing or of another form.
    """
    if _MARK in ids:
        return lambda key, _: ids.replace(_MARK, str(key))
    content = read_json(Path(ids))
    if isinstance(content, Mapping) and "images" in content:
        entries = coco.by_id(content, "images", Path(ids)).items()
        known = {str(key): entry.get("file_name") for key, entry in entries}
    else:
        known = dict(mapping(content, ids))
    for key, name in known.items():
        if not isinstance(name, str):
            raise DataError(f"{ids}: {brief(name)} is no name of the image {brief(key)}")

    def name_of(key: int | str, place: str) -> str:
        if str(key) not in known:
            hint = nearest(str(key), known)
            raise DataError(f"{place}: {ids} has no image {brief(key)}{hint}")
        return str(known[str(key)])

    return name_of


def _items(paths: Sequence[Path]) -> Iterator[tuple[Mapping[str, Any], str]]:
    for file in read_files(paths, (".json",)):
        content = parse_json(file.content, file.source)
        if not isinstance(content, list):
            found = type(content).__name__
            raise DataError(f"{file.source}: a list of results is wanted, got {found}")
        for i, item in enumerate(content):
            yield mapping(item, f"{file.source}: [{i}]"), f"{file.source}: [{i}]"
