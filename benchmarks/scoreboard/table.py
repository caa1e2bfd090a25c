"""Rebuilds the scoreboard's table from the saved outputs: ``python -m ...table --data DIR``.

Every figure is one of this package's own protocols. The table is printed, and with ``--write`` put
between the marks of each page that shows it.
"""

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.scoreboard import saved
from benchmarks.scoreboard.scores import Boxes, lines, scenes, words
from benchmarks.scoreboard.systems import SYSTEMS
from tcm import files
from tcm.errors import DataError

ROOT = Path(__file__).resolve().parents[2]
START, END = "<!-- scoreboard: begin -->", "<!-- scoreboard: end -->"
_HEAD = (
    "package, weights in its wheel",
    "boxes",
    "precision",
    "recall",
    "detection hmean",
    "end-to-end hmean",
    "IIIT5K",
    "MSRA-TD500 hmean",
    "CPU ms an image",
)
_BOXES = {"words": "words", "split": "lines split by length"}
_NONE = "-"


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--outputs", type=Path, default=saved.FOLDER, help="of the saved outputs")
    parser.add_argument("--write", action="store_true", help="put it into the pages")
    args = parser.parse_args(arguments)
    table = build(args.data, args.outputs)
    print(table)
    for page in pages() if args.write else []:
        text = page.read_text(encoding="utf-8")
        files.write_text(page, text.replace(shown(text), table))
    return 0


def build(data: Path, outputs: Path = saved.FOLDER) -> str:
    """Return the table in Markdown.

    Args:
        data: The folder of the sets, for their ground truth.
        outputs: The folder of the saved outputs.
    """
    found = [_rows(name, data, outputs) for name in SYSTEMS]
    rows = [row for system in found for row in system]
    ruler = ["---", "---", *["---:"] * (len(_HEAD) - 2)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [_HEAD, ruler, *rows])


def pages() -> list[Path]:
    """Return the pages that show the table."""
    known = [ROOT / "README.md", Path(__file__).with_name("README.md"), *ROOT.glob("docs/*.md")]
    return [page for page in known if START in page.read_text(encoding="utf-8")]


def shown(page: str) -> str:
    """Return the table that a page shows.

    Raises:
        DataError: It has no marks around one.
    """
    match = re.search(f"{START}\n\n(.*?)\n\n{END}", page, re.DOTALL)
    if match is None:
        raise DataError(f"the page has no table between {START} and {END}")
    return match[1]


def _rows(name: str, data: Path, outputs: Path) -> list[list[str]]:
    """Return the rows of a system: of its own words, if it gives some, and of its lines, split."""
    path = saved.path_of(name, "icdar2015", outputs)
    if not path.exists():
        return []
    run = saved.load(path).run
    others = [_iiit5k(name, data, outputs), _msra(name, data, outputs)]
    rows = []
    kinds: list[Boxes] = ["words", "split"] if saved.has_words(path) else ["split"]
    for boxes in kinds:
        outlines, texts = scenes(path, boxes, data)
        figures = (outlines.precision, outlines.recall, outlines.hmean, texts.hmean)
        first = [f"{run['system']} ({run['weights']})", _BOXES[boxes] + _share(run)]
        cost = f"{run['cpu_ms_an_image']['mean']:.0f}"
        rows.append([*first, *[f"{figure:.3f}" for figure in figures], *others, cost])
        others = [_NONE] * len(others)  # they don't depend on the words of scenes
    return rows


def _iiit5k(name: str, data: Path, outputs: Path) -> str:
    path = saved.path_of(name, "iiit5k", outputs)
    return f"{words(path, data).word_accuracy:.3f}" if path.exists() else _NONE


def _msra(name: str, data: Path, outputs: Path) -> str:
    path = saved.path_of(name, "msra_td500", outputs)
    return f"{lines(path, data).hmean:.3f}" if path.exists() else _NONE


def _share(run: Mapping[str, Any]) -> str:
    return "" if run["images"] == run["of"] else f", {run['images']} of {run['of']} images"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
