"""Weights of a graph stored in float16: half the file, while it computes in float32.

onnxruntime turns them back when it opens the file.
"""

from pathlib import Path

import numpy as np

_LEAST = 512  # values; below, a cast takes more than it saves


def halve_weights(path: Path) -> None:
    """Replace an ONNX file by one whose matrices and kernels are stored in float16.

    What has one axis stays float32: biases are few, and may be small. Weights in a file beside it
    stay in one.
    """
    import onnx  # an extra, which has written the file

    model = onnx.load(path)  # with the weights beside it
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.ndim < 2 or values.size < _LEAST:
            continue
        name = tensor.name
        tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(
            onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT)
        )
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    beside = path.with_name(f"{path.name}.data")
    is_apart = beside.exists()
    beside.unlink(missing_ok=True)  # onnx would write behind what is there
    onnx.save(model, path, save_as_external_data=is_apart, location=beside.name)
