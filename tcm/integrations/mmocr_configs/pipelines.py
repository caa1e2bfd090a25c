"""MMOCR's pipelines in ours, and its datasets.

Ours multiply matrices first, warp once, and then touch colours; the order of the rest stays.
"""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from tcm.errors import ConfigError, shown
from tcm.integrations.mmocr_configs.parts import Part

Config = dict[str, Any]
_NOTHING = {"LoadImageFromFile", "LoadOCRAnnotations", "PackTextDetInputs"}
_FIRST = {"FixInvalidPolygon": 0, "RandomCropFlip": 1}
_STORED = "color_ignore_orientation"  # how MMOCR reads what was labelled in stored pixels


def training(values: Any, targets: Config, place: str, lacking: list[str]) -> list[Config]:
    """Return our training pipeline.

    Args:
        values: MMOCR's list of transforms.
        targets: The transform that makes the targets, last in ours.
        place: Where the list stands.
        lacking: Gets a line for everything that has no counterpart here.
    """
    pipeline = _Pipeline(lacking)
    moves = pipeline.convert(_parts(values, place, lacking))
    # What flips pixels of the image comes before all that only moves it.
    moves.sort(key=lambda move: _FIRST.get(move["type"], len(_FIRST)))
    warp = {"type": "Warp", **({"fill": "patch"} if pipeline.patches else {})}
    return [*moves, warp, *pipeline.colours, targets]


def testing(values: Any, place: str, lacking: list[str]) -> list[Config]:
    """Return our pipeline of validation; arguments as of `training`.

    A repair of the truths is the metric's here.
    """
    parts = [p for p in _parts(values, place, lacking) if p.kind != "FixInvalidPolygon"]
    return [*_Pipeline(lacking).convert(parts), {"type": "Warp"}]


def dataset(values: Any, pipeline: Any, place: str, lacking: list[str]) -> Config:
    """Return our dataset.

    Args:
        values: MMOCR's dataset; of several that are joined the first is taken.
        pipeline: Its list of transforms, which says how images are read.
        place: Where it stands.
        lacking: Gets a line for everything that has no counterpart here.
    """
    part = Part(values, place, lacking)
    if part.kind == "DataFraction":
        share = f"--data-fraction {part.take('fraction')} --data-seed {part.take('seed', 0)}"
        part.lack("DataFraction", f"options of the command line: {share}")
        return dataset(part.take("dataset"), pipeline, place, lacking)
    if part.kind == "ConcatDataset":
        joined = part.take("datasets") or [{}]
        if len(joined) > 1:
            part.lack(f"{len(joined)} datasets", "the first stands here; a mix has the type Mix")
        return dataset(joined[0], pipeline, place, lacking)
    root, ann = str(part.take("data_root") or ""), str(part.take("ann_file") or "")
    prefix = str((part.take("data_prefix") or {}).get("img_path") or "")
    ann_file = PurePosixPath(root, ann)
    converted = {"type": "TextDataset", "ann_file": str(ann_file)}
    if PurePosixPath(root, prefix) != ann_file.parent:
        converted["img_root"] = str(PurePosixPath(root, prefix))
    reading = [t for t in pipeline or [] if t.get("type") == "LoadImageFromFile"]
    if any(t.get("color_type") == _STORED for t in reading):
        converted["exif"] = "ignore"
    part.expect(type="OCRDataset")
    part.ignore(
        "pipeline", "test_mode", "filter_cfg", "indices", "metainfo"
    )  # a filter MMOCR lacks
    part.done()
    return converted


def _parts(values: Any, place: str, lacking: list[str]) -> list[Part]:
    if not isinstance(values, list | tuple):
        raise ConfigError(f"{place}: a list of transforms is wanted, got {shown(values)}")
    return [Part(value, f"{place}.{i}", lacking) for i, value in enumerate(values)]


class _Pipeline:
    """One pipeline.

    Attributes:
        colours: What goes behind the warp.
        patches: Whether rotated images are filled with pieces of themselves.
    """

    def __init__(self, lacking: list[str]) -> None:
        self.lacking = lacking
        self.colours: list[Config] = []
        self.patches = False
        self.filled: list[int] | None = None  # the size that a crop has in any case

    def convert(self, parts: Sequence[Part]) -> list[Config]:
        """Return what the transforms are in ours, without colours."""
        found: list[Config] = []
        waiting = list(parts)
        while waiting:
            part = waiting.pop(0)
            if part.kind == "Resize" and waiting and waiting[0].kind == "Pad":
                found += self._fit(part, waiting.pop(0))
                continue
            name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", part.kind).lower()
            method = getattr(self, f"_of_{name}", None)
            if part.kind in _NOTHING:
                continue
            if method is None:
                part.lack(shown(part.kind), "no counterpart, left out")
                continue
            found += method(part)
            part.done()
        return found

    def _fit(self, resize: Part, pad: Part) -> list[Config]:
        width, height = _size(resize.take("scale"))
        resize.expect(keep_ratio=True)
        if _size(pad.take("size")) != [width, height]:
            pad.lack("size", "that of the Resize before it is wanted")
        resize.done()
        pad.done()
        return [{"type": "FitInto", "size": [height, width]}]

    def _of_torch_vision_wrapper(self, part: Part) -> list[Config]:
        part.expect(op="ColorJitter")
        names = {n: n for n in ("brightness", "contrast", "saturation", "hue")}
        self.colours.append({"type": "ColorJitter", **part.renamed(names)})
        return []

    def _of_img_aug_wrapper(self, part: Part) -> list[Config]:
        found: list[Config] = []
        for step in part.take("args") or []:
            match step:
                case ["Fliplr", float() | int() as prob]:
                    found.append({"type": "RandomFlip", "prob": prob})
                case {"cls": "Affine", "rotate": [low, high]} if low == -high and len(step) == 2:
                    found.append({"type": "RandomRotate", "max_angle_deg": high})
                case ["Resize", [low, high]]:
                    move = {"type": "RandomScale", "ratio_range": [low, high], "independent": True}
                    found.append(move)
                case _:
                    part.lack(f"args {shown(step)}", "no counterpart, left out")
        return found

    def _of_random_crop(self, part: Part) -> list[Config]:
        ratio = part.take("min_side_ratio", 0.4)
        return [{"type": "RandomCropAroundText", "min_side_ratio": ratio}]

    def _of_resize(self, part: Part) -> list[Config]:
        scale = _size(part.take("scale"))
        if part.take("keep_ratio", False):
            return [{"type": "ResizeKeepRatio", "scale": [max(scale), min(scale)]}]
        part.lack(f"scale={scale} without keep_ratio", "no counterpart, left out")
        return []

    def _of_pad(self, part: Part) -> list[Config]:
        size = _size(part.take("size"))
        if size != self.filled:
            part.lack(f"size={size}", "a crop of this size fills up before it; left out")
        return []

    def _of_fix_invalid_polygon(self, part: Part) -> list[Config]:
        names = {"mode": "mode", "min_poly_points": "min_poly_points"}
        return [{"type": "FixInvalidPolygon", **part.renamed(names)}]

    def _of_short_scale_aspect_jitter(self, part: Part) -> list[Config]:
        return [
            {
                "type": "ResizeShortSide",
                "short_size": part.take("short_size", 736),
                "divisor": part.take("scale_divisor", 1),
                "ratio_range": part.take("ratio_range", [0.7, 1.3]),
                "aspect_ratio_range": part.take("aspect_ratio_range", [0.9, 1.1]),
            }
        ]

    def _of_random_flip(self, part: Part) -> list[Config]:
        return [{"type": "RandomFlip", **part.renamed({"prob": "prob", "direction": "direction"})}]

    def _of_random_rotate(self, part: Part) -> list[Config]:
        canvas = part.take("use_canvas", False)
        fixed = part.take("pad_with_fixed_color", False)
        self.patches |= canvas and not fixed
        part.expect(pad_value=[0, 0, 0])
        angle = part.take("max_angle", 10)
        return [{"type": "RandomRotate", "max_angle_deg": angle, "use_canvas": canvas}]

    def _of_text_det_random_crop(self, part: Part) -> list[Config]:
        self.filled = _size(part.take("target_size"))
        converted: Config = {"type": "RandomCropSize", "size": self.filled}
        return [converted | part.renamed({"positive_sample_ratio": "positive_ratio"})]

    def _of_text_det_random_crop_flip(self, part: Part) -> list[Config]:
        part.expect(iter_num=1)
        part.ignore("epsilon")
        names = {"pad_ratio": "pad_ratio", "min_area_ratio": "min_area_ratio"}
        prob = part.take("crop_ratio", 0.5)
        return [{"type": "RandomCropFlip", "prob": prob, **part.renamed(names)}]

    def _of_random_resize(self, part: Part) -> list[Config]:
        part.expect(keep_ratio=True)
        base = _size(part.take("scale"))
        ratios = part.take("ratio_range")
        named = {"base": [max(base), min(base)], "ratio_range": ratios, "independent": False}
        return [{"type": "RandomScale", **named}]

    def _of_random_apply(self, part: Part) -> list[Config]:
        inner = self.convert(_parts(part.take("transforms"), part.place, self.lacking))
        return [{"type": "RandomApply", "prob": part.take("prob", 0.5), "transforms": inner}]

    def _of_random_choice(self, part: Part) -> list[Config]:
        choices, probs = part.take("transforms") or [], part.take("prob")
        choices = [choice if isinstance(choice, list | tuple) else [choice] for choice in choices]
        kinds = [[step.get("type") for step in choice] for choice in choices]
        if kinds == [["Resize", "SourceImagePad"], ["Resize"]] and probs:
            size = _size(choices[0][0].get("scale"))[0]
            return [{"type": "SquareResizePad", "size": size, "pad_prob": probs[0]}]
        inner = [self.convert(_parts(choice, part.place, self.lacking)) for choice in choices]
        return [{"type": "RandomChoice", "choices": inner, **({"probs": probs} if probs else {})}]


def _size(value: Any) -> list[int]:
    """Return MMOCR's size as two numbers; one stands for both.

    Raises:
        ConfigError: It is none.
    """
    sizes = [value, value] if isinstance(value, int) else list(value or [])
    if len(sizes) != 2 or not all(isinstance(side, int) for side in sizes):
        raise ConfigError(f"a size of one or two whole numbers is wanted, got {shown(value)}")
    return sizes
