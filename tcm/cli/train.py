"""``tools/train.py CONFIG``: train, validate on the way, keep the best and the last checkpoint."""

import argparse
import logging
import platform
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
from tcm.cli.parsers.train import parse
from tcm.config import dump_config
from tcm.contracts import Model
from tcm.data.datasets.dataset import paths_of
from tcm.data.loading.datamodule import DataModule
from tcm.data.loading.preflight import check_sets
from tcm.devices import choose_device, mixed_precision
from tcm.engine.broken_images import BrokenImages
from tcm.engine.callbacks import Checkpoints, held_log, release_log, setup_logging
from tcm.engine.checkpoint import (
    load_model,
    load_parameters,
    read_checkpoint,
    save_inference_checkpoint,
    without_pretrained,
)
from tcm.engine.module import TrainingModule
from tcm.engine.trainer import TrainerConfig, build_trainer, quieten
from tcm.errors import CheckpointError, ConfigError
from tcm.evaluation.scores import check_names
from tcm.files import write_json
from tcm.registry import METRICS, MODELS, build
from tcm.structures import Config

log = logging.getLogger("tcm")


def main(arguments: list[str]) -> int:
    """Run the command."""
    args = parse(arguments)
    config = read_config(args.config, [*args.cfg_options, *_as_options(args)])
    work_dir = Path(args.work_dir or Path("work_dirs") / Path(args.config).stem)
    resume = _checkpoint_to_resume(args.resume, work_dir)
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
    if rank_zero_only.rank == 0:  # type: ignore[attr-defined]  # Lightning sets it on import
        with held_log() as records:
            check_sets(data, ("train", "val"))
            check_names(metrics, paths_of(data.dataset("val")))
        _prepare(work_dir, config, arguments, fresh=resume is None)
        release_log(records)
    batches = data.batches_per_epoch(trainer_config.world_size())
    steps_per_epoch = max(1, batches // trainer_config.accumulate)
    total_steps = trainer_config.total_steps(steps_per_epoch)
    limit = data.most_broken()
    trainer, checkpoints = build_trainer(
        trainer_config,
        work_dir,
        total_steps,
        steps_per_epoch,
        [] if limit is None else [BrokenImages(limit, work_dir / "broken.json")],
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
    if trainer.is_global_zero:
        data.write_subset(work_dir)
        _describe(module, data, total_steps)
        _warn_of_no_validation(total_steps, trainer_config.validation_interval(steps_per_epoch))
    start = time.perf_counter()
    trainer.fit(module, datamodule=data, ckpt_path=resume, weights_only=True)
    if trainer.is_global_zero:
        _finish(module, config, work_dir, checkpoints, time.perf_counter() - start)
    return 0


def _as_options(args: argparse.Namespace) -> list[str]:
    options = [f"trainer.devices={args.devices}"] if args.devices else []
    if args.amp:
        half = mixed_precision(choose_device(None))
        options.append(f"trainer.precision={'16-mixed' if half == 'fp16' else 'bf16-mixed'}")
    return options


def _checkpoint_to_resume(resume: str | None, work_dir: Path) -> str | None:
    if resume is None:
        return None
    path = work_dir / "last.ckpt" if resume == "auto" else Path(resume)
    _, extra = read_checkpoint(path)
    if "random_state" not in extra:
        raise CheckpointError(f"{path}: an inference checkpoint can't be resumed; take last.ckpt")
    return str(path)


def _build_model(config: Config, resume: str | None) -> Model:
    start = {"checkpoint": resume} if resume else config.get("load_from")
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


def _prepare(work_dir: Path, config: Config, arguments: list[str], fresh: bool) -> None:
    work_dir.mkdir(parents=True, exist_ok=True)
    if fresh:
        for name in ("metrics.jsonl", "train.log", "broken.json"):
            (work_dir / name).unlink(missing_ok=True)
    setup_logging(work_dir / "train.log")
    dump_config(config, work_dir / "config.yaml")
    write_json(work_dir / "environment.json", _environment(arguments))


def _environment(arguments: list[str]) -> dict[str, str | None]:
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"],
        cwd=Path(tcm.__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor()
    return {
        "command": " ".join(["tools/train.py", *arguments]),
        "tcm": tcm.__version__,
        "commit": commit.stdout.strip() or None,
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "lightning": lightning.__version__,
        "device": device,
        "platform": platform.platform(),
    }


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
    chosen = checkpoints.best_value >= 0  # an older run may have left a best.ckpt as well
    source = checkpoints.best if chosen and checkpoints.best.exists() else checkpoints.last
    model = load_model(config["model"], source, fold=False)
    values = save_inference_checkpoint(model, config, work_dir / "inference.ckpt")
    lines = [f"trained {module.global_step} steps in {seconds / 60:.1f} minutes"]
    if chosen:
        lines.append(f"best {checkpoints.describe()}")
    lines.append(f"{work_dir / 'inference.ckpt'}: {values / 1e6:.1f} M values, of {source.name}")
    for line in lines:
        log.info(line)
        if sys.stderr.isatty():
            print(line)
