"""A study: many configs on fractions of the data, and what each gains over another.

It is a YAML file such as ``configs/studies/claims.yaml``. Its cells can be run in any order, in any
number of calls; the report is written from those that are there.
"""

import argparse
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from tcm.cli.cells import Cell, call, headline_of, is_scored, length_of
from tcm.cli.configs import read_config
from tcm.cli.study_report import Claim, Key, Values, write_report
from tcm.cli.terminal import say
from tcm.data.loading.datamodule import DataModule
from tcm.errors import ConfigError, nearest
from tcm.registry import build
from tcm.shipped import find_config
from tcm.values import Positive, Share
from tcm.yaml_files import read_yaml


@dataclass(frozen=True)
class Study:
    """What a study's file says.

    Attributes:
        configs: Name to config, in the order in which they are run.
        test_sets: Name to a file of a test set, relative to the study's own, or to a list of
            overrides ``a.b.c=value`` of the configs' own; null is that as it is.
        claims: What is claimed to a list of pairs: the name of the config that should be better,
            and that of the one that it should be better than.
        fractions: Shares of the training images.
        seeds: Seeds of those and of the runs.
        size: Height and width in pixels of the images that the configs are timed on.
    """

    configs: Mapping[str, str]
    test_sets: Mapping[str, str | Sequence[str] | None]
    claims: Mapping[str, Sequence[tuple[str, str]]]
    fractions: Sequence[Share]
    seeds: Sequence[int]
    size: tuple[Positive, Positive]

    def check(self, path: Path) -> None:
        """Refuse pairs of configs that the study does not have.

        Raises:
            ConfigError: It names one.
        """
        for claim, pairs in self.claims.items():
            for name in (name for pair in pairs for name in pair):
                if name not in self.configs:
                    hint = nearest(name, self.configs)
                    raise ConfigError(f"{path}: claims.{claim}: no config is '{name}'{hint}")


def is_study(path: str | Path) -> bool:
    """Tell whether a YAML file is a study's, by its keys."""
    content = read_yaml(Path(path))
    return "claims" in content and "model" not in content


def read_study(path: str | Path) -> Study:
    """Return a study.

    Raises:
        ConfigError: The file is missing or something in it is wrong.
    """
    study: Study = build(Study, read_yaml(Path(path)), str(path))
    study.check(Path(path))
    return study


def run_study(args: argparse.Namespace) -> int:
    """Run the cells of a study that are asked for, and write the report after each.

    Raises:
        ConfigError: No config of the study has a name that is asked for.
    """
    study, path = read_study(args.config), Path(args.config)
    if args.scale_steps:
        raise ConfigError("--scale-steps: all cells of a study have equally many steps")
    root = Path(args.work_dir or Path("work_dirs") / f"fewshot_{path.stem}")
    _report(study, root)
    if args.report:
        return 0
    names = _chosen(study, args.only or ["*"])
    for fraction in args.fractions or study.fractions:
        for seed in args.seeds or study.seeds:
            for name in names:
                if _run(study, path, _cell(study, root, name, fraction, seed), args):
                    _report(study, root)
    _time(study, root, args)
    _report(study, root)
    say((root / "study.md").read_text(encoding="utf-8"))
    return 0


def _chosen(study: Study, patterns: Sequence[str]) -> list[str]:
    found = [name for name in study.configs if any(fnmatchcase(name, p) for p in patterns)]
    if not found:
        hint = nearest(patterns[0], study.configs)
        raise ConfigError(f"--only: no config of the study is '{patterns[0]}'{hint}")
    return found


def _cell(study: Study, root: Path, name: str, fraction: float, seed: int) -> Cell:
    folder = root / name.replace(" ", "_") / f"fraction_{fraction:g}_seed_{seed}"
    return Cell(str(find_config(study.configs[name])), fraction, seed, folder)


def _scores(cell: Cell, test_set: str) -> Path:
    return cell.folder / f"scores_{test_set}.json"


def _run(study: Study, path: Path, cell: Cell, args: argparse.Namespace) -> bool:
    """Train and test a cell; return whether there was anything to do."""
    missing = [name for name in study.test_sets if not is_scored(_scores(cell, name))]
    if not missing:
        return False
    say(f"{cell.folder}")
    if not (cell.folder / "inference.ckpt").exists():  # which is what a training writes last
        config = read_config(cell.config, args.cfg_options)
        data = build(DataModule, config["data"], "data")
        cell.train([*args.cfg_options, *length_of(config, data)])
    for name in missing:
        test_set = study.test_sets[name]
        more, options = [], [*args.cfg_options]
        if isinstance(test_set, str):
            more = ["--test-set", str(path.parent / test_set)]
        elif test_set is not None:
            options += test_set
        cell.test(args.checkpoint, _scores(cell, name), options, more)
    return True


def _time(study: Study, root: Path, args: argparse.Namespace) -> None:
    """Time all configs in turn, once."""
    if not (root / "speed.json").exists():
        root.mkdir(parents=True, exist_ok=True)
        configs = [str(find_config(config)) for config in study.configs.values()]
        size = ["--size", *map(str, study.size), "--threads", "1"]
        call("benchmark", "model", *configs, *size, "--json", str(root / "speed.json"))


def _report(study: Study, root: Path) -> None:
    write_report(root, _values(study, root), _milliseconds(study, root), claims_of(study))


def claims_of(study: Study) -> list[Claim]:
    """Return the claims of a study."""
    return [Claim(name, [(a, b) for a, b in pairs]) for name, pairs in study.claims.items()]


def _values(study: Study, root: Path) -> Values:
    """Return the main figure of every cell of the study that has been tested, by seed."""
    values: Values = {}
    for test_set in study.test_sets:
        for fraction in study.fractions:
            for name in study.configs:
                found = values.setdefault(Key(test_set, fraction, name), {})
                for seed in study.seeds:
                    scores = _scores(_cell(study, root, name, fraction, seed), test_set)
                    if is_scored(scores):
                        found[seed] = list(headline_of(scores)[1].values())[-1]
    return values


def _milliseconds(study: Study, root: Path) -> dict[str, float]:
    """Return the median time of an image of each config, as far as they are known."""
    file = root / "speed.json"
    if not file.exists():
        return {}
    timed = json.loads(file.read_text(encoding="utf-8"))
    totals = [statistics.median(entry["total_ms"]) for entry in timed]
    return dict(zip(study.configs, totals, strict=True))
