"""From an exported folder to what a reader runs."""

from pathlib import Path
from typing import Any

from tcm.errors import ConfigError, DataError
from tcm.inference.onnx.detector import OnnxDetector
from tcm.inference.onnx.manifest import NAME, check_files, read_manifest
from tcm.inference.onnx.session import Session
from tcm.inference.reading.runner import DetectorRunner, RecognizerRunner
from tcm.inputs import is_dir, shown_path


def open_folder(
    path: str | Path, device: str | None = None, threads: int | None = None, **changes: Any
) -> DetectorRunner | RecognizerRunner:
    """Return the model that ``tcm export`` wrote into a folder, ready to run.

    Args:
        path: The folder.
        device: As of `Session`.
        threads: Of onnxruntime within an operator; None takes one a core.
        changes: Of a recognizer, settings other than those it was exported with.

    Raises:
        DataError: There is no such folder, or it is not, or no longer, what was exported.
        ConfigError: onnxruntime is not installed, there is no such device, or a change cannot be
            made.
    """
    folder = Path(path)
    if not is_dir(folder):
        raise DataError(f"{shown_path(folder)}: no such folder")
    manifest = read_manifest(folder)
    if "model" not in manifest.graphs and manifest.kind != "recognizer":
        raise DataError(f"{shown_path(folder)}: {NAME} is damaged: it names no graph 'model'")
    check_files(folder, manifest)
    graphs = {
        name: Session(folder / file, device, threads) for name, file in manifest.graphs.items()
    }
    if manifest.kind == "recognizer":
        raise DataError(f"{shown_path(folder)}: a recognizer, which cannot be run yet")
    if changes:
        raise ConfigError(f"{shown_path(folder)}: {', '.join(changes)}: settled by the export")
    return OnnxDetector(str(folder), manifest, graphs)
