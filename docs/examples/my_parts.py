"""A backbone, a head, a transform, a dataset and a metric of one's own; my_parts.yaml uses them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import torch.nn.functional as F
from torch import Tensor, nn

from tcm.contracts import Head
from tcm.registry import DATASETS, METRICS, MODELS, TRANSFORMS, Built
from tcm.structures import Config, Features, Sample, TextInstances
from tcm.values import Positive, Share


# --8<-- [start:backbone]
@MODELS.register()
class PlainBackbone(nn.Module):
    """Four convolutions: what any neck and head need are `out_channels` and four levels.

    Args:
        width: Channels of the first level; the others have 2, 4 and 8 times as many.
    """

    def __init__(self, width: Positive = 16) -> None:
        super().__init__()
        self.out_channels = [width, 2 * width, 4 * width, 8 * width]
        inputs = [3, *self.out_channels[:3]]
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv2d(i, o, 5, stride, padding=2), nn.BatchNorm2d(o), nn.ReLU())
            for i, o, stride in zip(inputs, self.out_channels, (4, 2, 2, 2), strict=True)
        )

    def forward(self, images: Tensor) -> Features:
        """Return the levels at strides 4, 8, 16 and 32 of normalised images (B, 3, H, W)."""
        levels = []
        for stage in self.stages:
            images = stage(images)
            levels.append(images)
        return Features(levels)


# --8<-- [end:backbone]


# --8<-- [start:head]
@MODELS.register()
class CoreHead(Head):
    """Learn the core of each text, which DBNet's targets draw; nothing else.

    Args:
        in_channels: Channels of the neck's feature at stride 4.
        decode: Config of a decoder of probability maps.
    """

    def __init__(
        self,
        in_channels: int,
        decode: Annotated[Config, Built(MODELS)],
    ) -> None:
        super().__init__()
        self.logits = nn.Conv2d(in_channels, 1, 3, padding=1)
        self.decoder = MODELS.build(decode, "model.head.decode")

    def forward(self, feature: Tensor) -> dict[str, Tensor]:
        """Return ``core`` (B, H, W), logits in network pixels, of a feature (B, C, H/4, W/4)."""
        return {"core": F.interpolate(self.logits(feature), scale_factor=4.0).squeeze(1)}

    def loss(
        self, predictions: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return ``loss_core``, the cross-entropy where `shrink_mask` counts."""
        losses = F.binary_cross_entropy_with_logits(
            predictions["core"].float(), targets["shrink_map"].float(), reduction="none"
        )
        mask = targets["shrink_mask"].float()
        return {"loss_core": (losses * mask).sum() / mask.sum().clamp_min(1)}

    def outputs(self, predictions: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return what decoding needs, still on the device: the probabilities."""
        return {"core": predictions["core"].float().sigmoid()}

    def texts_of(
        self,
        outputs: Mapping[str, Tensor],
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return the texts of each image, grown from the cores, on the host."""
        maps = outputs["core"].numpy()
        return [
            self.decoder(core[:height, :width], matrix)
            for core, matrix, (height, width) in zip(maps, matrices, sizes, strict=True)
        ]


# --8<-- [end:head]


# --8<-- [start:transform]
@TRANSFORMS.register()
class InvertColours:
    """Turn white into black and the other way round, now and then.

    Args:
        prob: Share of the samples that are turned.
    """

    def __init__(self, prob: Share = 0.5) -> None:
        self.prob = prob

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample, a changed one as a copy; chance comes from `rng` alone."""
        if rng.random() >= self.prob:
            return sample
        return replace(sample, image=255 - sample.image)


# --8<-- [end:transform]


# --8<-- [start:dataset]
@DATASETS.register()
class BoxFolder:
    """A folder of images, each with a text file of lines ``x1 y1 x2 y2 word`` beside it.

    Args:
        folder: Where they are.
    """

    def __init__(self, folder: str) -> None:
        self.files = sorted(Path(folder).glob("*.png"))

    @property
    def ids(self) -> list[str]:
        """Return a stable name for each image: subsets and reports use it."""
        return [file.stem for file in self.files]

    def __len__(self) -> int:
        return len(self.files)

    def load(self, index: int) -> Sample:
        """Return an image with its texts as they are in the files."""
        file = self.files[index]
        polygons, texts = [], []
        for line in file.with_suffix(".txt").read_text(encoding="utf-8").splitlines():
            left, top, right, bottom, text = line.split(maxsplit=4)
            corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
            polygons.append(np.array(corners, np.float32))
            texts.append(text)
        image = cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB)
        return Sample(image, str(file), TextInstances(polygons, texts), index=index)


# --8<-- [end:dataset]


# --8<-- [start:metric]
@dataclass(frozen=True)
class CountResult:
    """How far the number of texts is off.

    Attributes:
        exact: Share of the images with the right number of texts.
    """

    exact: float

    @property
    def headline(self) -> dict[str, float]:
        """Return the figures that count; the last one chooses the best checkpoint."""
        return {"exact_count": self.exact}

    def lines(self) -> list[str]:
        """Return the report, the rule first."""
        return ["share of the images with the right number of texts", f"  {self.exact:.4f}"]

    def as_dict(self) -> dict[str, float]:
        """Return all figures by name, for the log."""
        return self.headline

    def as_report(self) -> dict[str, Any]:
        """Return all figures by name, for ``--scores``."""
        return {"rule": self.lines()[0], **self.headline}


@METRICS.register()
class CountAccuracy:
    """Ask for the right number of texts that count in each image, wherever they are."""

    def evaluate(
        self,
        predictions: Sequence[TextInstances],
        truths: Sequence[TextInstances],
        names: Sequence[str] | None = None,
    ) -> CountResult:
        """Return the result over all images, given in the same order on both sides."""
        right = [len(p) == (~t.ignored).sum() for p, t in zip(predictions, truths, strict=True)]
        return CountResult(float(np.mean(right)))


# --8<-- [end:metric]
