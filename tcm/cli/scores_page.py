"""Scores as one HTML page: figures by groups of texts, and pictures of what went wrong."""

import html
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from tcm.cli.image_folder import ImageFolder
from tcm.evaluation.matching.image_pair import Annotations
from tcm.evaluation.report import cases
from tcm.evaluation.report.cases import Case
from tcm.evaluation.report.groups import Group, by_height, by_length, by_turn, height
from tcm.evaluation.report.outcomes import Outcome, text_of
from tcm.evaluation.scores import Scores
from tcm.inference.html_page import TAIL, head
from tcm.inference.small_pictures import data_url, smaller

_SIDE = 300  # pixels of a picture in the page
_STYLE = """
h2{font-size:1.05rem;margin:0 0 .2rem}p{margin:.2rem 0 .6rem}.quiet{color:#57606a;font-size:.9rem}
.tiles{display:flex;gap:2.2rem;flex-wrap:wrap;margin:.8rem 0}
.tiles b{display:block;font-size:1.7rem}.groups{width:100%;table-layout:fixed}
.groups td,.groups th,.rules td,.rules th{text-align:right;padding:.2rem .9rem .2rem 0}
.groups td:first-child,.groups th:first-child,.rules td:first-child{text-align:left}
.groups .wide{width:24%;text-align:left}.groups th:first-child{width:18%}
.bar{display:inline-block;width:60%;margin-right:.4rem;height:.6rem;background:#eceff2;border-radius:3px}
.bar i{display:block;height:100%;border-radius:3px;background:#2f9e5f}.p i{background:#d98324}
.cases{display:grid;grid-template-columns:repeat(auto-fill,minmax(320px,1fr));gap:1rem}
figure{margin:0}figure div{display:grid;grid-template-columns:1fr 1fr;gap:3px}
figure svg{width:100%;aspect-ratio:3/2;background:#e9ecef;border-radius:3px;display:block}
figcaption{font-size:.85rem;line-height:1.35;margin-top:.25rem;overflow-wrap:anywhere}
polygon{fill:none;stroke-width:2;vector-effect:non-scaling-stroke}
.t{stroke:#2f9e5f}.o{stroke:#8b949e;stroke-dasharray:4 3}.d{stroke:#f08c00}
.m{stroke-width:4}.key span{margin-right:1.2rem}.key i{display:inline-block;width:1.4rem}
.key i{height:0;border-top:3px solid;vertical-align:middle;margin-right:.4rem}
"""
_KEY = (
    '<p class="key quiet"><span><i style="color:#2f9e5f"></i>ground truth</span>'
    '<span><i style="color:#8b949e;border-top-style:dashed"></i>does not count</span>'
    '<span><i style="color:#f08c00"></i>found</span>'
    "<span>left: ground truth, right: what was found; the bold outline is the case</span></p>\n"
)
_UNEXPLAINED = "This rule joins no texts one to one: there is nothing to group or to show."
_KINDS = (
    ("Missed", "Ground truths that nothing was joined with", cases.missed),
    ("Misread", "Outlines that were joined, with another text", cases.misread),
    ("False alarms", "Detections that nothing was joined with", cases.false_alarms),
)


class Part(NamedTuple):
    """What the page shows of one result.

    Attributes:
        title: Tells it from others.
        scores: What a protocol has given.
        outcomes: What became of the texts, None where the protocol has no pairs of texts.
        images: Where the images are; without them the figures stand alone.
    """

    title: str
    scores: Any
    outcomes: Sequence[Outcome] | None
    images: ImageFolder | None


def page(title: str, parts: Sequence[Part], most: int) -> Iterator[str]:
    """Yield the parts of a page.

    Args:
        title: What was scored.
        parts: The results; of several their figures come first, in one table.
        most: The most pictures of a kind and result; of more cases some are taken at equal
            distances.

    Raises:
        DataError: An image that is to be shown is missing or not whole.
    """
    yield head(title, _STYLE)
    if len(parts) > 1:
        yield from _overview(parts)
    numbers = count()  # of the pictures
    for i, part in enumerate(parts):
        if len(parts) > 1:
            yield f'<h1 id="s{i}">{html.escape(part.title)}</h1>\n'
        yield from _summary(part.scores)
        if part.outcomes is None:
            yield f'<article><p class="quiet">{_UNEXPLAINED}</p></article>\n'
        else:
            yield from _explained(part.outcomes, part.images, most, numbers)
    yield TAIL


def _overview(parts: Sequence[Part]) -> Iterator[str]:
    yield '<article><table class="rules">\n'
    for i, part in enumerate(parts):
        link = f'<a href="#s{i}">{html.escape(part.title)}</a>'
        cells = "".join(f"<td>{k} <b>{v:.4f}</b></td>" for k, v in part.scores.headline.items())
        yield f"<tr><td>{link}</td>{cells}</tr>\n"
    yield "</table></article>\n"


def _explained(
    outcomes: Sequence[Outcome], images: ImageFolder | None, most: int, numbers: Iterator[int]
) -> Iterator[str]:
    yield from _table("By height", by_height(outcomes))
    yield from _table("By turn off the horizontal", by_turn(outcomes))
    yield from _table("By number of characters", by_length(outcomes))
    for title, about, choose in _KINDS:
        found = choose(outcomes)
        if found or choose is not cases.misread:
            yield from _section(title, about, found, images, most, numbers)


def _summary(scores: Any) -> Iterator[str]:
    yield f"<article><h2>{html.escape(scores.protocol)}</h2>\n"
    tiles = "".join(f"<span><b>{v:.4f}</b>{k}</span>" for k, v in scores.headline.items())
    yield f'<div class="tiles">{tiles}</div>\n'
    if isinstance(scores, Scores):
        yield from _counts(scores)
    yield "".join(f'<p class="quiet">{html.escape(note)}</p>\n' for note in scores.notes)
    yield "</article>\n"


def _counts(scores: Scores) -> Iterator[str]:
    counts = f"{scores.matched:g} of {scores.truths} found, {scores.detections} detections count"
    yield f"<p>{counts}</p>"
    if not scores.also:
        return
    names = list(dict.fromkeys(name for one in scores.also for name in one.headline))
    yield '\n<table class="rules"><tr><th></th>'
    yield "".join(f"<th>{name}</th>" for name in names) + "</tr>\n"
    for other in scores.also:
        figures = [other.headline.get(name) for name in names]
        cells = "".join(f"<td>{'' if v is None else f'{v:.4f}'}</td>" for v in figures)
        yield f"<tr><td>{html.escape(other.protocol)}</td>{cells}</tr>\n"
    yield "</table>\n"


def _table(title: str, groups: Sequence[Group]) -> Iterator[str]:
    yield f'<article><h2>{title}</h2>\n<table class="groups"><tr><th></th><th>texts</th>'
    yield '<th>found</th><th class="wide">recall</th><th>detections</th><th>right</th>'
    yield '<th class="wide">precision</th></tr>\n'
    for one in groups:
        yield f"<tr><td>{one.name}</td><td>{one.truths}</td><td>{one.found}</td>"
        yield _bar(one.recall, one.truths, "r") + f"<td>{one.detections}</td><td>{one.right}</td>"
        yield _bar(one.precision, one.detections, "p") + "</tr>\n"
    yield "</table></article>\n"


def _bar(share: float, of: int, kind: str) -> str:
    if not of:
        return '<td class="wide quiet">–</td>'
    bar = f'<span class="bar {kind}"><i style="width:{share:.1%}"></i></span>'
    return f'<td class="wide">{bar} {share:.3f}</td>'


def _section(
    title: str,
    about: str,
    found: Sequence[Case],
    images: ImageFolder | None,
    most: int,
    numbers: Iterator[int],
) -> Iterator[str]:
    yield f"<article><h2>{title}: {len(found)}</h2>\n"
    shown = cases.spread(found, most) if images else []
    some = f"; {len(shown)} of them" if 0 < len(shown) < len(found) else ""
    yield f'<p class="quiet">{about}{some}.</p>\n'
    if shown and images:
        yield f'{_KEY}<div class="cases">\n'
        name, image = None, np.zeros((0, 0, 3), np.uint8)
        for case in shown:  # in the order of the images, each read once
            if name != case.image.name:
                name, image = case.image.name, images.read(case.image.name)
            yield _figure(case, image, next(numbers))
        yield "</div>\n"
    yield "</article>\n"


def _figure(case: Case, image: np.ndarray, number: int) -> str:
    part = cases.window(case.polygon, *image.shape[:2])
    left, top, right, bottom = part
    address = data_url(smaller(np.ascontiguousarray(image[top:bottom, left:right]), _SIDE))
    box = f'viewBox="0 0 {right - left} {bottom - top}"'
    size = f'width="{right - left}" height="{bottom - top}"'
    one = case.outcome
    truths = _outlines(one.image.truths, one.cared_truths, part, case.truth, "t")
    found = _outlines(one.image.detections, one.cared_detections, part, case.detection, "d")
    # The picture's data stand once, and are used twice.
    return (
        f'<figure><div><svg {box}><image id="p{number}" {size} href="{address}"/>{truths}</svg>'
        f'<svg {box}><use href="#p{number}"/>{found}</svg></div>'
        f"<figcaption>{_caption(case)}</figcaption></figure>\n"
    )


def _outlines(
    side: Annotations,
    cared: np.ndarray,
    part: tuple[int, int, int, int],
    chosen: int | None,
    kind: str,
) -> str:
    drawn = []
    for i, polygon in cases.inside(side.polygons, part):
        name = kind if cared[i] else "o"
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in polygon)
        mark = " m" if i == chosen else ""
        title = html.escape((text_of(side, i) + _score(side, i)).strip())
        drawn.append(f'<polygon class="{name}{mark}" points="{points}"><title>{title}</title>')
        drawn.append("</polygon>")
    return "".join(drawn)


def _caption(case: Case) -> str:
    image = f"image {html.escape(case.image.name)}, {height(case.polygon):.0f} px high"
    said = [f'<span class="quiet">{image}</span>']
    sides = ((case.image.truths, case.truth), (case.image.detections, case.detection))
    for (side, i), what in zip(sides, ("is", "read as"), strict=True):
        if i is not None and (text := text_of(side, i)):
            said.append(f"{what} <b>{html.escape(text)}</b>{_score(side, i)}")
        elif i is not None and (score := _score(side, i)):
            said.append(f"score {score}")
    return " · ".join(said)


def _score(side: Annotations, index: int) -> str:
    return "" if side.confidences is None else f" {side.confidences[index]:.2f}"
