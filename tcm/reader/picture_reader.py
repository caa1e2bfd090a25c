"""What runs a chain on whatever shows a picture."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from tcm.inference.objects.results import ObjectResult
from tcm.inference.reading.chain import Failure, Picture
from tcm.inference.reading.results import ReadResult
from tcm.inputs import MOST_PIXELS
from tcm.reader.sources import is_single, name_of, pictures_of, require_sources

T = TypeVar("T", ReadResult, ObjectResult)
ChainRun = Callable[[Iterable[Picture | Failure]], Iterator[T | Failure]]


class PictureReader(Generic[T]):
    """Shows pictures to a chain of models.

    Args:
        run: Yields a result for each picture, in their order; what failed passes through.
        min_confidence: What is found or read less surely is left out.
        max_pixels: Larger image files are refused, before they are decoded.

    Attributes:
        kind: What it is, for messages.
    """

    kind: str

    def __init__(
        self, run: ChainRun[T], min_confidence: float = 0.0, max_pixels: int = MOST_PIXELS
    ) -> None:
        self._run: ChainRun[T] = run
        self.min_confidence = min_confidence
        self.max_pixels = max_pixels

    def __call__(self, source: Any) -> Any:
        """Return what is in an image, or in each of several.

        Args:
            source: A path, an image of Pillow's, an array as of `as_rgb`, or an iterable of them.

        Returns:
            A result; a list of them for a list, a tuple, a PDF or a video; for any other
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

    def stream(self, pictures: Iterable[Picture | Failure]) -> Iterator[T | Failure]:
        """Yield a result for each picture of `pictures_of`; what failed passes through."""
        for item in self._run(pictures):
            yield item if isinstance(item, Failure) else item.confident(self.min_confidence)

    def _whole(self, sources: Iterable[Any]) -> Iterator[T]:
        for item in self.stream(pictures_of(sources, max_pixels=self.max_pixels)):
            if isinstance(item, Failure):
                raise item.error
            yield item
