"""The files of labelling tools."""

import json
from pathlib import Path

import cv2
import numpy as np

from tcm.annotations import labelme, labelstudio, ppocrlabel, unified
from tcm.annotations.instance import Instance
from tcm.annotations.unified import ImageEntry
from tcm.data.formats import label_tools
from tcm.data.formats.label_tools import Options
from tcm.data.prepare.preannotate import predictions

_QUAD = np.array([[1.5, 1], [9, 1], [9, 5], [1, 5]], np.float32)
_HEIGHT, _WIDTH = 12, 16


def seeds(folder: Path) -> list[Path]:
    """Write a file of each tool, named after it."""
    words = [Instance(_QUAD, "é", False, 0.5), Instance(_QUAD, "###", True)]
    image = folder / "a.png"
    image.write_bytes(cv2.imencode(".png", np.zeros((_HEIGHT, _WIDTH, 3), np.uint8))[1].tobytes())
    labelme.write(folder / "labelme.json", image, _HEIGHT, _WIDTH, words)
    task = labelstudio.Prediction("/x/a.png", _HEIGHT, _WIDTH, words, 0.5)
    labelstudio.write(folder / "labelstudio.json", [task])
    entries = [ImageEntry("a.png", None, None, words)]
    ppocrlabel.write(folder / "ppocrlabel.txt", entries)
    unified.write(folder / "predictions.json", entries)
    _others(folder)
    return sorted(path for path in folder.iterdir() if path != image)


def run(path: Path) -> None:
    """Read it as the tool of its name does."""
    image = path.parent / "a.png"
    if not image.exists():
        black = np.zeros((_HEIGHT, _WIDTH, 3), np.uint8)
        image.write_bytes(cv2.imencode(".png", black)[1].tobytes())
    if path.stem == "predictions":
        predictions(path)
        return
    tool = path.stem.partition("_")[0]
    label_tools.read(path, tool, Options(predictions=tool == "labelstudio"))


def _others(folder: Path) -> None:
    """Write what the package reads only."""
    coco = {
        "images": [{"id": 1, "file_name": "a.png", "height": _HEIGHT, "width": _WIDTH}],
        "annotations": [
            {"image_id": 1, "segmentation": [_QUAD.ravel().tolist()], "text": "a"},
            {"image_id": 1, "bbox": [1, 1, 8, 4], "attributes": {"rotation": 5}, "iscrowd": 1},
        ],
    }
    shape = {"name": "polygon", "all_points_x": [1, 9, 9], "all_points_y": [1, 1, 5]}
    region = {"shape_attributes": shape, "region_attributes": {"text": "a"}}
    via = {"a": {"filename": "a.png", "size": 1, "regions": [region]}}
    for name, content in (("coco.json", coco), ("via.json", via)):
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    quoted = json.dumps(shape).replace('"', '""')
    (folder / "via_2.csv").write_text(
        "#filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,"
        f'region_attributes\na.png,1,"{{}}",1,0,"{quoted}","{{""text"": ""a""}}"\n',
        encoding="utf-8",
    )
    (folder / "cvat.xml").write_text(
        f'<annotations><image id="0" name="a.png" width="{_WIDTH}" height="{_HEIGHT}">'
        '<polygon label="w" points="1,1;9,1;9,5"><attribute name="text">a</attribute></polygon>'
        '<box label="w" xtl="1" ytl="1" xbr="9" ybr="5" rotation="5"/><tag label="x"/></image>'
        "</annotations>",
        encoding="utf-8",
    )
