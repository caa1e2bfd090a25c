"""What ships with the package beside its code: configs and weights.

In an installed wheel they lie inside of the package, in a clone `configs/` lies beside it.

A config is found by its name: its path below `configs/`, with or without ``.yaml`` and that folder,
or the end of that path where it is unique. A file that is there wins.
"""

from functools import cache
from pathlib import Path
from typing import Literal, get_args

from tcm.errors import ConfigError, closest, nearest
from tcm.inputs import ABSENT, beside, is_file, shown_path, why_no_file

Kind = Literal["detector", "recognizer"]
KINDS: tuple[Kind, ...] = get_args(Kind)
WEIGHTS = "model.safetensors"  # in a model's folder, as `tcm pack` writes it
_PACKAGE = Path(__file__).resolve().parent
_PARTS = "_base_/"  # of configs, which are no configs alone
_STUDIES = "studies"  # which name configs; these lie in folders below
_SUFFIX = ".yaml"
_FOLDER = "configs/"


def configs_folder() -> Path:
    """Return the folder of the shipped configs."""
    inside = _PACKAGE / "configs"
    return inside if inside.is_dir() else _PACKAGE.parent / "configs"


def weights_folder() -> Path:
    """Return the folder of the shipped weights, which need not exist."""
    return _PACKAGE / "weights"


def find_weights(kind: Kind) -> Path:
    """Return the folder of the package's own detector or recognizer.

    Raises:
        ConfigError: The package has none.
    """
    path = weights_folder() / kind
    if not (path / WEIGHTS).is_file():
        raise ConfigError(
            f"{kind}: none ships with this version; name a checkpoint or an exported folder"
        )
    return path


def clip_weights() -> Path:
    """Return the file of the package's own tiny CLIP."""
    return weights_folder() / "clip" / WEIGHTS


@cache
def config_names() -> dict[str, Path]:
    """Return the shipped YAML files by name, such as ``textdet/dbnet/dbnet_...``, in order."""
    folder = configs_folder()
    files = sorted(folder.rglob(f"*{_SUFFIX}"))
    return {file.relative_to(folder).as_posix().removesuffix(_SUFFIX): file for file in files}


def whole_configs() -> dict[str, Path]:
    """Return the shipped configs by name, without the parts in `_base_` and without studies."""
    return {
        name: file
        for name, file in config_names().items()
        if not name.startswith(_PARTS) and file.parent.name != _STUDIES
    }


def find_config(name: str | Path, folder: str | Path = "") -> Path:
    """Return the file that a config's name or path stands for.

    Args:
        name: A path, or the name of a shipped config.
        folder: What a path is relative to; the working directory if it is empty.

    Raises:
        ConfigError: There is none, or several shipped configs end in this name.
    """
    path = Path(folder) / name
    if is_file(path):
        return path
    if path.name and path.suffix != _SUFFIX:
        longer = path.with_name(path.name + _SUFFIX)
        if is_file(longer):
            return longer
    found = _shipped(str(name))
    if found is not None:
        return found
    if why_no_file(path) != ABSENT:
        return path  # a folder, a pipe, no name of a file; reading it says so
    raise ConfigError(f"{shown_path(path)}: no such config file{_hint(path, str(name))}")


def _shipped(name: str) -> Path | None:
    wanted = _key(name)
    if wanted in config_names():
        return config_names()[wanted]
    ending = [known for known in whole_configs() if known.endswith(f"/{wanted}")]
    if len(ending) > 1:
        raise ConfigError(f"{name}: several shipped configs end so: {', '.join(ending)}")
    return config_names()[ending[0]] if ending else None


def _key(name: str) -> str:
    return name.replace("\\", "/").removeprefix(_FOLDER).removesuffix(_SUFFIX)


def _hint(path: Path, name: str) -> str:
    """Return a hint at the closest file beside a path that is not there, or shipped config."""
    if _key(name).startswith(_PARTS):
        return nearest(_key(name), config_names())
    shipped = [f"{known.rpartition('/')[2]}{_SUFFIX}" for known in whole_configs()]
    close = closest(path.name, [*beside(path, f"*{_SUFFIX}"), *shipped])
    return f"; did you mean '{close}'?" if close else "; tcm info --configs lists those that ship"
