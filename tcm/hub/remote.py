"""Models by name: those that ship, folders, and repositories of the Hugging Face Hub."""

from pathlib import Path
from typing import Any

from tcm.errors import CheckpointError, ConfigError
from tcm.hub.card import CARD
from tcm.inputs import is_dir, is_file, shown_path
from tcm.reader.text_reader import ImageReader, ObjectFinder, WordReader, load
from tcm.shipped import KINDS, find_weights

_NEEDS = "the Hugging Face Hub needs huggingface_hub: pip install tcm[hub]"
_SUFFIXES = {".ckpt", ".pth", ".pt", ".safetensors", ".onnx"}  # of files, which no model is called
# All that a model's folder holds; nothing else is fetched or sent.
_FILES = ["*.safetensors", "*.onnx", "*.onnx.data", "*.json", "*.txt.gz", CARD]


def from_pretrained(
    name: str | Path, revision: str | None = None, **options: Any
) -> ImageReader | WordReader | ObjectFinder:
    """Load a model by its name.

    Args:
        name: ``detector`` or ``recognizer`` for those in the package; a folder or checkpoint; or
            ``user/model``, a repository of the Hugging Face Hub, whose files are kept in its cache.
        revision: Branch, tag or commit of the repository.
        options: As of `tcm.load`.

    Returns:
        What `tcm.load` returns.

    Raises:
        CheckpointError: There is none such, or it cannot be loaded.
        ConfigError: huggingface_hub is not installed, or an option is wrong.
    """
    return load(located(name, revision), **options)


def located(name: str | Path, revision: str | None = None) -> Path:
    """Return the folder or file that a model's name stands for, fetched if need be.

    Args:
        name: As of `from_pretrained`.
        revision: As of `from_pretrained`.
    """
    if is_dir(name) or is_file(name):
        return Path(name)
    for kind in KINDS:
        if name == kind:
            return find_weights(kind)
    user, slash, model = str(name).partition("/")
    is_path = user in (".", "..", "~") or "/" in model or Path(model).suffix in _SUFFIXES
    if is_path or not (slash and user and model):
        known = " or ".join(KINDS)
        raise CheckpointError(
            f"{shown_path(name)}: no such folder or checkpoint, neither {known}, nor user/model"
        )
    return _fetched(str(name), revision)


def push_to_hub(
    folder: str | Path, name: str, private: bool = False, message: str = "Upload a model of tcm"
) -> str:
    """Send a model's folder to the Hugging Face Hub, as the user who is logged in there.

    Args:
        folder: As ``tcm pack`` wrote it; its card and weights are sent, and graphs if it has some.
        name: ``user/model``; the repository is made if there is none.
        private: Whether a new repository is private.
        message: Of the commit.

    Returns:
        The address of the commit.

    Raises:
        CheckpointError: The folder is none of a model.
        ConfigError: huggingface_hub is not installed, or the Hub refuses.
    """
    folder = Path(folder)
    if not is_file(folder / CARD) or not any(folder.glob("*.safetensors")):
        raise CheckpointError(
            f"{shown_path(folder)}: no folder with a card and weights; tcm pack writes one"
        )
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise ConfigError(_NEEDS) from error
    api = HfApi(library_name="tcm")
    try:
        api.create_repo(name, private=private, exist_ok=True)
        done = api.upload_folder(
            repo_id=name, folder_path=folder, commit_message=message, allow_patterns=_FILES
        )
    except (OSError, ValueError) as error:  # of the network, and of names
        raise ConfigError(f"{name}: {_first_line(error)}") from error
    return str(done.commit_url)


def _fetched(name: str, revision: str | None) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise ConfigError(f"{name}: no such folder or checkpoint; {_NEEDS}") from error
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=_FILES))
    except (OSError, ValueError) as error:  # of the network, and of names
        raise CheckpointError(
            f"{name}: no such folder or checkpoint, and not to be had from the Hugging Face Hub: "
            f"{_first_line(error)}"
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
