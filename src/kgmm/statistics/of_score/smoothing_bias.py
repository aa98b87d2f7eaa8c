"""Relative mean-square difference of the exact smoothed score ``s_σ`` from ``s``: the bias of every estimate at σ."""

from kgmm.statistics.comparison import relative_error
from kgmm.statistics.score_statistics import ScoreSample, ScoreStatistic


def compute(sample: ScoreSample):
    return relative_error(sample.smoothed_at_clean, sample.exact)


STATISTIC = ScoreStatistic("smoothing bias", compute, rank=4, needs_exact=True)
