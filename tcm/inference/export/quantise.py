"""Static quantisation of a graph to 8 bits, by onnxruntime (QDQ: the operators stay what they are).

Weights are quantised channel by channel, activations by the least and greatest value that they have
on calibration images.
"""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from tcm.errors import ConfigError

# What takes the time of a network. The rest, and the layers that end in maps, stay float32.
_OPERATORS = ["Conv", "MatMul"]


def quantise(path: Path, batches: Iterable[dict[str, np.ndarray]]) -> None:
    """Replace an ONNX file by its quantised form; what it says about itself stays.

    Args:
        path: The file.
        batches: Inputs by name, to calibrate on.

    Raises:
        ConfigError: onnx or onnxruntime is not installed, or there is nothing to calibrate on.
    """
    try:
        import onnx
        from onnxruntime import quantization as q
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError as error:
        raise ConfigError(
            "quantising needs onnx and onnxruntime: pip install tcm[export]"
        ) from error

    class Reader(q.CalibrationDataReader):
        def __init__(self, inputs: Iterable[dict[str, np.ndarray]]) -> None:
            self.inputs: Iterator[dict[str, np.ndarray]] = iter(inputs)

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self.inputs, None)

    reader = Reader(batches)
    if (first := reader.get_next()) is None:
        raise ConfigError("--calibrate: no images to calibrate on")
    said = {e.key: e.value for e in onnx.load(path, load_external_data=False).metadata_props}
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        prepared = Path(folder) / "prepared.onnx"
        # Its own inference of shapes does not follow sizes that are multiples of a name.
        quant_pre_process(path, prepared, skip_symbolic_shape=True)
        reader.inputs = _chained(first, reader.inputs)
        q.quantize_static(
            prepared,
            path,
            reader,
            quant_format=q.QuantFormat.QDQ,
            per_channel=True,
            activation_type=q.QuantType.QUInt8,
            weight_type=q.QuantType.QInt8,
            op_types_to_quantize=_OPERATORS,
        )
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {**said, "tcm.precision": '"int8"'})
    onnx.save(model, path)


def _chained(
    first: dict[str, np.ndarray], rest: Iterator[dict[str, np.ndarray]]
) -> Iterator[dict[str, np.ndarray]]:
    yield first
    yield from rest
