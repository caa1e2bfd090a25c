"""What is looked at before a run starts: that the images are there, and that texts count."""

import itertools
import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from tcm import inputs
from tcm.data.datasets.dataset import infos_of
from tcm.data.datasets.mix import Mix
from tcm.data.loading.datamodule import DataModule
from tcm.data.loading.pipeline import Pipeline
from tcm.errors import ConfigError, DataError

log = logging.getLogger("tcm")

_NAMED = 3  # missing images


def check_sets(data: DataModule, names: Sequence[str], limit: int | None = None) -> None:
    """Look through sets of images without reading one.

    A set in which no text counts is an error for training, which would learn that there is no text,
    and a warning elsewhere: images without labels may be given for what is found in them.

    Args:
        data: With the sets.
        names: Which of ``train``, ``val`` and ``test``.
        limit: Images of a set that are looked at, from the first; None for all.

    Raises:
        DataError: Images are missing, or the training set has no text that counts.
        ConfigError: The parts of a mix have pipelines that make different targets.
    """
    mistakes = []
    for name in names:
        infos = list(itertools.islice(infos_of(data.dataset(name)), limit))
        place = f"data.{name}.dataset"
        files = list(dict.fromkeys(info.path for info in infos if info.path is not None))
        missing = missing_files(files)
        if missing and name == "train" and len(missing) <= (data.most_broken() or 0):
            log.warning("%s: %s; others take their place", place, _told(missing, len(files)))
        elif missing:
            mistakes.append(f"{place}: {_told(missing, len(files))}")
        counts = [info.cared for info in infos]
        if not missing and counts and all(count == 0 for count in counts):
            line = f"{place}: none of its {len(counts)} images has a text that is not ignored"
            if name == "train":
                mistakes.append(f"{line}; there is nothing to learn")
            else:
                log.warning("%s; its scores mean nothing", line)
    if mistakes:
        raise DataError(*mistakes)
    if "train" in names:
        _check_targets(data)


def _check_targets(data: DataModule) -> None:
    """Make a sample of each part of a mix: a batch stacks their targets."""
    dataset, stage = data.dataset("train"), data.stage("train")
    if not isinstance(dataset, Mix):
        return
    pipeline = Pipeline(dataset, stage.pipeline, data.seed, stage.broken)
    starts = [end - len(part) for end, part in zip(dataset.ends, dataset.datasets, strict=True)]
    targets = [sorted(pipeline[start].maps) for start in starts]
    for i, found in enumerate(targets):
        if found != targets[0]:
            place = f"data.train.dataset.parts.{i}"
            raise ConfigError(f"{place}: it has the targets {found}, part 0 has {targets[0]}")


def missing_files(paths: Iterable[str]) -> list[str]:
    """Return the files that do not exist, in their order.

    Each folder is listed once, which is faster than to ask for each file, on network drives above
    all.
    """
    folders: dict[str, set[str]] = {}
    missing = []
    for path in paths:
        folder, name = os.path.split(path)
        if folder not in folders:
            folders[folder] = _names(folder)
        names = folders[folder]
        # A listing may spell a name in another way than the file is opened by.
        if name not in names and not (names and inputs.is_file(Path(path))):
            missing.append(path)
    return missing


def _names(folder: str) -> set[str]:
    try:
        with os.scandir(folder or ".") as entries:
            return {entry.name for entry in entries}
    except OSError:
        return set()


def _told(missing: Sequence[str], total: int) -> str:
    first = ", ".join(missing[:_NAMED]) + (", ..." if len(missing) > _NAMED else "")
    count = "all" if len(missing) == total else str(len(missing))
    line = f"{count} of {total} images are missing: {first}"
    if len(missing) < total:
        return line
    return f"{line}; paths are relative to the folder of the annotation file, or to img_root"
