"""Relative mean-square error against the exact smoothed score ``s_σ``: the error of the estimate itself."""

from kgmm.statistics.comparison import relative_error
from kgmm.statistics.score_statistics import ScoreSample, ScoreStatistic


def compute(sample: ScoreSample):
    return relative_error(sample.at_noisy, sample.smoothed)


STATISTIC = ScoreStatistic("error against s_σ", compute, rank=3, needs_exact=True)
