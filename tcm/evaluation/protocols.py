"""The protocols by the name that the command line takes."""

from typing import Any

from tcm.errors import ConfigError, nearest
from tcm.registry import METRICS

# Classes by their names, so that their modules are imported when one is built.
PROTOCOLS: dict[str, str] = {
    "art": "ArT",
    "cleval": "CLEval",
    "cleval-e2e": "CLEvalEndToEnd",
    "coco-text": "COCOText",
    "ctw1500": "CTW1500",
    "ctw1500-e2e": "CTW1500EndToEnd",
    "ctw1500-voc": "CTW1500VOC",
    "dota-task1": "DOTATask1",
    "hiertext": "HierText",
    "hmean-sweep": "HmeanSweep",
    "icdar2013-deteval": "ICDAR2013DetEval",
    "icdar2015": "ICDAR2015",
    "icdar2015-e2e": "ICDAR2015EndToEnd",
    "icdar2015-word-spotting": "ICDAR2015WordSpotting",
    "icdar2017-mlt": "ICDAR2017MLT",
    "icdar2019-mlt-e2e": "MLT19EndToEnd",
    "inverse-text": "InverseText",
    "inverse-text-e2e": "InverseTextEndToEnd",
    "lsvt-e2e": "LSVTEndToEnd",
    "ltb": "LTBDetection",
    "msra-td500": "MSRATD500",
    "ocrbench-v2": "OCRBenchV2Spotting",
    "ocrbench-v2-answers": "OCRBenchV2Answers",
    "optimal": "OptimalAssignment",
    "paddleocr-e2e": "PaddleOCREndToEnd",
    "rctw": "RCTW",
    "rects": "ReCTS",
    "tiou": "TIoU",
    "tiou-ctw1500": "CTW1500TIoU",
    "tiou-totaltext": "TotalTextTIoU",
    "totaltext-deteval": "TotalTextDetEval",
    "totaltext-e2e": "TotalTextEndToEnd",
    "totaltext-iou": "TotalTextIoU",
    "totaltext-pascal": "TotalTextPascal",
    "words": "WordBenchmarks",
}


def build_protocol(name: str, options: dict[str, Any] | None = None) -> Any:
    """Return the protocol of a name.

    Args:
        name: A key of `PROTOCOLS`.
        options: Arguments of its class.

    Raises:
        ConfigError: An unknown name or option.
    """
    if name not in PROTOCOLS:
        raise ConfigError(f"unknown protocol '{name}'{nearest(name, PROTOCOLS)}")
    return METRICS.build({"type": PROTOCOLS[name], **(options or {})}, "option")
