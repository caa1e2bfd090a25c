"""A small run whose figures follow every weight, and what must be equal of two of them."""

import json

import torch

from tcm.cli.train import main
from tcm.registry import METRICS
from tests.cli.tiny import CONFIG, OneFigure, write_config
from tests.reliability.slowly import slow_down

STEPS = 9
slow_down()
_VARYING = {"time_s", "images_per_s", "data_time_ratio"}


@METRICS.register("ScoresBySteps")
class ScoresBySteps(OneFigure):
    """A figure of all weights that rises and falls; what is found need not be right."""

    def evaluate(self, predictions, truths, names):
        total = sum(float(p.scores.sum()) for p in predictions)
        self.headline = {"figure": total * 1e3 % 1}
        return self


TEXT = (
    CONFIG.replace(
        "{icdar2015: {type: ICDAR2015}, sweep: {type: HmeanSweep}}", "{s: {type: ScoresBySteps}}"
    )
    .replace(
        "{type: DBHead}", "{type: DBHead, decode: {type: DBDecoder, mask_thr: 0.01, min_score: 0}}"
    )
    .replace(
        "max_steps: 7, val_every_steps: 4",
        f"max_steps: {STEPS}, val_every_steps: 3, checkpoint_every: 2",
    )
    .replace("{type: Poly}", "{type: Constant}")
    + "imports: [tests.reliability.runs]\n"
)


def train(folder, *arguments, options=()):
    """Train in this process and return the status."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    config = write_config(folder.parent, TEXT)
    return main([config, "--work-dir", str(folder), *arguments, "--cfg-options", *options])


def lines(run):
    """Return the lines of the log of figures without what depends on the clock."""
    entries = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in entry.items() if k not in _VARYING} for entry in entries]


def same(one, other, path=""):
    """Yield the places at which two trees of tensors and values differ."""
    if isinstance(one, torch.Tensor):
        if not (isinstance(other, torch.Tensor) and torch.equal(one, other)):
            yield path
    elif isinstance(one, dict):
        for key in one.keys() | other.keys():
            yield from same(one.get(key), other.get(key), f"{path}.{key}")
    elif isinstance(one, list | tuple):
        if len(one) != len(other):
            yield path
        for i, (a, b) in enumerate(zip(one, other, strict=False)):
            yield from same(a, b, f"{path}[{i}]")
    elif one != other:
        yield path


def differences(straight, resumed):
    """Return what differs between the records of two runs: nothing if all is well."""
    found = [] if lines(straight) == lines(resumed) else ["metrics.jsonl"]
    for name in ("last.ckpt", "best.ckpt", "inference.ckpt"):
        one, other = (torch.load(run / name, weights_only=True) for run in (straight, resumed))
        for content in (one, other):
            content.pop("loops", None)  # Lightning's counters of starts
            for state in content.get("callbacks", {}).values():
                state.pop("seconds", None)
        found += [name + place for place in same(one, other)]
    left = [path.name for path in resumed.iterdir() if path.name.endswith(".part")]
    return found + left
