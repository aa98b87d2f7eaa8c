"""How far a score is from Stein's identity ``E[s xᵀ] = −I`` under the blurred density."""

from kgmm.statistics.comparison import stein_residual
from kgmm.statistics.score_statistics import ScoreSample, ScoreStatistic


def compute(sample: ScoreSample):
    return stein_residual(sample.at_noisy, sample.noisy)


STATISTIC = ScoreStatistic("Stein residual", compute, rank=1)
