"""The held-out denoising loss ``E‖ε(x) − z‖² − d`` with ``ε = −σ s``; lower is better, comparable at equal σ only."""

from kgmm.statistics.denoising import denoising_loss
from kgmm.statistics.score_statistics import ScoreSample, ScoreStatistic


def compute(sample: ScoreSample):
    return denoising_loss(-sample.sigma * sample.at_noisy, sample.noise)


STATISTIC = ScoreStatistic("held-out denoising loss", compute, rank=0)
