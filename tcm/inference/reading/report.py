"""A folder's results as one HTML page that needs nothing but itself."""

import html
from collections.abc import Iterator
from typing import IO

import numpy as np

from tcm.inference.html_page import TAIL, head
from tcm.inference.reading.results import ReadResult
from tcm.inference.small_pictures import data_url, smaller

_SIDE = 1280  # pixels of a picture in the page

_STYLE = """
h2{font-size:1rem;margin:0 0 .6rem;word-break:break-all}figure{margin:0;position:relative}
figure img{display:block;width:100%;height:auto;border-radius:4px}
svg{position:absolute;inset:0;width:100%;height:100%}
polygon{fill:rgba(0,160,80,.12);stroke:#00a050;stroke-width:2;vector-effect:non-scaling-stroke}
polygon:hover{fill:rgba(0,160,80,.4)}pre{white-space:pre-wrap;margin:.8rem 0 0}
"""


class Report:
    """Write a page result by result.

    Args:
        file: Opened for writing text; the caller closes it.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._file.write(head("What was read", _STYLE))

    def add(self, result: ReadResult, image: np.ndarray) -> None:
        """Add a picture (H, W, 3) uint8 RGB with its outlines, its text and its words."""
        self._file.write("".join(_article(result, image)))

    def close(self) -> None:
        """End the page."""
        self._file.write(TAIL)


def _article(result: ReadResult, image: np.ndarray) -> Iterator[str]:
    height, width = result.size
    yield f"<article><h2>{html.escape(result.name)}</h2>\n<figure>"
    yield f'<img alt="" src="{data_url(smaller(image, _SIDE))}">'
    yield f'<svg viewBox="0 0 {width} {height}" preserveAspectRatio="none">'
    for word in result.words:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in word.polygon)
        text = html.escape(word.text or f"{word.score:.2f}")
        yield f'<polygon points="{points}"><title>{text}</title></polygon>'
    yield f"</svg></figure>\n<pre>{html.escape(result.text)}</pre>\n"
    yield f"<details><summary>{len(result.words)} words</summary><table>"
    yield "<tr><th>text</th><th>read with</th><th>found with</th></tr>\n"
    for word in result.words:
        sure = "" if word.confidence is None else f"{word.confidence:.2f}"
        text = html.escape(word.text or "")
        yield f"<tr><td>{text}</td><td>{sure}</td><td>{word.score:.2f}</td></tr>\n"
    yield "</table></details></article>\n"
