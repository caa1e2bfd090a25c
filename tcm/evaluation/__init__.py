"""Evaluation protocols, one file a family; importing the package registers them in METRICS."""

from tcm.evaluation.hmean_sweep import HmeanSweep
from tcm.evaluation.icdar2015 import ICDAR2015
from tcm.evaluation.scores import Metric, Scores

__all__ = ["HmeanSweep", "ICDAR2015", "Metric", "Scores"]
