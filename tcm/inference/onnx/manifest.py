"""``model.json``: what lies in an exported model's folder, and how it is run.

It is the last file that is written: a folder without it is no model.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

import tcm
from tcm.errors import DataError
from tcm.files import write_json
from tcm.inputs import MB, is_file, open_file, read_bytes, shown_path
from tcm.values import mistake

NAME = "model.json"
FORMAT = "tcm-onnx"
VERSION = 1
Kind = Literal["detector", "spotter", "recognizer"]
_GRAPH_BYTES = 16 * 2**30


@dataclass(frozen=True)
class File:
    """A file of the folder.

    Attributes:
        sha256: Of its content.
        bytes: Its size.
    """

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """The content of ``model.json``.

    Attributes:
        kind: What the model does.
        name: What it was called, such as the config's name.
        graphs: Name of each graph to its file: ``model``; of a spotter ``reading`` as well.
        files: Name of each file beside this one.
        input: Size policy of a detector or spotter, crop policy of a recognizer, as their
            ``as_json``.
        runtime: What the model's `runtime` says but `kind`: the decoder, charset, mean and std; for
            objects also `objects`, an `ObjectPolicy`. The graphs normalise; they take uint8.
        config: The model's whole config as YAML.
        parity: What the comparison with PyTorch found when it was exported.
        package: Version of the package that wrote it.
        format: `FORMAT`.
        version: Of the format.
    """

    kind: Kind
    name: str
    graphs: dict[str, str]
    files: dict[str, File]
    input: dict[str, Any]
    runtime: dict[str, Any]
    config: str = ""
    parity: dict[str, Any] = field(default_factory=dict)
    package: str = tcm.__version__
    format: str = FORMAT
    version: int = VERSION

    def write(self, folder: Path) -> None:
        """Write ``model.json`` into a folder."""
        write_json(folder / NAME, asdict(self))


def read_manifest(folder: Path) -> Manifest:
    """Return the content of a folder's ``model.json``, its form checked.

    Raises:
        DataError: It is missing, foreign, damaged or of a newer format.
    """
    path = folder / NAME
    if not is_file(path):
        raise DataError(f"{shown_path(folder)}: no exported model: it has no {NAME}")
    try:
        content = json.loads(read_bytes(path, 16 * MB))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{shown_path(path)}: damaged: it is no JSON") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DataError(f"{shown_path(path)}: not written by tcm export: no format '{FORMAT}'")
    version = content.get("version")
    if isinstance(version, int) and version > VERSION:
        raise DataError(
            f"{shown_path(path)}: of format {version}, this is tcm {tcm.__version__}, which reads "
            f"up to {VERSION}; install a newer one"
        )
    known = {entry.name: entry for entry in fields(Manifest)}
    wrong = _mistake(content, known)
    if wrong:
        raise DataError(f"{shown_path(path)}: damaged: {wrong}")
    files = {name: File(**entry) for name, entry in content["files"].items()}
    given = {name: value for name, value in content.items() if name in known}
    return Manifest(**{**given, "files": files})


def digest_of(path: Path) -> File:
    """Return the digest and size of a file."""
    with open_file(path, _GRAPH_BYTES) as file:
        # A file that was opened has what is asked for; its declared type does not say so.
        digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        return File(digest, file.tell())


def check_files(folder: Path, manifest: Manifest) -> None:
    """Compare the folder's files with what ``model.json`` says.

    Raises:
        DataError: One is missing or another than that which was written.
    """
    for name, wanted in manifest.files.items():
        if digest_of(folder / name) != wanted:
            raise DataError(
                f"{shown_path(folder / name)}: damaged: it is not what {NAME} says was written"
            )


def _mistake(content: Mapping[str, Any], known: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the form of the content; None if nothing is."""
    for name, entry in known.items():
        if name not in content:
            return f"it has no '{name}'"
        wrong = mistake(content[name], entry.type)
        if wrong:
            return f"'{name}': {wrong}"
    for name, entry in content["files"].items():
        if Path(name).name != name or name == NAME:
            return f"'files': {name!r} is no name of a file beside it"
        if not isinstance(entry, dict) or set(entry) != {"sha256", "bytes"}:
            return f"'files': {name!r} has no digest and size"
    for name, file in content["graphs"].items():
        if not isinstance(file, str) or file not in content["files"]:
            return f"'graphs': the file of {name!r} is none of 'files'"
    if content["kind"] not in get_args(Kind):
        return f"'kind': {content['kind']!r} is none of {', '.join(get_args(Kind))}"
    return None
