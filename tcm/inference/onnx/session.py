"""A graph that onnxruntime runs."""

from pathlib import Path
from typing import Any

import numpy as np

from tcm.errors import ConfigError, DataError
from tcm.inputs import shown_path

_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


class Session:
    """A graph in memory; call it with its inputs by name.

    Args:
        path: The ONNX file, whose content is known to be what was written.
        device: ``cpu``, ``cuda`` or ``cuda:1``; None takes a GPU where onnxruntime has CUDA.
        threads: Of onnxruntime within an operator; None takes one a core.

    Attributes:
        metadata: The file's own, name to text.
        inputs: Their names.
        on_gpu: Whether it runs there.

    Raises:
        ConfigError: onnxruntime is not installed, or has no such device.
        DataError: It does not take the file.
    """

    def __init__(self, path: Path, device: str | None = None, threads: int | None = None) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise ConfigError(
                "onnxruntime is not installed: pip install -r requirements-onnx.txt, or "
                "pip install onnxruntime (onnxruntime-gpu where there is a GPU)"
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 3  # warnings of the optimiser are of no use to a reader
        providers = _providers(onnxruntime.get_available_providers(), device)
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=providers)
        except Exception as error:  # its own classes of errors have no common base
            reason = str(error).strip().splitlines()[0]
            place = shown_path(path)
            raise DataError(f"{place}: onnxruntime does not take it: {reason}") from error
        self.inputs = [given.name for given in self._session.get_inputs()]
        self._outputs = [output.name for output in self._session.get_outputs()]
        self.on_gpu = _CUDA in self._session.get_providers()
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map

    def __call__(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Return the outputs by name."""
        return dict(zip(self._outputs, self._session.run(None, inputs), strict=True))


def _providers(available: list[str], device: str | None) -> list[Any]:
    """Return what onnxruntime runs a graph with, best first.

    Raises:
        ConfigError: There is no such device.
    """
    kind, _, number = (device or ("cuda" if _CUDA in available else "cpu")).partition(":")
    if kind == "cpu" and not number:
        return [_CPU]
    if kind == "cuda" and _CUDA in available and (not number or number.isdecimal()):
        return [(_CUDA, {"device_id": int(number or 0)}), _CPU]
    known = "cpu, cuda" if _CUDA in available else "cpu (onnxruntime-gpu has cuda as well)"
    raise ConfigError(f"device {device}: onnxruntime has none such here; known: {known}")
