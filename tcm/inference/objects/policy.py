"""What a config's section ``objects`` says: how large images are looked at for oriented objects."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from tcm.annotations import dota
from tcm.errors import ConfigError
from tcm.geometry.merge_rules import IOUS
from tcm.geometry.windows import Cutting
from tcm.registry import build
from tcm.values import NotNegative, Positive, PositiveFloat, Share, checked


@checked
@dataclass(frozen=True)
class ObjectPolicy:
    """How oriented objects of several classes are found in images of any size.

    Attributes:
        classes: Those of a version of DOTA, or names in the order of the labels.
        tile: Side in pixels of the square windows; each is brought to the size of the model's test
            pipeline, and one that the image does not fill is padded.
        gap: Pixels that neighbours share at least.
        rates: Scales; the windows of each have tile and gap divided by it.
        nms_iou: Greatest IoU of two objects of a class on the whole image.
    """

    classes: dota.Version | Sequence[str] = "v1.0"
    tile: Positive = 1024
    gap: NotNegative = 200
    rates: Sequence[PositiveFloat] = (1.0,)
    nms_iou: Share = IOUS["mmrotate"]

    def __post_init__(self) -> None:
        if not self.names or len(set(self.names)) < len(self.names):
            raise ConfigError(f"objects.classes: names, each once, are wanted, got {self.classes}")
        self.cutting  # noqa: B018  # it knows whether tile and gap fit each other

    @classmethod
    def of_config(cls, section: Mapping[str, Any] | None) -> "ObjectPolicy | None":
        """Return what a config's section says, None for a model that finds texts.

        Raises:
            ConfigError: A key is unknown or a value out of its range.
        """
        return build(cls, section, "objects") if section else None

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the classes in the order of the labels."""
        if isinstance(self.classes, str):
            return dota.CLASSES[self.classes]
        return tuple(self.classes)

    @property
    def cutting(self) -> Cutting:
        """Return how images are cut into windows."""
        return Cutting(self.tile, self.gap, tuple(self.rates))

    def changed(self, tile: int | None = None, gap: int | None = None) -> "ObjectPolicy":
        """Return the policy with other windows; None leaves what it has.

        Raises:
            ConfigError: They don't fit each other.
        """
        return replace(
            self,
            tile=self.tile if tile is None else tile,
            gap=self.gap if gap is None else gap,
        )

    def as_json(self) -> dict[str, Any]:
        """Return what `of_config` takes."""
        return {**asdict(self), "classes": list(self.names), "rates": list(self.rates)}
