"""A cell of a study: one config trained on a fraction of the data by a seed, and its scores."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tcm.cli.terminal import say
from tcm.data.loading.datamodule import DataModule
from tcm.engine.trainer import TrainerConfig
from tcm.errors import DataError, TCMError
from tcm.registry import build
from tcm.structures import Config

_DAMAGED = "scores.damaged.json"


@dataclass(frozen=True)
class Cell:
    """One run of a study.

    Attributes:
        config: Its file.
        fraction: Share of the training images.
        seed: Of the choice of that share and of the run.
        folder: Its work dir.
    """

    config: str
    fraction: float
    seed: int
    folder: Path

    @property
    def scores(self) -> Path:
        """Return the file of the scores on the config's own test images."""
        return self.folder / "scores.json"

    def train(self, options: Sequence[str]) -> None:
        """Train, or go on where an interrupted training was.

        Args:
            options: Overrides of the config.
        """
        arguments = ["--work-dir", str(self.folder), "--data-fraction", str(self.fraction)]
        arguments += ["--data-seed", str(self.seed), "--seed", str(self.seed)]
        if self.folder.exists():
            arguments.append("--resume")
        call("train", self.config, *arguments, "--cfg-options", *options)

    def test(
        self, checkpoint: str, scores: Path, options: Sequence[str] = (), more: Sequence[str] = ()
    ) -> None:
        """Score a checkpoint of the run.

        Args:
            checkpoint: ``last`` or ``best``.
            scores: The file that the scores go to.
            options: Overrides of the config.
            more: Further options of ``tcm test``.
        """
        file = str(self.folder / f"{checkpoint}.ckpt")
        options = ["--cfg-options", *options] if options else []
        call("test", self.config, file, "--scores", str(scores), *more, *options)


def call(command: str, *arguments: str) -> None:
    """Run a command in a process of its own.

    Raises:
        TCMError: It failed; it has said why.
    """
    # Without -P modules would be looked for in the working directory first, whatever lies there.
    process = [sys.executable, "-P", "-m", "tcm", command, *arguments]
    status = subprocess.run(process, check=False)
    if status.returncode:
        raise TCMError(f"tcm {command} {arguments[0]} ended with status {status.returncode}")


def length_of(config: Config, data: DataModule) -> list[str]:
    """Return the overrides that fix the length of a run and its validations, in steps."""
    trainer = build(TrainerConfig, config.get("trainer"), "trainer")
    trainer = trainer.with_total_batch(data.stage("train").batch_size)
    batches = data.batches_per_epoch(trainer.world_size())
    per_epoch = max(1, batches // trainer.accumulate)
    total = trainer.total_steps(per_epoch)
    every = min(total, trainer.validation_interval(per_epoch))
    steps = [f"trainer.max_steps={total}", f"trainer.val_every_steps={every}"]
    return [*steps, "trainer.max_epochs=null"]


def is_scored(path: Path) -> bool:
    """Tell whether whole scores are there. Damaged ones are put aside."""
    if not path.exists():
        return False
    try:
        whole = bool(json.loads(path.read_text(encoding="utf-8")))
    except ValueError:
        whole = False
    if not whole:
        path.replace(path.with_name(_DAMAGED))  # `test` replaces no file that is not as it wrote it
        say(f"{path}: damaged, kept as {_DAMAGED}; the cell is tested again")
    return whole


def headline_of(path: Path) -> tuple[str, dict[str, float]]:
    """Return the name of the first metric of a file of scores, and its headline figures.

    Raises:
        DataError: The file is of an older version, without them.
    """
    metric, report = next(iter(json.loads(path.read_text(encoding="utf-8")).items()))
    if "headline" not in report:
        raise DataError(f"{path}: no 'headline' in it; delete the file to test this cell again")
    return metric, report["headline"]
