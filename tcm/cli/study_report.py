"""The report of a study: every figure, and the paired differences of each claim."""

import math
import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from scipy import stats

from tcm.files import whole, write_json, write_text

_LEVEL = 0.95


class Key(NamedTuple):
    """Where a figure belongs: the test set, the fraction of the data and the config's name."""

    test_set: str
    fraction: float
    config: str


Values = dict[Key, dict[int, float]]  # to the figure of each seed that is there


class Claim(NamedTuple):
    """What is claimed, and the pairs of configs that it is about, the better one first."""

    name: str
    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Difference:
    """What a config gains over another, over the seeds that both have.

    Attributes:
        claim: What it is about.
        better: The config that should be better.
        baseline: The one that it should be better than.
        test_set: Where.
        fraction: Of the training images.
        gains: The difference of each seed.
        mean: Of the differences; None if there is none.
        half_width: Of its 95 % confidence interval by Student's t; None below two seeds.
    """

    claim: str
    better: str
    baseline: str
    test_set: str
    fraction: float
    gains: list[float]
    mean: float | None
    half_width: float | None

    @property
    def verdict(self) -> str:
        """Return whether the claim holds: ``yes``, ``no`` or ``open``; blank if it is not known."""
        if self.mean is None or self.half_width is None:
            return ""
        low, high = self.mean - self.half_width, self.mean + self.half_width
        return "yes" if low > 0 else "no" if high < 0 else "open"


def differences(values: Values, claims: Sequence[Claim]) -> list[Difference]:
    """Return the paired differences of all claims, test sets and fractions."""
    places = list(dict.fromkeys((key.test_set, key.fraction) for key in values))
    return [
        _difference(values, claim.name, pair, *place)
        for claim in claims
        for pair in claim.pairs
        for place in places
    ]


def _difference(
    values: Values, claim: str, pair: tuple[str, str], test_set: str, fraction: float
) -> Difference:
    better, baseline = (values.get(Key(test_set, fraction, name), {}) for name in pair)
    gains = [better[seed] - baseline[seed] for seed in sorted(better.keys() & baseline.keys())]
    mean = statistics.mean(gains) if gains else None
    return Difference(claim, *pair, test_set, fraction, gains, mean, half_width(gains))


def half_width(values: Sequence[float]) -> float | None:
    """Return half the 95 % confidence interval of a mean by Student's t; None below two values."""
    count = len(values)
    if count < 2:
        return None
    quantile = float(stats.t.ppf((1 + _LEVEL) / 2, count - 1))
    return quantile * statistics.stdev(values) / math.sqrt(count)


def write_report(
    root: Path, values: Values, milliseconds: Mapping[str, float], claims: Sequence[Claim]
) -> None:
    """Write ``study.md``, ``study.json`` and, over several fractions, a plot a claim to a folder.

    Args:
        root: The folder.
        values: The figures; a config without one has an empty mapping.
        milliseconds: Of an image, by config.
        claims: What is asked.
    """
    gains = differences(values, claims)
    cells = [{**key._asdict(), "values": found} for key, found in values.items()]
    content = {
        "cells": cells,
        "milliseconds": milliseconds,
        "differences": [{**asdict(gain), "verdict": gain.verdict} for gain in gains],
    }
    write_json(root / "study.json", content)
    lines = [*_table(values, milliseconds), "", *_claims(gains)]
    write_text(root / "study.md", "\n".join(lines) + "\n")
    for claim in claims if len({gain.fraction for gain in gains}) > 1 else ():
        own = [gain for gain in gains if gain.claim == claim.name and gain.mean is not None]
        if own:
            name = re.sub(r"\W+", "_", claim.name).strip("_")
            with whole(root / f"{name}.png", "wb") as file:
                plot(claim.name, own).savefig(file, format="png")


def _table(values: Values, milliseconds: Mapping[str, float]) -> Iterator[str]:
    places = list(dict.fromkeys((key.test_set, key.fraction) for key in values))
    shares = {fraction for _, fraction in places}
    heads = [t if shares == {1.0} else f"{t}, {100 * fraction:g} %" for t, fraction in places]
    yield f"| config | {' | '.join(heads)} | ms an image |"
    yield "|---|" + " ---: |" * (len(heads) + 1)
    for name in dict.fromkeys(key.config for key in values):
        found = [list(values.get(Key(*place, name), {}).values()) for place in places]
        time = f"{milliseconds[name]:.1f}" if name in milliseconds else ""
        yield f"| {name} | {' | '.join(map(_figure, found))} | {time} |"


def _figure(values: Sequence[float]) -> str:
    """Return mean, deviation and number of a cell's figures; a blank if there are none."""
    if not values:
        return ""
    spread = f" ± {100 * statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return f"{100 * statistics.mean(values):.2f}{spread} ({len(values)})"


def _claims(gains: Sequence[Difference]) -> Iterator[str]:
    yield "| claim | better | than | test set | data | gain in points, 95 % | seeds | holds |"
    yield "|---|---|---|---|---:|---:|---:|---|"
    for gain in gains:
        width = "" if gain.half_width is None else f" ± {100 * gain.half_width:.2f}"
        figure = "" if gain.mean is None else f"{100 * gain.mean:+.2f}{width}"
        names = f"{gain.claim} | {gain.better} | {gain.baseline} | {gain.test_set}"
        seeds = len(gain.gains) or ""
        share = f"{100 * gain.fraction:g} %"
        yield f"| {names} | {share} | {figure} | {seeds} | {gain.verdict} |"


def plot(name: str, gains: Sequence[Difference]) -> Any:
    """Return a figure of a claim's gains by fraction: axes a test set, a line a pair."""
    from matplotlib.figure import Figure  # not at the top: slow to import

    sets = list(dict.fromkeys(gain.test_set for gain in gains))
    figure = Figure(figsize=(1 + 3.5 * len(sets), 3.5), layout="constrained")
    every = figure.subplots(1, len(sets), sharey=True, squeeze=False)[0]
    for axes, test_set in zip(every, sets, strict=True):
        axes.axhline(0, color="grey", linewidth=0.8)
        shown = [gain for gain in gains if gain.test_set == test_set]
        for better, baseline in dict.fromkeys((gain.better, gain.baseline) for gain in shown):
            own = [gain for gain in shown if (gain.better, gain.baseline) == (better, baseline)]
            axes.errorbar(
                [100 * gain.fraction for gain in own],
                [100 * (gain.mean or 0.0) for gain in own],
                [100 * (gain.half_width or 0.0) for gain in own],
                marker="o",
                capsize=3,
                label=f"{better} over {baseline}",
            )
        axes.set(title=test_set, xlabel="training images (%)", xscale="log")
        ticks = sorted({100 * gain.fraction for gain in shown})
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xticks([], minor=True)
        axes.grid(alpha=0.3)
    every[0].set_ylabel("gain in hmean (points)")
    every[0].legend(fontsize="x-small")
    figure.suptitle(name)
    return figure
