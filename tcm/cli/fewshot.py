"""``tcm fewshot CONFIG``: train and test on fractions of the data, a cell for each seed."""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tcm.cli.configs import read_config
from tcm.cli.parsers.fewshot import parse
from tcm.cli.terminal import say
from tcm.data.loading.datamodule import DataModule
from tcm.engine.trainer import TrainerConfig, quieten
from tcm.errors import DataError, TCMError
from tcm.files import whole, write_json, write_text
from tcm.registry import build
from tcm.structures import Config

_WIDE = 10  # greatest over least fraction, from which on the plot's axis is logarithmic
_DAMAGED = "scores.damaged.json"


@dataclass
class Cell:
    """One run of the study."""

    fraction: float
    seed: int
    folder: Path

    @property
    def scores(self) -> Path:
        """Return the file that marks the cell as done."""
        return self.folder / "scores.json"


def main(arguments: list[str]) -> int:
    """Run the command."""
    args = parse(arguments)
    quieten()
    config = read_config(args.config, args.cfg_options)
    root = Path(args.work_dir or Path("work_dirs") / f"fewshot_{Path(args.config).stem}")
    cells = [
        Cell(fraction, seed, root / f"fraction_{fraction:g}_seed_{seed}")
        for fraction in args.fractions
        for seed in args.seeds
    ]
    data = build(DataModule, config["data"], "data")  # which is read once for all cells
    for cell in cells:
        if _scored(cell.scores):
            say(f"{cell.folder}: done before")
        else:
            part = data.with_fraction(cell.fraction) if args.scale_steps else data
            _run(cell, args, _length(config, part))
    rows = [_row(fraction, cells) for fraction in args.fractions]
    _write(root, Path(args.config).stem, rows)
    return 0


def _length(config: Config, data: DataModule) -> list[str]:
    """Return the overrides that fix the length of a run and its validations, in steps."""
    trainer = build(TrainerConfig, config.get("trainer"), "trainer")
    batches = data.batches_per_epoch(trainer.world_size())
    per_epoch = max(1, batches // trainer.accumulate)
    total = trainer.total_steps(per_epoch)
    every = min(total, trainer.validation_interval(per_epoch))
    return [f"trainer.max_steps={total}", f"trainer.val_every_steps={every}"]


def _run(cell: Cell, args: argparse.Namespace, length: Sequence[str]) -> None:
    options = ["--cfg-options", *args.cfg_options]
    train = ["--work-dir", str(cell.folder), "--data-fraction", str(cell.fraction)]
    train += ["--data-seed", str(cell.seed), "--seed", str(cell.seed)]
    if cell.folder.exists():
        train.append("--resume")
    _call("train", args.config, *train, *options, *length, "trainer.max_epochs=null")
    checkpoint = str(cell.folder / f"{args.checkpoint}.ckpt")
    _call("test", args.config, checkpoint, "--scores", str(cell.scores), *options)


def _call(command: str, *arguments: str) -> None:
    """Run a command in a process of its own.

    Raises:
        TCMError: It failed; it has said why.
    """
    # Without -P modules would be looked for in the working directory first, whatever lies there.
    process = [sys.executable, "-P", "-m", "tcm", command, *arguments]
    status = subprocess.run(process, check=False)
    if status.returncode:
        raise TCMError(f"tcm {command} {arguments[0]} ended with status {status.returncode}")


def _row(fraction: float, cells: Sequence[Cell]) -> dict[str, Any]:
    """Return the headline figures of the first metric of all seeds of a fraction."""
    found = [_headline(cell.scores) for cell in cells if cell.fraction == fraction]
    metric, first = found[0]
    row: dict[str, Any] = {"fraction": fraction, "seeds": len(found), "metric": metric}
    for name in first:
        values = [figures[name] for _, figures in found]
        deviation = statistics.stdev(values) if len(values) > 1 else 0.0
        row[name] = {"mean": statistics.mean(values), "deviation": deviation, "values": values}
    return row


def _scored(path: Path) -> bool:
    """Tell whether a cell is done: whole scores are there. Damaged ones are put aside."""
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


def _headline(path: Path) -> tuple[str, dict[str, float]]:
    """Return the name of the first metric of a file of scores, and its headline figures.

    Raises:
        DataError: The file is of an older version, without them.
    """
    metric, report = next(iter(json.loads(path.read_text(encoding="utf-8")).items()))
    if "headline" not in report:
        raise DataError(f"{path}: no 'headline' in it; delete the file to test this cell again")
    return metric, report["headline"]


def _figures(row: dict[str, Any]) -> list[str]:
    return [key for key, value in row.items() if isinstance(value, dict)]


def _write(root: Path, name: str, rows: Sequence[dict[str, Any]]) -> None:
    write_json(root / "fewshot.json", rows)
    keys = _figures(rows[0])
    lines = [f"# {name}, {rows[0]['metric']}", "", f"| fraction | seeds | {' | '.join(keys)} |"]
    lines.append("| ---: | ---: |" + " ---: |" * len(keys))
    for row in rows:
        figures = [f"{row[key]['mean']:.4f} ± {row[key]['deviation']:.4f}" for key in keys]
        lines.append(f"| {row['fraction']:g} | {row['seeds']} | " + " | ".join(figures) + " |")
    write_text(root / "fewshot.md", "\n".join(lines) + "\n")
    say(*lines)
    with whole(root / "fewshot.png", "wb") as file:
        _plot(name, rows).savefig(file, format="png")


def _plot(name: str, rows: Sequence[dict[str, Any]]) -> Any:
    """Return a figure of the last headline figure, by which checkpoints are chosen, by fraction."""
    from matplotlib.figure import Figure  # not at the top: slow to import

    figure = Figure(figsize=(5, 3.5), layout="constrained")
    axes = figure.add_subplot()
    key = _figures(rows[0])[-1]
    percents = [100 * row["fraction"] for row in rows]
    axes.errorbar(
        percents,
        [row[key]["mean"] for row in rows],
        [row[key]["deviation"] for row in rows],
        marker="o",
        capsize=3,
    )
    if max(percents) >= _WIDE * min(percents):
        axes.set_xscale("log")
    axes.set_xticks(percents, [f"{percent:g}" for percent in percents])
    axes.set_xticks([], minor=True)
    axes.set(xlabel="training images (%)", ylabel=f"{rows[0]['metric']}: {key}", title=name)
    axes.grid(alpha=0.3)
    return figure
