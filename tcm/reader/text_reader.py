"""From photos to text in one line: `TextReader`, and `load` for a model alone."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tcm.data.storage.exif import Exif
from tcm.errors import ConfigError
from tcm.inference.reading.chain import Chain, Failure, Picture
from tcm.inference.reading.crops import Rectify, cut_crop
from tcm.inference.reading.detection import Views, maps_of
from tcm.inference.reading.recognition import Straightening
from tcm.inference.reading.results import ReadResult
from tcm.inference.reading.runner import DetectorRunner, Reading, RecognizerRunner
from tcm.reader.opening import Runner, open_runner
from tcm.reader.pictures import as_rgb, read_picture
from tcm.reader.sources import is_single, name_of, pictures_of, require_sources
from tcm.shipped import find_weights
from tcm.values import NotNegativeFloat, Positive, Share, checked

PrecisionName = Literal["auto", "float32", "tf32", "bf16", "fp16"]  # those of tcm.devices


class ImageReader:
    """What runs a chain on whatever shows a picture; `TextReader` and `load` make it.

    Args:
        chain: Detector and recognizer.
        min_confidence: Words that are read less surely are left out.
    """

    def __init__(self, chain: Chain, min_confidence: float = 0.0) -> None:
        self.chain = chain
        self.min_confidence = min_confidence

    def __call__(self, source: Any) -> Any:
        """Return what stands in an image, or in each of several.

        Args:
            source: A path, an image of Pillow's, an array as of `as_rgb`, or an iterable of them.

        Returns:
            A `ReadResult`; a list of them for a list, a tuple, a PDF or a video; for any other
            iterable an iterator, which loads the next image while the last ones are read.

        Raises:
            DataError: An image cannot be read.
        """
        if not is_single(source):
            require_sources(source)
            results = self._whole(source)
            return list(results) if isinstance(source, list | tuple) else results
        found = list(self._whole([source]))
        return found[0] if [one.name for one in found] == [name_of(source, 0)] else found

    def stream(self, pictures: Iterable[Picture | Failure]) -> Iterator[ReadResult | Failure]:
        """Yield a result for each picture of `pictures_of`; what failed passes through."""
        for item in self.chain.run(pictures):
            yield item if isinstance(item, Failure) else item.confident(self.min_confidence)

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

    def _whole(self, sources: Iterable[Any]) -> Iterator[ReadResult]:
        for item in self.stream(pictures_of(sources)):
            if isinstance(item, Failure):
                raise item.error
            yield item


class WordReader:
    """A recognizer alone, as of `load`: ``model(crop)`` returns text and confidence of one word.

    Args:
        runner: The recognizer.
        batch_size: Crops that are read at once.
    """

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
            found += self.runner.read(np.stack(crops))
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
    **model: Any,
) -> ImageReader | WordReader:
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
        model: Keys of the config's `model` to other values: ``decode_ar=False, refine_iters=0``
            lets a recognizer read in one pass.

    Returns:
        Of a detector or spotter what `TextReader` is too: ``model(image)`` returns a `ReadResult`,
        without texts if the model does not read. Of a recognizer ``model(crop)`` returns text and
        confidence.

    Raises:
        CheckpointError: It is missing, damaged, has no config or belongs to another model.
        ConfigError: The config, or a change of it, is wrong, or there is no such device.
    """
    runner = open_runner(path, config, converter, device, precision, compile, fold, model)
    if isinstance(runner, RecognizerRunner):
        return WordReader(runner)
    return ImageReader(Chain(runner, None, Views(), Straightening(), 1))


def _runner(
    model: str | Path | ImageReader | WordReader, device: str | None, precision: PrecisionName
) -> Runner:
    if isinstance(model, ImageReader):
        return model.chain.detector
    if isinstance(model, WordReader):
        return model.runner
    return open_runner(model, device=device, precision=precision)


def _pixels(source: Any, exif: Exif = "apply") -> np.ndarray:
    if isinstance(source, str | Path):
        return read_picture(source, exif)
    return as_rgb(source, "image")
