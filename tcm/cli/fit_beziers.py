"""Fit Bezier curves to the texts of an annotation file (``tcm data beziers``)."""

import numpy as np

from tcm.cli.parsers.fit_beziers import parse
from tcm.cli.terminal import say
from tcm.data.prepare.beziers import Fit, fit_texts, write_with_beziers


def main(argv: list[str]) -> int:
    """Tell how well the curves fit, list the worst and the flawed, write them if a file is given.

    Raises:
        DataError: The file is missing or malformed, or the output cannot be written.
    """
    arguments = parse(argv)
    fits = list(fit_texts(arguments.ann, arguments.least))
    _print(fits, arguments.worst)
    if arguments.out is not None:
        write_with_beziers(arguments.ann, arguments.out, fits)
        say(f"{arguments.out}: {len(fits)} texts with 'beziers'")
    return 0


def _print(fits: list[Fit], worst: int) -> None:
    sound = [fit for fit in fits if not fit.flaw]
    flawed = [fit for fit in fits if fit.flaw]
    say(f"{len(fits)} texts, {len(flawed)} of them without proper curves")
    if sound:
        distances = np.concatenate([fit.distances for fit in sound])
        ratios = np.concatenate([fit.distances / fit.height for fit in sound])
        say("distance of a vertex from its curve, without those:")
        say(f"  mean {distances.mean():.3f} px, {ratios.mean():.4f} of the text's height")
        say(f"  max  {distances.max():.3f} px, {ratios.max():.4f} of the text's height")
    ordered = sorted(sound, key=lambda fit: fit.farthest_ratio, reverse=True)
    far = [fit for fit in ordered if fit.farthest > 0.5]
    lines = [
        f"{fit.place}: {fit.farthest:.2f} px, {fit.farthest_ratio:.2f} of its height, "
        f"{fit.vertices} vertices"
        for fit in far
    ]
    _list("more than half a pixel off, worst first", lines, worst)
    _list("without proper curves", [f"{fit.place}: {fit.flaw}" for fit in flawed], worst)


def _list(title: str, lines: list[str], limit: int) -> None:
    if not lines:
        return
    say(f"{title}: {len(lines)}")
    for line in lines[: limit or None]:
        say(f"  {line}")
    if limit and len(lines) > limit:
        say(f"  ... and {len(lines) - limit} more")
