"""Which packages `tcm` needs or can use, and which of them are installed.

Nothing is imported for it: the package's own metadata say it.
"""

import re
from importlib import metadata

# Modules whose distributions have other names.
_DISTRIBUTIONS = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "open_clip": "open_clip_torch",
    "yaml": "pyyaml",
}


def wanted() -> dict[str, list[str]]:
    """Return the distributions that each extra brings, by its name; under "" what all need.

    It is empty where `tcm` runs from a folder and is not installed.
    """
    try:
        lines = metadata.requires("tcm") or []
    except metadata.PackageNotFoundError:
        return {}
    found: dict[str, list[str]] = {"": []}
    for line in lines:
        extra = re.search(r"""extra\s*==\s*["']([\w.-]+)["']""", line)
        name = re.match(r"[\w.-]+", line)
        if name:
            found.setdefault(extra[1] if extra else "", []).append(name[0])
    return found


def installed(distribution: str) -> str | None:
    """Return the version of a distribution; None if it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def how_to_install(module: str) -> str | None:
    """Return what to say of a module that cannot be found; None if it is none of `wanted`."""
    top = module.partition(".")[0]
    name = _plain(_DISTRIBUTIONS.get(top, top))
    for extra, distributions in wanted().items():
        if name in map(_plain, distributions) and installed(name) is None:
            what = f"'tcm[{extra}]'" if extra else name
            return f"{name} is needed for this and not installed: pip install {what}"
    return None


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
