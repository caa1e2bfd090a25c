"""How large images and crops are shown to networks, as their test pipelines say it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tcm.errors import ConfigError, DataError
from tcm.registry import mistakes_of
from tcm.structures import Config
from tcm.word_sizes import WordSizes

Interpolation = Literal["bilinear", "bicubic"]
_BEHIND = {"Warp", "LabelTargets"}  # what may follow the resizing of a test pipeline


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
    """The crops of a recognizer that takes one size.

    Attributes:
        height: In pixels.
        width: In pixels; a word is stretched to it.
        interpolation: Of the pixels; beyond the image its border is prolonged.
    """

    height: int
    width: int
    interpolation: Interpolation = "bicubic"

    def size_of(self, height: float, width: float) -> tuple[int, int]:
        """Return the (height, width) of the crop of a word that the image shows so large."""
        return self.height, self.width

    def resizing(self) -> Config:
        """Return the config of the transform that does the same to crops in files."""
        return {"type": "StretchTo", "size": [self.height, self.width]}

    def as_json(self) -> dict[str, Any]:
        """Return what `crops_of_json` takes."""
        return asdict(self)


@dataclass(frozen=True)
class RatioCropPolicy(WordSizes):
    """The crops of a recognizer that takes a size for each aspect ratio.

    Attributes:
        sizes: As of `WordSizes`.
        max_ratio: As of `WordSizes`.
        interpolation: As of `CropPolicy`.
    """

    interpolation: Interpolation = "bicubic"

    def resizing(self) -> Config:
        """Return the config of the transform that does the same to crops in files."""
        sizes = [list(size) for size in self.sizes]
        return {"type": "MultiSizeResize", "sizes": sizes, "max_ratio": self.max_ratio}

    def as_json(self) -> dict[str, Any]:
        """Return what `crops_of_json` takes."""
        return {**asdict(self), "sizes": [list(size) for size in self.sizes]}


Crops = CropPolicy | RatioCropPolicy


def crops_of_pipeline(pipeline: Sequence[Mapping[str, Any]]) -> Crops:
    """Return what the transforms of a recognizer's test pipeline make of a crop.

    Raises:
        ConfigError: They are not `StretchTo` or `MultiSizeResize`, and `Warp`.
    """
    kinds = [entry["type"] for entry in pipeline]
    if kinds[:1] not in (["StretchTo"], ["MultiSizeResize"]) or set(kinds[1:]) - _BEHIND:
        raise ConfigError(
            f"test pipeline {kinds}: a reader's crops need StretchTo or MultiSizeResize, and Warp"
        )
    warp = next((entry for entry in pipeline if entry["type"] == "Warp"), {})
    how = warp.get("interpolation", "bilinear")
    if kinds[0] == "StretchTo":
        height, width = pipeline[0]["size"]
        return CropPolicy(height, width, how)
    given = {key: value for key, value in pipeline[0].items() if key != "type"}
    return RatioCropPolicy(**given, interpolation=how)


def crops_of_json(content: Mapping[str, Any], place: str) -> Crops:
    """Return a policy from its ``as_json``.

    Args:
        content: It.
        place: Where it stands, for the error.

    Raises:
        DataError: It is none.
    """
    kind = RatioCropPolicy if "sizes" in content else CropPolicy
    wrong = mistakes_of(kind, content, place)
    if wrong:
        raise DataError(*wrong)
    return kind(**content)
