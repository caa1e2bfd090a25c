"""Total-Text in its official layout, word polygons as text or MATLAB files.

Images ``imgN.jpg`` in ``Images/Train`` and ``Images/Test`` (or ``Train`` and ``Test``). Annotations
``poly_gt_imgN`` in ``Train`` and ``Test`` of ``txt_format`` (the text download) or of
``Groundtruth/Polygon`` (the MATLAB download, also below ``groundtruth_text``), or of
``Annotation/groundtruth_polygonal_annotation``.

The forms of the files are those of `tcm.annotations.totaltext`. In the training split whatever
cannot be read is ignored: orientation or text ``#``, no text, or the stray text ``,``. In the test
split it is what the official scripts do not count, the orientation ``#``, so that a model is scored
as they score it. MMOCR looks at the text alone; the original conversion of TCM drops these words.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tcm import inputs
from tcm.annotations.files import read_bytes, read_text
from tcm.annotations.instance import Instance
from tcm.annotations.totaltext import DontCare, read_truths
from tcm.data.formats.raw import Progress, Source, Splits, collect, folder, images_in, pair, silent
from tcm.data.storage.images import Exif

FOLDERS = {"train": "Train", "test": "Test"}
ANNOTATIONS = (
    "txt_format",
    "Groundtruth/Polygon",
    "groundtruth_text/Groundtruth/Polygon",
    "Annotation/groundtruth_polygonal_annotation",
)

DONT_CARE: Mapping[str, DontCare] = {"train": "unreadable", "test": "orientation"}


def read(
    raw: Path,
    progress: Progress = silent,
    dont_care: DontCare | None = None,
    exif: Exif = "apply",
) -> Splits:
    """Read both splits, from the first of the folders of annotations that is there.

    Args:
        raw: The folder that holds ``Images`` and the annotations.
        progress: Called with the split's name, the images done and their total.
        dont_care: Which words are ignored, in both splits; None for the rule of each.
        exif: As of `read_sources`.

    Raises:
        DataError: A folder, image or annotation is missing, an image is not whole, an entry
            malformed.
    """
    raw = Path(raw)
    annotations = folder(raw, *ANNOTATIONS)
    splits = {
        split: _sources(raw, annotations, name, dont_care or DONT_CARE[split])
        for split, name in FOLDERS.items()
    }
    return collect(splits, raw, progress, exif)


def read_words(path: Path, dont_care: DontCare = "unreadable") -> list[Instance]:
    """Read the words of a text or MATLAB file.

    Raises:
        DataError: An entry is malformed; the text gives the file and the line or the row.
    """
    file = read_bytes(path) if path.suffix == ".mat" else read_text(path)
    return read_truths(file, dont_care, strict=False, least_points=3)


def _sources(raw: Path, annotations: Path, name: str, dont_care: DontCare) -> list[Source]:
    texts = folder(annotations, name)
    is_txt = any(path.suffix == ".txt" for path in inputs.listed(texts))
    pairs = pair(
        images_in(folder(raw, f"Images/{name}", name)),
        texts,
        "poly_gt_{}.txt" if is_txt else "poly_gt_{}.mat",
    )
    return [Source(image, partial(read_words, text, dont_care)) for image, text in pairs]
