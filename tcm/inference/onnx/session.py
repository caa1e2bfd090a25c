"""A graph that onnxruntime runs."""

from pathlib import Path

import numpy as np

from tcm.errors import ConfigError, DataError
from tcm.inputs import shown_path

_PREFERRED = ("CUDAExecutionProvider", "CPUExecutionProvider")


class Session:
    """A graph in memory; call it with its inputs by name.

    Args:
        path: The ONNX file, whose content is known to be what was written.
        threads: Of onnxruntime within an operator; None takes one a core.

    Attributes:
        metadata: The file's own, name to text.

    Raises:
        ConfigError: onnxruntime is not installed.
        DataError: It does not take the file.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
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
        available = onnxruntime.get_available_providers()
        providers = [name for name in _PREFERRED if name in available]
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=providers)
        except Exception as error:  # its own classes of errors have no common base
            reason = str(error).strip().splitlines()[0]
            raise DataError(
                f"{shown_path(path)}: onnxruntime does not take it: {reason}"
            ) from error
        self._outputs = [output.name for output in self._session.get_outputs()]
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map

    def __call__(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Return the outputs by name."""
        return dict(zip(self._outputs, self._session.run(None, inputs), strict=True))
