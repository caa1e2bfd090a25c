"""Predicting many batches: the device runs the next one while threads decode the last ones."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType

import torch
from torch import Tensor

from tcm.contracts import FINITE, Model
from tcm.devices import HostTensors, on_device, to_host
from tcm.errors import TCMError
from tcm.structures import Batch, Sample, TextInstances

Pairs = list[tuple[Sample, TextInstances]]
_AHEAD = 2  # batches that the device may be in front of the threads
_MOST_THREADS = 8


class Predictor:
    """Run a model on batches and decode their images in threads; use it as a context.

    Args:
        model: In eval mode, on `device`.
        device: Where the model is.
        precision: Makes the context that the network runs in, such as autocast; None for none.
        threads: That decode; None takes one a core, up to 8.
    """

    def __init__(
        self,
        model: Model,
        device: torch.device | str,
        precision: Callable[[], AbstractContextManager[object]] | None = None,
        threads: int | None = None,
    ) -> None:
        self.model = model
        self.device = torch.device(device)
        self.precision = nullcontext if precision is None else precision
        self._threads = ThreadPoolExecutor(threads or min(_MOST_THREADS, os.cpu_count() or 1))
        self._pending: deque[tuple[list[Sample], list[Future[TextInstances]]]] = deque()

    def __enter__(self) -> "Predictor":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the threads; what they have not begun is dropped."""
        self._threads.shutdown(cancel_futures=True)
        self._pending.clear()

    def submit(self, batch: Batch) -> Pairs:
        """Start a batch.

        Returns:
            The samples of batches that were started before, with their texts in original image
            coordinates: as many as keep the threads from falling behind. They come in order.
        """
        images = batch.images.to(self.device, non_blocking=True)
        decoding: dict[int, Future[TextInstances]] = {}
        for (height, width), members in _by_canvas(batch).items():
            part = images if len(members) == len(images) else images[members, :, :height, :width]
            with torch.inference_mode(), self.precision():
                outputs = to_host(self._outputs(part, [batch.samples[i] for i in members]))
            for row, i in enumerate(members):
                sample = batch.samples[i]
                decoding[i] = self._threads.submit(self._decode, outputs, row, sample)
        self._pending.append((batch.samples, [decoding[i] for i in range(len(images))]))
        return self._take(_AHEAD)

    def finish(self) -> Pairs:
        """Return what `submit` has not returned yet."""
        return self._take(0)

    def drop(self) -> None:
        """Forget what `submit` has not returned yet."""
        self._pending.clear()

    def run(self, batches: Iterable[Batch]) -> Iterator[tuple[Sample, TextInstances]]:
        """Yield every sample of batches with its texts, in order."""
        for batch in batches:
            yield from self.submit(batch)
        yield from self.finish()

    def _outputs(self, images: Tensor, samples: list[Sample]) -> dict[str, Tensor]:
        if not getattr(self.model, "masks_padding", False):
            return self.model.outputs(images)
        return self.model.outputs(images, on_device([s.size for s in samples], self.device))

    def _take(self, left: int) -> Pairs:
        pairs: Pairs = []
        while len(self._pending) > left:
            samples, decoding = self._pending.popleft()
            found = [future.result() for future in decoding]
            pairs += zip(samples, found, strict=True)
        return pairs

    def _decode(self, outputs: HostTensors, index: int, sample: Sample) -> TextInstances:
        one = _row(outputs.wait(), index)
        _refuse_non_finite(one, sample.path)
        (found,) = self.model.texts_of(one, [sample.matrix], [sample.size])
        return found


def _refuse_non_finite(outputs: dict[str, Tensor], path: str) -> None:
    """Take the flag `FINITE` out of the outputs of an image, and look at them.

    Raises:
        TCMError: The network gave NaN or infinity.
    """
    flag = outputs.pop(FINITE, None)
    finite = flag is None or bool(flag)
    if not (finite and all(v.isfinite().all() for v in outputs.values() if v.is_floating_point())):
        raise TCMError(
            f"{path}: the network's output is not finite: its training has diverged, or its "
            "numbers are too large for its precision (float32 takes the largest)"
        )


def _by_canvas(batch: Batch) -> dict[tuple[int, int], list[int]]:
    """Return the images of a batch by the height and width that each has alone.

    One that is smaller than others of its batch was padded to their size. Alone it is not, and what
    is found in it must not depend on the others.
    """
    height, width = batch.images.shape[2:]
    groups: dict[tuple[int, int], list[int]] = {}
    for i, canvas in enumerate(batch.canvases or [(height, width)] * len(batch.images)):
        groups.setdefault(canvas, []).append(i)
    return groups


@torch.inference_mode()
def _row(outputs: Mapping[str, Tensor], index: int) -> dict[str, Tensor]:
    """Return the outputs of one image."""
    return {name: value[index : index + 1] for name, value in outputs.items()}
