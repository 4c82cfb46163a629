"""How good one answer is: small functions of an answer and what it is measured by, each from 0 to 1."""

from ftworkbench.evaluate.metrics.choose import choose_metrics
from ftworkbench.evaluate.metrics.metric import Metric, Scored
from ftworkbench.evaluate.metrics.named import METRICS, named_metric

__all__ = ["METRICS", "Metric", "Scored", "choose_metrics", "named_metric"]
