"""``tcm fewshot CONFIG``: train and test on fractions of the data, a cell for each seed.

With a study in place of the config it is many configs, and what they gain over one another.
"""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tcm.cli.cells import Cell, headline_of, is_scored, length_of
from tcm.cli.configs import read_config
from tcm.cli.parsers.fewshot import parse
from tcm.cli.study import is_study, run_study
from tcm.cli.terminal import say
from tcm.data.loading.datamodule import DataModule
from tcm.engine.trainer import quieten
from tcm.errors import ConfigError
from tcm.files import whole, write_json, write_text
from tcm.registry import build

_FRACTIONS = (0.1, 0.25, 0.5, 1.0)
_SEEDS = (0, 1, 2)
_WIDE = 10  # greatest over least fraction, from which on the plot's axis is logarithmic


def main(arguments: list[str]) -> int:
    """Run the command."""
    args = parse(arguments)
    quieten()
    if is_study(args.config):
        return run_study(args)
    if args.only or args.report:
        raise ConfigError("--only and --report are for a study (configs/studies)")
    config = read_config(args.config, args.cfg_options)
    root = Path(args.work_dir or Path("work_dirs") / f"fewshot_{Path(args.config).stem}")
    cells = [
        Cell(args.config, fraction, seed, root / f"fraction_{fraction:g}_seed_{seed}")
        for fraction in args.fractions or _FRACTIONS
        for seed in args.seeds or _SEEDS
    ]
    data = build(DataModule, config["data"], "data")  # which is read once for all cells
    for cell in cells:
        if is_scored(cell.scores):
            say(f"{cell.folder}: done before")
        else:
            part = data.with_fraction(cell.fraction) if args.scale_steps else data
            cell.train([*args.cfg_options, *length_of(config, part)])
            cell.test(args.checkpoint, cell.scores, args.cfg_options)
    rows = [_row(fraction, cells) for fraction in args.fractions or _FRACTIONS]
    _write(root, Path(args.config).stem, rows)
    return 0


def _row(fraction: float, cells: Sequence[Cell]) -> dict[str, Any]:
    """Return the headline figures of the first metric of all seeds of a fraction."""
    found = [headline_of(cell.scores) for cell in cells if cell.fraction == fraction]
    metric, first = found[0]
    row: dict[str, Any] = {"fraction": fraction, "seeds": len(found), "metric": metric}
    for name in first:
        values = [figures[name] for _, figures in found]
        deviation = statistics.stdev(values) if len(values) > 1 else 0.0
        row[name] = {"mean": statistics.mean(values), "deviation": deviation, "values": values}
    return row


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
