"""Ground truth and results of every protocol: zips, unified JSON, the benchmarks' own files."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from tcm.errors import TCMError
from tcm.evaluation.protocols import PROTOCOLS, build_protocol

_QUAD = "1,1,9,1,9,5,1,5"
_TABBED = _QUAD.replace(",", "\t")
_FOURTEEN = ",".join(map(str, range(10, 38)))
_LINES: dict[str, tuple[str, str, str, str]] = {  # names and lines of truths and results
    "art": ("gt_1.txt", f"{_QUAD},####a", "res_1.txt", _QUAD),
    "cleval": ("gt_img_1.txt", f"{_QUAD},a", "res_img_1.txt", _QUAD),
    "cleval-e2e": ("gt_img_1.txt", f"{_QUAD},a", "res_img_1.txt", f"{_QUAD},a"),
    "coco-text": ("gt_1.txt", "1,1,9,5,a", "res_1.txt", "1,1,9,5"),
    "ctw1500": ("0001001.txt", f"{_FOURTEEN},####a", "0001001.txt", _QUAD),
    "ctw1500-e2e": ("0001001.txt", f"{_QUAD},####a", "0001001.txt", f"{_QUAD},####a"),
    "ctw1500-voc": ("0001001.txt", _FOURTEEN, "detections_x.txt", "0 0.5 1 1 9 1 9 5"),
    "dota-task1": (
        "P1.txt",
        "1 1 9 1 9 5 1 5 plane 0",
        "Task1_plane.txt",
        "P1 0.5 1 1 9 1 9 5 1 5",
    ),
    "hiertext": ("img_1.txt", f"{_QUAD},####a", "img_1.txt", f"{_QUAD},####a"),
    "hmean-sweep": ("gt_img_1.txt", f"{_QUAD},a", "res_img_1.txt", f"{_QUAD},0.9"),
    "icdar2013-deteval": ("gt_img_1.txt", '1, 1, 9, 5, "a"', "res_img_1.txt", "1,1,9,5"),
    "icdar2015": ("gt_img_1.txt", f"{_QUAD},a", "res_img_1.txt", _QUAD),
    "icdar2015-e2e": ("gt_img_1.txt", f"{_QUAD},a", "res_img_1.txt", f"{_QUAD},a"),
    "icdar2015-word-spotting": ("gt_img_1.txt", f"{_QUAD},abc", "res_img_1.txt", f"{_QUAD},abc"),
    "icdar2017-mlt": ("gt_img_1.txt", f"{_QUAD},Latin,a", "res_img_1.txt", f"{_QUAD},0.5"),
    "icdar2019-mlt-e2e": (
        *("gt_img_1.txt", f"{_QUAD},Latin,a", "res_img_1.txt", f"{_QUAD},0.5,a"),
    ),
    "inverse-text": ("img1.txt", f"{_QUAD},####a", "img1.txt", _QUAD),
    "inverse-text-e2e": ("img1.txt", f"{_QUAD},####a", "img1.txt", f"{_QUAD},####a"),
    "lsvt-e2e": ("gt_1.txt", f"{_QUAD},####a", "res_1.txt", f"{_QUAD},####a"),
    "ltb": ("gt_img_1.txt", f"{_QUAD},a", "res_img_1.txt", f"{_QUAD},0.9"),
    "msra-td500": ("IMG_1.gt", "0 0 1 1 8 4 0.1", "res_IMG_1.txt", _QUAD),
    "ocrbench-v2": ("gt_img_1.txt", f"{_QUAD},a", "res_img_1.txt", f"{_QUAD},a"),
    "ocrbench-v2-answers": (
        *("1.jsonl", '{"id": "1", "answers": ["a"], "box": [1, 1, 9, 5]}'),
        *("1.jsonl", '{"id": "1", "answer": "a, 1,1,9,5"}'),
    ),
    "optimal": ("img_1.txt", f"{_QUAD},####a", "img_1.txt", f"{_QUAD},####a"),
    "paddleocr-e2e": (*("img_1.txt", f"{_TABBED}\t0\ta", "img_1.txt", f"{_TABBED}\ta"),),
    "rctw": ("image_1.txt", f'{_QUAD},0,"a"', "task2_image_1.txt", f'{_QUAD},"a"'),
    "rects": ("gt_img_1.txt", f"{_QUAD},a", "res_img_1.txt", f"{_QUAD},a"),
    "tiou": ("gt_img_1.txt", f"{_QUAD},a", "res_img_1.txt", _QUAD),
    "tiou-ctw1500": ("0001001.txt", f"{_QUAD},####a", "0001001.txt", _QUAD),
    "tiou-totaltext": ("poly_gt_img1.txt", f"{_QUAD},a", "img1.txt", _QUAD),
    "totaltext-deteval": (
        *("poly_gt_img1.txt", "x: [[1 9 9]], y: [[1 1 5]], ornt: [u'c'], transcriptions: [u'a']"),
        *("img1.txt", _QUAD),
    ),
    "totaltext-e2e": ("poly_gt_img1.txt", f"{_QUAD},a", "img1.txt", f"{_QUAD},####a"),
    "totaltext-iou": ("poly_gt_img1.txt", f"{_QUAD},a", "img1.txt", _QUAD),
    "totaltext-pascal": ("poly_gt_img1.txt", f"{_QUAD},#", "img1.txt", _QUAD),
}


_STEMS = {
    "art": "gt_1",
    "lsvt-e2e": "gt_1",
    "rctw": "image_1",
    "coco-text": "1",
    "dota-task1": "P1",
    "msra-td500": "IMG_1",
}  # of images, elsewhere img_1
_STEMS |= dict.fromkeys(("ctw1500", "ctw1500-e2e", "ctw1500-voc", "tiou-ctw1500"), "0001001")
_STEMS |= {name: "img1" for name in _LINES if "totaltext" in name or "inverse" in name}


def seeds(folder: Path) -> list[Path]:
    """Write both sides of each protocol, as zip and as JSON, and the files that are others'."""
    assert set(_LINES) == set(PROTOCOLS) - {"words"}  # of label files, which are fuzzed as such
    paths = []
    for name, (truth, line, result, found) in _LINES.items():
        paths += _write(folder, name, "gt", {truth: line})
        paths += _write(folder, name, "pred", {result: found})
    own = {"gt_1": [{"points": [[1, 1], [9, 1], [9, 5]], "transcription": "a"}]}
    (folder / "art+gt+.json").write_text(json.dumps(own))
    found = {"res_1": [{"points": [[1, 1], [9, 1], [9, 5]], "confidence": 0.5}]}
    (folder / "art+pred+.json").write_text(json.dumps(found))
    (folder / "ctw1500-voc+pred+.txt").write_text("0 0.5 1 1 9 1 9 5\n" * 2)
    return [
        *paths,
        *(folder / f"art+{s}+.json" for s in ("gt", "pred")),
        folder / "ctw1500-voc+pred+.txt",
    ]


def _write(folder: Path, name: str, side: str, members: dict[str, str]) -> list[Path]:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, line in members.items():
            archive.writestr(zipfile.ZipInfo(member), f"{line}\n{line}\n")
    (folder / f"{name}+{side}.zip").write_bytes(stream.getvalue())
    stem = _STEMS.get(name, "img_1")
    word: dict[str, Any] = {"polygon": [1, 1, 9, 1, 9, 5, 1, 5], "text": "abc", "ignore": False}
    if side == "pred":
        word["score"] = 0.5
    image = {"img_path": f"{stem}.jpg", "height": 9, "width": 9, "instances": [word, word]}
    (folder / f"{name}+{side}.json").write_text(json.dumps({"data_list": [image]}))
    return [folder / f"{name}+{side}.zip", folder / f"{name}+{side}.json"]


def run(path: Path) -> None:
    """Score it against the other side, as strictly as can be and leniently."""
    name, side = path.stem.split("+")[:2]
    other = path.parent / "others" / f"{name}+{'pred' if side == 'gt' else 'gt'}.zip"
    if not other.exists():
        other.parent.mkdir(exist_ok=True)
        seeds(other.parent)
    sides = (path, other) if side == "gt" else (other, path)
    failed = None
    for strict in ("all", "submission", "nothing"):
        try:
            build_protocol(name).evaluate_archives(*sides, strict)
        except TCMError as error:
            failed = error
    if failed is not None:
        raise failed
