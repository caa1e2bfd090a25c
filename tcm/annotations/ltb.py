"""The annotation files of LTB, the long-tailed benchmark of hard texts: fifteen of the same images.

``challenging_NAME.json`` in the unified form, ``norm`` with the marks of the sets that the images
come from, ``hard`` with care for texts with a challenge alone, and one for each challenge.
"""

from collections.abc import Mapping
from pathlib import Path

from tcm import inputs
from tcm.errors import DataError, nearest

CHALLENGES = (
    *("blurry", "artistic", "glass", "single_char", "distorted", "inverse", "delimited"),
    *("dense", "overlapped", "occluded", "low_contrast", "complex_bg", "others"),
)
PARTS = ("hard", "norm", *CHALLENGES)
# As the benchmark's own prose spells some of them.
_ALIASES = {
    "blurred": "blurry",
    "single_character": "single_char",
    "complex_background": "complex_bg",
    "lowcontrast": "low_contrast",
    "other": "others",
}


def part_files(folder: Path) -> Mapping[str, Path]:
    """Return the annotation files of a folder by part, those that there are.

    Raises:
        DataError: There is none, one is of an unknown part, or two are of one.
    """
    found: dict[str, Path] = {}
    for path in sorted(inputs.listed(folder)):
        if path.suffix.lower() != ".json":
            continue
        name = path.stem.lower().replace("-", "_").removeprefix("challenging_")
        part = _ALIASES.get(name, name)
        if part not in PARTS:
            raise DataError(f"{path}: '{name}' is no part of LTB{nearest(name, PARTS)}")
        if part in found:
            raise DataError(f"{path}: a second file of '{part}', beside {found[part].name}")
        found[part] = path
    if not found:
        raise DataError(f"{folder}: no file challenging_NAME.json")
    return found
