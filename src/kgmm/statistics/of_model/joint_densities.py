"""Total variation of every pair of variables, sliced Wasserstein-1 distance, and tails."""

from kgmm.statistics.joint import TAILS, compare_joint
from kgmm.statistics.model_statistics import ModelSample, ModelStatistic


def compute(sample: ModelSample):
    return compare_joint(sample.data, sample.model, sample.reference, sample.sigma).to_dict("records")


STATISTIC = ModelStatistic(compute, rank=1, physical=tuple(f"quantile_{tail:g}" for tail in TAILS))
