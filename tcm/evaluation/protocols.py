"""The protocols by the name that the command line takes."""

from typing import Any

from tcm.errors import ConfigError, nearest
from tcm.evaluation.art import ArT
from tcm.evaluation.ctw1500 import CTW1500
from tcm.evaluation.ctw1500_voc import CTW1500VOC
from tcm.evaluation.hmean_sweep import HmeanSweep
from tcm.evaluation.icdar2013_deteval import ICDAR2013DetEval
from tcm.evaluation.icdar2015 import ICDAR2015
from tcm.evaluation.icdar2015_e2e import ICDAR2015EndToEnd, ICDAR2015WordSpotting
from tcm.evaluation.icdar2017_mlt import ICDAR2017MLT
from tcm.evaluation.msra_td500 import MSRATD500
from tcm.evaluation.polygon_spotting import CTW1500EndToEnd, TotalTextEndToEnd
from tcm.evaluation.totaltext import TotalTextIoU
from tcm.evaluation.totaltext_deteval import TotalTextDetEval
from tcm.evaluation.totaltext_pascal import TotalTextPascal
from tcm.registry import METRICS

PROTOCOLS: dict[str, type] = {
    "art": ArT,
    "ctw1500": CTW1500,
    "ctw1500-e2e": CTW1500EndToEnd,
    "ctw1500-voc": CTW1500VOC,
    "hmean-sweep": HmeanSweep,
    "icdar2013-deteval": ICDAR2013DetEval,
    "icdar2015": ICDAR2015,
    "icdar2015-e2e": ICDAR2015EndToEnd,
    "icdar2015-word-spotting": ICDAR2015WordSpotting,
    "icdar2017-mlt": ICDAR2017MLT,
    "msra-td500": MSRATD500,
    "totaltext-deteval": TotalTextDetEval,
    "totaltext-e2e": TotalTextEndToEnd,
    "totaltext-iou": TotalTextIoU,
    "totaltext-pascal": TotalTextPascal,
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
    return METRICS.build({"type": PROTOCOLS[name].__name__, **(options or {})}, "option")
