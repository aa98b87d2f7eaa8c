"""Relative mean-square error against the exact score ``s`` at the held-out samples."""

from kgmm.statistics.comparison import relative_error
from kgmm.statistics.score_statistics import ScoreSample, ScoreStatistic


def compute(sample: ScoreSample):
    return relative_error(sample.at_clean, sample.exact)


STATISTIC = ScoreStatistic("error against s", compute, rank=2, needs_exact=True)
