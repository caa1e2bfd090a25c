"""``tcm train CONFIG``: train, validate on the way, keep the best and the last checkpoint."""

import argparse
import logging
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

import lightning
import torch
import torchvision
from lightning.pytorch.utilities import rank_zero_only

import tcm
from tcm.cli.configs import read_config
from tcm.cli.parsers.options import called
from tcm.cli.parsers.train import parse
from tcm.cli.terminal import say
from tcm.contracts import Model
from tcm.data.datasets.dataset import paths_of
from tcm.data.loading.datamodule import DataModule
from tcm.data.loading.preflight import check_sets
from tcm.devices import choose_device, mixed_precision
from tcm.engine.broken_images import BrokenImages
from tcm.engine.callbacks import held_log, release_log, setup_logging
from tcm.engine.checkpoint import (
    load_model,
    load_parameters,
    read_checkpoint,
    save_inference_checkpoint,
    without_pretrained,
)
from tcm.engine.module import TrainingModule
from tcm.engine.saving import Checkpoints
from tcm.engine.stopping import Stopped, StopSignals, requeued
from tcm.engine.trainer import TrainerConfig, build_trainer, quieten
from tcm.engine.work_dir import WorkDir
from tcm.errors import ConfigError, TrainingError
from tcm.evaluation.scores import check_names
from tcm.registry import METRICS, MODELS, build
from tcm.structures import Config

log = logging.getLogger("tcm")


def main(arguments: list[str]) -> int:
    """Run the command."""
    args = parse(arguments)
    config = read_config(args.config, [*args.cfg_options, *_as_options(args)])
    first = rank_zero_only.rank == 0  # type: ignore[attr-defined]  # Lightning sets it on import
    path = Path(args.work_dir or Path("work_dirs") / Path(args.config).stem)
    # The other processes of a run find what the first one has made.
    work_dir = WorkDir(path, args.resume, args.overwrite or not first, requeued())
    work_dir.check(config)
    resume = work_dir.checkpoint
    if resume is None and not config.get("load_from"):
        _refuse_frozen_random_weights(config["model"].get("backbone", {}))
    data = build(
        DataModule,
        config["data"],
        "data",
        seed=args.seed,
        data_fraction=args.data_fraction,
        data_seed=args.data_seed,
    )
    metrics = {name: METRICS.build(m) for name, m in config["evaluation"]["metrics"].items()}
    lightning.seed_everything(args.seed, workers=False, verbose=False)
    quieten()
    trainer_config = build(TrainerConfig, config.get("trainer"), "trainer")
    trainer_config = trainer_config.with_total_batch(data.stage("train").batch_size)
    with held_log() as records:
        if first:
            check_sets(data, ("train", "val"))
            check_names(metrics, paths_of(data.dataset("val")))
    batches = data.batches_per_epoch(trainer_config.world_size())
    steps_per_epoch = max(1, batches // trainer_config.accumulate)
    total_steps = trainer_config.total_steps(steps_per_epoch)
    limit = data.most_broken()
    stop = StopSignals()
    trainer, checkpoints = build_trainer(
        trainer_config,
        path,
        total_steps,
        steps_per_epoch,
        [] if limit is None else [BrokenImages(limit, path / "broken.json")],
        stop,
        work_dir.step,
    )
    module = TrainingModule(
        _build_model(config, resume),
        config.get("optimizer") or _missing("optimizer"),
        config.get("schedule") or {"type": "Constant"},
        config.get("param_groups"),
        metrics,
        total_steps,
        steps_per_epoch,
        config,
        trainer_config.compile,
    )
    if first:
        work_dir.begin(config, _environment(arguments))
        setup_logging(path / "train.log")
        release_log(records)
        data.write_subset(path)
        for line in work_dir.said:
            log.warning("%s", line)
        _describe(module, data, total_steps)
        _warn_of_no_validation(total_steps, trainer_config.validation_interval(steps_per_epoch))
    start = time.perf_counter()
    status = _fit(trainer, module, data, resume, stop)
    if first and not status:
        _finish(module, config, path, checkpoints, time.perf_counter() - start)
    return status


def _fit(
    trainer: lightning.Trainer,
    module: TrainingModule,
    data: DataModule,
    resume: Path | None,
    stop: StopSignals,
) -> int:
    """Train; return the status of the process, other than 0 if a signal has ended it.

    Raises:
        TrainingError: The processes of the run cannot find one another.
    """
    try:
        with stop:
            trainer.fit(module, datamodule=data, ckpt_path=resume, weights_only=True)
    except Stopped as stopped:
        if trainer.is_global_zero:
            log.info("%s", stopped)
            sys.stderr.write(f"{stopped}\n")
        return stopped.status
    except torch.distributed.DistNetworkError as error:
        raise TrainingError(f"trainer.devices: {str(error).splitlines()[0]}") from error
    return 0


def _as_options(args: argparse.Namespace) -> list[str]:
    options = [f"trainer.devices={args.devices}"] if args.devices else []
    if args.amp:
        half = mixed_precision(choose_device(None))
        options.append(f"trainer.precision={'16-mixed' if half == 'fp16' else 'bf16-mixed'}")
    return options


def _build_model(config: Config, resume: Path | None) -> Model:
    start = {"checkpoint": str(resume)} if resume else config.get("load_from")
    if start is None:
        return MODELS.build(config["model"], "model")
    model = MODELS.build(without_pretrained(config["model"]), "model")
    state, extra = read_checkpoint(start["checkpoint"], start.get("converter"))
    load_parameters(model, state, start["checkpoint"], extra, config["model"])
    return model


def _refuse_frozen_random_weights(backbone: Config) -> None:
    """Refuse to freeze what nothing has trained.

    Raises:
        ConfigError: Stages or statistics are frozen and there are no pretrained weights.
    """
    for key, free in (("frozen_stages", -1), ("norm_eval", False)):
        if not backbone.get("pretrained", True) and backbone.get(key, free) != free:
            raise ConfigError(
                f"model.backbone.{key}: {backbone[key]} would freeze random weights; give "
                f"model.backbone.pretrained or load_from, or set it to {str(free).lower()}"
            )


def _missing(section: str) -> Config:
    raise ConfigError(f"{section}: the section is missing, training needs it")


def _environment(arguments: list[str]) -> dict[str, str | None]:
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor()
    return {
        "command": " ".join([called("train", "train"), *arguments]),
        "tcm": tcm.__version__,
        "commit": _commit(),
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "lightning": lightning.__version__,
        "device": device,
        "platform": platform.platform(),
    }


def _commit() -> str | None:
    """Return the commit of the clone that this package is in; None if it is in none."""
    clone = Path(tcm.__file__).resolve().parents[1]
    git = shutil.which("git")
    if git is None or not (clone / ".git").exists():  # a repository around an environment is none
        return None
    command = [git, "-C", str(clone), "rev-parse", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def _describe(module: TrainingModule, data: DataModule, total_steps: int) -> None:
    parameters = list(module.model.parameters())
    trainable = sum(p.numel() for p in parameters if p.requires_grad)
    log.info(
        "%.1f M parameters, %.1f M of them trained; %d images, %d steps of %d",
        sum(p.numel() for p in parameters) / 1e6,
        trainable / 1e6,
        data.length("train"),
        total_steps,
        data.stage("train").batch_size,
    )


def _warn_of_no_validation(total_steps: int, every: int) -> None:
    if total_steps < every:
        log.warning(
            "the run ends at step %d, before its first validation at step %d: no best.ckpt is "
            "chosen (trainer.val_every_steps sets it)",
            total_steps,
            every,
        )


def _finish(
    module: TrainingModule, config: Config, work_dir: Path, checkpoints: Checkpoints, seconds: float
) -> None:
    chosen = checkpoints.best_value >= 0
    source = checkpoints.best if chosen else checkpoints.last
    model = load_model(config["model"], source, fold=False)
    notes: Config = {"step": checkpoints.best_step if chosen else module.global_step}
    if chosen:
        notes["best"] = {
            k: checkpoints.state_dict()[k] for k in ("figure", "best_value", "best_step")
        }
    values = save_inference_checkpoint(model, config, work_dir / "inference.ckpt", notes)
    lines = [f"trained {module.global_step} steps in {seconds / 60:.1f} minutes"]
    if chosen:
        lines.append(f"best {checkpoints.describe()}")
    lines.append(f"{work_dir / 'inference.ckpt'}: {values / 1e6:.1f} M values, of {source.name}")
    for line in lines:
        log.info(line)
        if sys.stderr.isatty():
            say(line)
