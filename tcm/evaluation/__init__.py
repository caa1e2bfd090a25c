"""Evaluation protocols, one file a family; importing the package registers them in METRICS."""

from tcm.evaluation.hmean_sweep import HmeanSweep
from tcm.evaluation.icdar2015 import ICDAR2015
from tcm.evaluation.protocols import PROTOCOLS, build_protocol
from tcm.evaluation.scores import Metric, Scores

__all__ = ["PROTOCOLS", "HmeanSweep", "ICDAR2015", "Metric", "Scores", "build_protocol"]
