"""The work dir as the record of a run: who may write there, and where a resumed run goes on."""

import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tcm.config import as_yaml, dump_config, written_form
from tcm.engine.checkpoint import read_checkpoint
from tcm.engine.saving import BEST, LAST, PREVIOUS
from tcm.errors import CheckpointError, ConfigError, OutputError
from tcm.files import copy_file, make_folder, remove_parts, write_json, write_text
from tcm.structures import Config

log = logging.getLogger("tcm")
METRICS = "metrics.jsonl"
_CONFIG, _ENVIRONMENT = "config.yaml", "environment.json"
_LOGS = ("train.log", METRICS, "broken.json", "nonfinite.json", "subset.json", "tensorboard")
RECORD = (_CONFIG, _ENVIRONMENT, *_LOGS, LAST, PREVIOUS, BEST, "inference.ckpt")


class WorkDir:
    """The folder of a run.

    Args:
        path: The folder; it need not be there.
        resume: None for a new run, ``auto`` to go on from its ``last.ckpt``, or a checkpoint.
        overwrite: Whether a run that is there may be deleted.
        restarted: Whether this is the run of the folder, started again by a scheduler with the same
            options: it goes on from its own checkpoint once there is one.

    Attributes:
        checkpoint: What the run goes on from; None if it starts afresh.
        step: The step of that, 0 without one.

    Raises:
        OutputError: There is a run that it would destroy, or there can be no folder.
        CheckpointError: There is no such checkpoint, or it is damaged.
    """

    def __init__(
        self, path: Path, resume: str | None, overwrite: bool = False, restarted: bool = False
    ) -> None:
        self.path = path
        self.said: list[str] = []
        if restarted and (resume is None or any((path / n).exists() for n in (LAST, PREVIOUS))):
            resume = "auto"
        self.checkpoint = self._find(resume)
        self.step = 0
        self._extra: Config = {}
        if self.checkpoint is not None:
            self.step, self._extra = _look_into(self.checkpoint)
        beside = self.checkpoint is not None and self.checkpoint.parent.resolve() == path.resolve()
        self._own = resume == "auto" or beside or restarted
        if path.exists() and not path.is_dir():
            raise OutputError(f"{path}: a file, where the folder of the run belongs")
        there = [name for name in RECORD if (path / name).exists()]
        if there and not (self._own or overwrite):
            raise OutputError(
                f"{path}: holds a run already ({', '.join(there[:3])}, ...): --resume goes on with "
                "it, --overwrite deletes it, --work-dir takes another folder"
            )

    def check(self, config: Config) -> None:
        """Check that a resumed run can go on with a config.

        Raises:
            ConfigError: It has another optimiser than before.
        """
        before = (self._extra.get("config") or {}).get("optimizer")
        now = written_form(config).get("optimizer")
        if not isinstance(before, dict) or not isinstance(now, dict):
            return
        if before.get("type") != now.get("type"):
            raise ConfigError(
                f"optimizer.type: {self.checkpoint} has the state of {before.get('type')}, with "
                f"which {now.get('type')} can't go on; load_from.checkpoint takes its weights alone"
            )

    def begin(self, config: Config, environment: Mapping[str, Any]) -> None:
        """Make the folder and write what the run starts with: from now on it holds this run."""
        make_folder(self.path)
        remove_parts(self.path)
        if self._own:
            self._keep_what_changes(config)
            earlier = _read(self.path / _ENVIRONMENT)
        else:
            self._delete()
            earlier = None
        (self.path / "nonfinite.json").unlink(missing_ok=True)
        cut_metrics(self.path / METRICS, self.step)
        dump_config(config, self.path / _CONFIG)
        starts = [*earlier.pop("earlier", []), earlier] if earlier else []
        more = {"earlier": starts} if starts else {}
        write_json(self.path / _ENVIRONMENT, {**environment, **more})

    def _find(self, resume: str | None) -> Path | None:
        if resume is None:
            return None
        if resume != "auto":
            return Path(resume)
        last, previous = self.path / LAST, self.path / PREVIOUS
        if last.exists():
            return last
        if previous.exists():  # the run was killed between two renamings
            self.said.append(f"{last} is not there; goes on from {previous}")
            return previous
        self.said.append(f"{self.path}: there is no checkpoint yet; the run starts afresh")
        return None

    def _delete(self) -> None:
        for name in RECORD:
            path = self.path / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _keep_what_changes(self, config: Config) -> None:
        """Keep the config until now under another name, if the one from now on is another."""
        path = self.path / _CONFIG
        kept = self.path / f"config_until_step_{self.step}.yaml"
        # One that is there already is what led to this step; no step was done with the other.
        if path.exists() and not kept.exists() and path.read_bytes() != as_yaml(config).encode():
            copy_file(path, kept)


def cut_metrics(path: Path, step: int) -> None:
    """Leave the whole lines up to a step: the resumed run writes those behind it again."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        entry = _parsed(line)
        if isinstance(entry, dict) and entry.get("step", step + 1) <= step:
            kept.append(line + "\n")
    write_text(path, "".join(kept))


def _look_into(path: Path) -> tuple[int, Config]:
    """Return the step of a checkpoint and what it holds of ours.

    Raises:
        CheckpointError: It is missing, damaged or none of a training; the one before it is named.
    """
    try:
        _, extra = read_checkpoint(path)
    except CheckpointError as error:
        previous = path.with_name(PREVIOUS)
        if path.name != LAST or not previous.exists():
            raise
        step, _ = _look_into(previous)
        raise CheckpointError(
            f"{error}; the one before it, of step {step}, is whole: --resume {previous}"
        ) from error
    if "random_state" not in extra:
        raise CheckpointError(f"{path}: an inference checkpoint can't be resumed; take {LAST}")
    return int(extra.get("step", 0)), extra


def _read(path: Path) -> dict[str, Any] | None:
    found = _parsed(path.read_text(encoding="utf-8", errors="replace")) if path.exists() else None
    return found if isinstance(found, dict) else None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
