"""ICDAR2015 incidental scene text in its official layout (RRC challenge 4, task 1).

Four folders of images ``img_N.jpg`` and texts ``gt_img_N.txt``, UTF-8 with a byte order mark, a
quad a line: ``x1,y1,x2,y2,x3,y3,x4,y4,text``. The text may contain commas; ``###`` means "don't
care".
"""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from tcm.data.formats.unified import ImageRecord
from tcm.data.images import read_image
from tcm.errors import DataError, nearest
from tcm.structures import TextInstances

FOLDERS = {
    "train": ("ch4_training_images", "ch4_training_localization_transcription_gt"),
    "test": ("ch4_test_images", "Challenge4_Test_Task1_GT"),
}
_IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")
_THREADS = 2


def read(
    raw: Path, progress: Callable[[str, int, int], None] = lambda split, done, total: None
) -> dict[str, list[ImageRecord]]:
    """Read both splits and decode every image, to prove it whole.

    Args:
        raw: The folder that holds the four official ones.
        progress: Called with the split's name, the images done and their total.

    Returns:
        Split to records, in the order of the images' numbers; `img_path` is the image's path.

    Raises:
        DataError: A folder, image or text file is missing, an image is not whole, a line malformed.
    """
    return {split: _read_split(split, Path(raw), progress) for split in FOLDERS}


def read_annotation(path: Path) -> TextInstances:
    """Read a text file of quads.

    Raises:
        DataError: A line is malformed; the text gives the file and the line.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8") from error
    places = [(line.rstrip("\r"), f"{path}:{i}") for i, line in enumerate(lines, 1) if line.strip()]
    entries = [_parse(line, place) for line, place in places]
    return TextInstances(
        polygons=[polygon for polygon, _ in entries],
        texts=[text for _, text in entries],
        ignored=np.array([text == "###" for _, text in entries], bool),
    )


def _read_split(
    split: str, raw: Path, progress: Callable[[str, int, int], None]
) -> list[ImageRecord]:
    image_folder, text_folder = (_folder(raw, name) for name in FOLDERS[split])
    images = [p for p in image_folder.iterdir() if p.suffix.lower() in _IMAGE_SUFFIXES]
    if not images:
        raise DataError(f"{image_folder}: no images")
    pairs = _pairs(sorted(images, key=_number), text_folder)
    records = []
    with ThreadPoolExecutor(_THREADS) as pool:
        try:
            for record in pool.map(lambda pair: _record(*pair), pairs):
                records.append(record)
                progress(split, len(records), len(pairs))
        except DataError:
            pool.shutdown(cancel_futures=True)
            raise
    return records


def _pairs(images: list[Path], text_folder: Path) -> list[tuple[Path, Path]]:
    texts = {path.name: path for path in text_folder.glob("gt_*.txt")}
    pairs = []
    for image in images:
        name = f"gt_{image.stem}.txt"
        if name not in texts:
            raise DataError(f"{image}: its text file {text_folder / name} is missing")
        pairs.append((image, texts.pop(name)))
    if texts:
        raise DataError(f"{min(texts.values())}: there is no image to this text file")
    return pairs


def _record(image: Path, text: Path) -> ImageRecord:
    height, width = read_image(image).shape[:2]
    return ImageRecord(str(image), height, width, read_annotation(text))


def _parse(line: str, place: str) -> tuple[np.ndarray, str]:
    fields = line.split(",", 8)
    if len(fields) < 9:
        raise DataError(f"{place}: 8 coordinates and a text are wanted, got '{line[:60]}'")
    try:
        polygon = np.array([int(field) for field in fields[:8]], np.float32).reshape(4, 2)
    except ValueError as error:
        raise DataError(f"{place}: {error}") from error
    return polygon, fields[8]


def _folder(raw: Path, name: str) -> Path:
    if not raw.is_dir():
        raise DataError(f"{raw}: no such folder")
    if not (raw / name).is_dir():
        hint = nearest(name, [path.name for path in raw.iterdir() if path.is_dir()])
        raise DataError(f"{raw}: the folder '{name}' is missing{hint}")
    return raw / name


def _number(path: Path) -> list[tuple[int, str]]:
    """Return a sort key that puts img_2 before img_10."""
    parts = re.split(r"(\d+)", path.name)
    return [(int(part), "") if part.isdigit() else (0, part) for part in parts]
