"""From an exported folder to what a reader runs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tcm.errors import ConfigError, DataError
from tcm.inference.onnx.ctc import OnnxCTCRecognizer
from tcm.inference.onnx.detector import OnnxDetector
from tcm.inference.onnx.manifest import NAME, Manifest, check_files, read_manifest
from tcm.inference.onnx.recognizer import OnnxRecognizer
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
    for name, session in graphs.items():
        _require_same(folder, manifest, session.metadata, manifest.graphs[name])
    if manifest.kind == "recognizer" and manifest.runtime.get("decoding") == "ctc":
        return OnnxCTCRecognizer.open(folder, manifest, graphs, changes)
    if manifest.kind == "recognizer":
        return OnnxRecognizer.open(folder, manifest, graphs, changes)
    if changes:
        raise ConfigError(f"{shown_path(folder)}: {', '.join(changes)}: settled by the export")
    return OnnxDetector(str(folder), manifest, graphs)


def _require_same(folder: Path, manifest: Manifest, metadata: Mapping[str, str], file: str) -> None:
    """Refuse a ``model.json`` that was edited: thresholds are in the graphs as well.

    Raises:
        DataError: It says something else than a graph does.
    """
    said = {"kind": manifest.kind, "input": manifest.input, **manifest.runtime}
    for key, value in said.items():
        try:
            there = json.loads(metadata.get(f"tcm.{key}", ""))
        except ValueError:
            there = None
        if there != value:
            raise DataError(
                f"{shown_path(folder / NAME)}: '{key}' is not what {file} was made with; export "
                "again with --cfg-options"
            )
