"""The models that come in the package."""

from pathlib import Path
from typing import Literal

from tcm.errors import ConfigError

FOLDER = Path(__file__).resolve().parents[1] / "weights"


def shipped(kind: Literal["detector", "recognizer"]) -> Path:
    """Return the checkpoint of the package's own detector or recognizer.

    Raises:
        ConfigError: The package has none.
    """
    path = FOLDER / f"{kind}.ckpt"
    if not path.is_file():
        raise ConfigError(f"{kind}: the package has none of its own; name a checkpoint")
    return path
