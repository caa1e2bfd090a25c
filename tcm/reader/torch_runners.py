"""Detectors and recognizers that PyTorch runs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any

import numpy as np
import torch

from tcm.contracts import Model
from tcm.devices import Precision, autocast, to_host
from tcm.errors import ConfigError, TCMError
from tcm.inference.objects.policy import ObjectPolicy
from tcm.inference.reading.runner import DetectorRunner, Reading, RecognizerRunner, Shown
from tcm.inference.reading.sizes import Crops, SizePolicy, crops_of_pipeline
from tcm.models.detector import Detector
from tcm.models.recognizers.recognizer import TextRecognizer
from tcm.prediction import Predictor
from tcm.reader.device_crops import cut_on
from tcm.structures import Batch, Sample, TextInstances

_ON_GPU = 8  # images that a GPU gets at once
_NO_PIXELS = np.zeros((0, 0, 3), np.uint8)


@dataclass(frozen=True)
class Place:
    """Where and how precisely a network runs.

    Attributes:
        device: The device.
        precision: One that is resolved, not ``auto``.
    """

    device: torch.device
    precision: Precision


class TorchDetector(DetectorRunner):
    """A detector or spotter.

    Args:
        model: In eval mode, on the place's device.
        name: For messages.
        size: How large an image is shown to it.
        place: Where it runs.
        objects: As of `DetectorRunner`.
    """

    def __init__(
        self,
        model: Detector,
        name: str,
        size: SizePolicy,
        place: Place,
        objects: ObjectPolicy | None = None,
    ) -> None:
        self.model = model
        self.objects = objects
        self.name = name
        self.size = size
        self.place = place
        self.reads = model.head.reads
        self.batch = _ON_GPU if place.device.type == "cuda" else 1
        context = partial(autocast, place.precision, place.device)
        self._predictor = Predictor(model, place.device, context)
        self._alone = Lock()  # images are found in one thread while another asks for maps

    def detect(
        self,
        images: np.ndarray,
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return the texts of each image, as of `DetectorRunner`; threads decode them."""
        return list(self.stream([Shown(images, matrices, sizes)]))

    def stream(self, batches: Iterable[Shown]) -> Iterator[TextInstances]:
        """Yield the texts of batches; the device is at the next ones while threads decode."""
        with self._alone:
            try:
                for _, found in self._predictor.run(map(self._batch, batches)):
                    yield found
            finally:
                self._predictor.drop()  # what an error, or a caller that stops, leaves

    def _batch(self, shown: Shown) -> Batch:
        samples = [
            Sample(_NO_PIXELS, self.name, TextInstances(), matrix=matrix, size=size)
            for matrix, size in zip(shown.matrices, shown.sizes, strict=True)
        ]
        return Batch(_planes(shown.images), {}, samples)

    @torch.inference_mode()
    def maps(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Return what the network sees, as of `DetectorRunner`.

        They are ``score map``, FastTCM's and TCM's cosine of image and text, ``visual prompt``,
        the length of what it adds to the image embedding, and ``probability``, what the head takes
        for text; as far as the network has them.
        """
        prompts: list[torch.Tensor] = []
        matching = getattr(self.model.backbone, "matching", None)
        generator = getattr(matching, "visual_prompt_generator", None) or torch.nn.Identity()
        with self._alone, autocast(self.place.precision, self.place.device):
            hook = generator.register_forward_hook(lambda part, given, made: prompts.append(made))
            try:
                predictions, features = self.model(_planes(images).to(self.place.device))
            finally:
                hook.remove()
        seen: dict[str, torch.Tensor] = {}
        if features.matching is not None:
            seen["score map"] = features.matching.cosine[:, 0]
        if prompts:
            seen["visual prompt"] = prompts[0].norm(dim=2).view_as(seen["score map"])
        for name, value in self.model.head.outputs(predictions).items():
            if name.startswith("probability") and "probability" not in seen:
                seen["probability"] = value if value.dim() == 3 else value[:, 0]
        return {name: value.float().cpu().numpy() for name, value in seen.items()}


class TorchRecognizer(RecognizerRunner):
    """A recognizer.

    Args:
        model: In eval mode, on the place's device.
        name: For messages.
        crop: What its crops are like.
        place: Where it runs.
    """

    def __init__(self, model: TextRecognizer, name: str, crop: Crops, place: Place) -> None:
        self.model = model
        self.name = name
        self.crop = crop
        self.place = place

    def cut(self, image: np.ndarray, outlines: Sequence[np.ndarray]) -> list[Any]:
        """Return a crop of each word, as of `RecognizerRunner`; on a GPU it cuts them itself."""
        if self.place.device.type == "cpu":
            return super().cut(image, outlines)
        return cut_on(self.place.device, image, outlines, self.crop)

    def stack(self, crops: Sequence[Any]) -> Any:
        """Return crops of `cut` as `read` takes them."""
        on_device = isinstance(crops[0], torch.Tensor)
        return torch.stack(list(crops)) if on_device else super().stack(crops)

    def read(self, crops: np.ndarray | torch.Tensor) -> list[Reading]:
        """Return what each crop says, as of `RecognizerRunner`."""
        images = _planes(crops).to(self.place.device, non_blocking=True)
        with torch.inference_mode(), autocast(self.place.precision, self.place.device):
            outputs = to_host(self.model.outputs(images)).wait()
        confidences = outputs["confidence"].float()
        if not bool(confidences.isfinite().all()):
            raise TCMError(
                f"{self.name}: the network's output is not finite: its training has diverged, or "
                "its numbers are too large for its precision (float32 takes the largest)"
            )
        texts = map(self.model.text, outputs["ids"].tolist())
        return [Reading(*pair) for pair in zip(texts, confidences.tolist(), strict=True)]


def runner_of(
    model: Model,
    name: str,
    pipeline: Sequence[dict],
    place: Place,
    objects: ObjectPolicy | None = None,
) -> DetectorRunner | RecognizerRunner:
    """Return what runs a model.

    Args:
        model: In eval mode, on the place's device.
        name: For messages.
        pipeline: The transforms of its test pipeline, as of a config.
        place: Where it runs.
        objects: As of `DetectorRunner`.

    Raises:
        ConfigError: The model is no detector, spotter or recognizer, the pipeline none that a
            reader can follow, or there are more classes or fewer than the model has.
    """
    if isinstance(model, TextRecognizer):
        return TorchRecognizer(model, name, crops_of_pipeline(pipeline), place)
    if not isinstance(model, Detector):
        raise ConfigError(f"{name}: a {type(model).__name__} finds and reads nothing")
    classes = getattr(model.head, "classes", 1)
    if objects is not None and len(objects.names) != classes:
        raise ConfigError(
            f"{name}: objects.classes has {len(objects.names)} names, the model {classes} classes"
        )
    return TorchDetector(model, name, SizePolicy.of_pipeline(pipeline), place, objects)


def _planes(images: np.ndarray | torch.Tensor) -> torch.Tensor:
    """Return (B, 3, H, W) in channels-last order of (B, H, W, 3)."""
    tensor = torch.from_numpy(images) if isinstance(images, np.ndarray) else images
    return tensor.permute(0, 3, 1, 2)
