"""How large images and crops are shown to networks, as their test pipelines say it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tcm.errors import ConfigError


@dataclass(frozen=True)
class SizePolicy:
    """The size that an image is brought to before detection, its ratio kept.

    Attributes:
        long: Bound of the long side in pixels; None for none.
        short: Bound of the short side; None for none. One of the bounds is reached; without either
            an image keeps its size.
        divisor: Sides become multiples of it, rounded up.
    """

    long: int | None = None
    short: int | None = None
    divisor: int = 1

    @classmethod
    def of_pipeline(cls, pipeline: Sequence[Mapping[str, Any]]) -> "SizePolicy":
        """Return the size that the transforms of a test pipeline, in their order, bring images to.

        Raises:
            ConfigError: A transform changes the geometry in a way that is no such size.
        """
        policy = cls()
        for entry in pipeline:
            if entry["type"] == "ResizeKeepRatio":
                policy = cls(max(entry["scale"]), min(entry["scale"]))
            elif entry["type"] == "ResizeShortSide":
                policy = cls(None, entry["short_size"], entry.get("divisor", 1))
            elif entry["type"] != "Warp":
                raise ConfigError(f"{entry['type']} in a test pipeline: no size for a reader")
        return policy

    def size_of(self, height: int, width: int, most: int | None = None) -> tuple[int, int]:
        """Return the (height, width) that an image of a size is brought to.

        Args:
            height: Of the image, in pixels.
            width: Of the image, in pixels.
            most: Greatest long side, in addition to the policy's own.
        """
        bounds = [bound / max(height, width) for bound in (self.long,) if bound]
        bounds += [self.short / min(height, width)] if self.short else []
        factor = min(bounds, default=1.0)
        factor = min(factor, most / max(height, width)) if most else factor
        return self._side(height * factor), self._side(width * factor)

    def as_json(self) -> dict[str, Any]:
        """Return what `SizePolicy(**content)` takes."""
        return asdict(self)

    def _side(self, length: float) -> int:
        whole = max(int(length + 0.5), 1)
        return -(-whole // self.divisor) * self.divisor


@dataclass(frozen=True)
class CropPolicy:
    """What the crops of a recognizer are like.

    Attributes:
        height: In pixels.
        width: In pixels; a word is stretched to it.
        interpolation: Of the pixels; beyond the image its border is prolonged.
    """

    height: int
    width: int
    interpolation: Literal["bilinear", "bicubic"] = "bicubic"

    @classmethod
    def of_pipeline(cls, pipeline: Sequence[Mapping[str, Any]]) -> "CropPolicy":
        """Return what the transforms of a recognizer's test pipeline make of a crop.

        Raises:
            ConfigError: They are not `StretchTo` and `Warp`.
        """
        kinds = [entry["type"] for entry in pipeline]
        if kinds[:1] != ["StretchTo"] or set(kinds[1:]) - {"Warp", "LabelTargets"}:
            raise ConfigError(f"test pipeline {kinds}: a reader's crops need StretchTo and Warp")
        height, width = pipeline[0]["size"]
        warp = next((entry for entry in pipeline if entry["type"] == "Warp"), {})
        return cls(height, width, warp.get("interpolation", "bilinear"))

    def as_json(self) -> dict[str, Any]:
        """Return what `CropPolicy(**content)` takes."""
        return asdict(self)
