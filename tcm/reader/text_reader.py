"""From photos to text in one line: `TextReader`, and `load` for a model alone."""

from pathlib import Path
from typing import Any, Literal

import numpy as np

from tcm.data.storage.exif import Exif
from tcm.errors import ConfigError
from tcm.inference.objects.results import ObjectResult
from tcm.inference.objects.sliding import ObjectChain
from tcm.inference.reading.chain import Chain
from tcm.inference.reading.crops import Rectify, cut_crop
from tcm.inference.reading.detection import Views, maps_of
from tcm.inference.reading.recognition import Straightening
from tcm.inference.reading.results import ReadResult
from tcm.inference.reading.runner import DetectorRunner, Reading, RecognizerRunner
from tcm.inputs import MOST_PIXELS
from tcm.reader.opening import Runner, open_runner
from tcm.reader.picture_reader import PictureReader
from tcm.reader.pictures import as_rgb, read_picture
from tcm.reader.sources import is_single, require_sources
from tcm.shipped import find_weights
from tcm.values import NotNegative, NotNegativeFloat, Positive, Share, checked

PrecisionName = Literal["auto", "float32", "tf32", "bf16", "fp16"]  # those of tcm.devices


class ImageReader(PictureReader[ReadResult]):
    """What finds and reads texts in whatever shows a picture; `TextReader` and `load` make it.

    Args:
        chain: Detector and recognizer.
        min_confidence: Words that are read less surely are left out.
        max_pixels: As of `PictureReader`.
    """

    kind = "detector"

    def __init__(
        self, chain: Chain, min_confidence: float = 0.0, max_pixels: int = MOST_PIXELS
    ) -> None:
        super().__init__(chain.run, min_confidence, max_pixels)
        self.chain = chain

    def maps(self, image: Any, exif: Exif = "apply") -> dict[str, np.ndarray]:
        """Return what the detector's network sees in an image, for pictures.

        Args:
            image: A path, an image of Pillow's or an array.
            exif: As of `read_picture`, for a path.

        Returns:
            Name, such as ``score map``, to float32 (h, w), which spans the image; empty if the
            detector has none to show.
        """
        return maps_of(self.chain.detector, _pixels(image, exif), self.chain.views)


class ObjectFinder(PictureReader[ObjectResult]):
    """What finds oriented objects in images of any size; `load` makes it.

    Args:
        chain: Detector, and how images are shown to it.
        min_confidence: Objects that are less sure are left out.
        max_pixels: As of `PictureReader`.
    """

    kind = "detector of objects"

    def __init__(
        self, chain: ObjectChain, min_confidence: float = 0.0, max_pixels: int = MOST_PIXELS
    ) -> None:
        super().__init__(chain.run, min_confidence, max_pixels)
        self.chain = chain


class WordReader:
    """A recognizer alone, as of `load`: ``model(crop)`` returns text and confidence of one word.

    Args:
        runner: The recognizer.
        batch_size: Crops that are read at once.
    """

    kind = "recognizer"

    def __init__(self, runner: RecognizerRunner, batch_size: int = 32) -> None:
        self.runner = runner
        self.batch_size = batch_size

    def __call__(self, source: Any) -> Any:
        """Return the `Reading` of a crop, or of each of several.

        Args:
            source: A path, an image of Pillow's or an array as of `as_rgb`; or a list of them.

        Raises:
            DataError: A crop cannot be read.
        """
        if is_single(source):
            return self._read([source])[0]
        require_sources(source)
        return self._read(list(source))

    def _read(self, sources: list[Any]) -> list[Reading]:
        found: list[Reading] = []
        for start in range(0, len(sources), self.batch_size):
            crops = [self._crop(one) for one in sources[start : start + self.batch_size]]
            found += self.runner.read_all(crops, self.batch_size)
        return found

    def _crop(self, source: Any) -> np.ndarray:
        image = _pixels(source)
        height, width = image.shape[:2]
        whole = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
        crop = cut_crop(image, whole, self.runner.crop)
        assert crop is not None, "an image has an area"
        return crop


class TextReader(ImageReader):
    """Find the words of images and read them: ``TextReader()("photo.jpg").text``.

    Args:
        detector: A checkpoint, or a folder that `tcm export` wrote, of a detector or of a spotter,
            or what `load` returned. None for the detector in the package.
        recognizer: The same of a recognizer. None for the one in the package; but a spotter reads
            itself then.
        device: ``cpu``, ``cuda``, ``cuda:1``; None for a GPU where there is one.
        precision: Of the networks; ``auto`` is bf16 on GPUs that have it, else float32.
        rectify: How a word becomes a crop: ``box``, its bounding box; ``quad``, in perspective;
            ``curve``, along its two sides if it has more than four corners.
        margin: Added around a word before it is cut, as a share of its height.
        max_side: Greatest long side in pixels that the detector sees; words are cut from the full
            image. Memory grows with its square.
        tile: Side in pixels of tiles that larger images are searched in, for maps and panoramas;
            None searches images whole.
        min_confidence: Words that are read less surely are left out.
        batch_size: Crops that are read at once.

    Raises:
        CheckpointError: A model cannot be loaded.
        ConfigError: A model is of the other kind, a value is out of its range, or there is no such
            device.
    """

    def __init__(
        self,
        detector: str | Path | ImageReader | None = None,
        recognizer: str | Path | WordReader | None = None,
        device: str | None = None,
        precision: PrecisionName = "auto",
        rectify: Rectify = "quad",
        margin: NotNegativeFloat = 0.15,
        max_side: Positive = 2560,
        tile: Positive | None = None,
        min_confidence: Share = 0.0,
        batch_size: Positive = 32,
    ) -> None:
        views, how = Views(max_side, tile), Straightening(rectify, margin)
        finder = _runner(detector or find_weights("detector"), device, precision)
        if not isinstance(finder, DetectorRunner):
            raise ConfigError(f"detector: {finder.name} holds a recognizer")
        if finder.objects is not None:
            raise ConfigError(f"detector: {finder.name} holds a detector of objects; see tcm.load")
        if recognizer is None and not finder.reads:
            recognizer = find_weights("recognizer")
        reader = None if recognizer is None else _runner(recognizer, device, precision)
        if isinstance(reader, DetectorRunner):
            raise ConfigError(f"recognizer: {reader.name} holds a detector")
        super().__init__(Chain(finder, reader, views, how, batch_size), min_confidence)


checked(TextReader)


def load(
    path: str | Path,
    config: str | Path | None = None,
    converter: str | None = None,
    device: str | None = None,
    precision: PrecisionName = "auto",
    compile: bool = False,
    fold: bool = True,
    tile: Positive | None = None,
    gap: NotNegative | None = None,
    max_pixels: Positive = MOST_PIXELS,
    **model: Any,
) -> ImageReader | WordReader | ObjectFinder:
    """Load a model alone.

    Args:
        path: A checkpoint of ours, which carries its config; a foreign one, with `config` and
            `converter`; or a folder that `tcm export` wrote.
        config: A config file in place of the checkpoint's own.
        converter: Name of the converter of foreign parameter names, such as ``clip4str``.
        device: As of `TextReader`.
        precision: As of `TextReader`.
        compile: Whether the network is compiled, which takes minutes for each size of input.
        fold: Whether batch norms are folded into the convolutions before them.
        tile: Side in pixels of the windows that an image is looked at in, of a detector. None takes
            for objects the config's, and shows images whole to what finds texts.
        gap: Pixels that windows share at least, of a detector of objects; None for the config's.
        max_pixels: Larger image files are refused; an image takes 6 bytes a pixel while it is read,
            beside its file, and 3 from then on.
        model: Keys of the config's `model` to other values: ``decode_ar=False, refine_iters=0``
            lets a recognizer read in one pass.

    Returns:
        Of a detector or spotter what `TextReader` is too: ``model(image)`` returns a `ReadResult`,
        without texts if the model does not read. Of a detector of objects ``model(image)`` returns
        an `ObjectResult`. Of a recognizer ``model(crop)`` returns text and
        confidence.

    Raises:
        CheckpointError: It is missing, damaged, has no config or belongs to another model.
        ConfigError: The config, or a change of it, is wrong, or there is no such device.
    """
    runner = open_runner(path, config, converter, device, precision, compile, fold, model)
    if isinstance(runner, RecognizerRunner):
        _refuse(path, "a recognizer", tile=tile, gap=gap)
        return WordReader(runner)
    if runner.objects is not None:
        chain = ObjectChain(runner, runner.objects.changed(tile, gap))
        return ObjectFinder(chain, max_pixels=max_pixels)
    _refuse(path, "a detector of texts", gap=gap)
    chain_of_texts = Chain(runner, None, Views(tile=tile), Straightening(), 1)
    return ImageReader(chain_of_texts, max_pixels=max_pixels)


def _refuse(path: str | Path, kind: str, **given: int | None) -> None:
    """Refuse arguments that a kind of model has no use for.

    Raises:
        ConfigError: One is given.
    """
    for name, value in given.items():
        if value is not None:
            raise ConfigError(f"{name}: {path} holds {kind}, which has none")


def _runner(
    model: str | Path | ImageReader | WordReader, device: str | None, precision: PrecisionName
) -> Runner:
    if isinstance(model, ImageReader):
        return model.chain.detector
    if isinstance(model, WordReader):
        return model.runner
    if isinstance(model, ObjectFinder):
        raise ConfigError("detector: it finds objects, no texts")
    return open_runner(model, device=device, precision=precision)


def _pixels(source: Any, exif: Exif = "apply") -> np.ndarray:
    if isinstance(source, str | Path):
        return read_picture(source, exif)
    return as_rgb(source, "image")
