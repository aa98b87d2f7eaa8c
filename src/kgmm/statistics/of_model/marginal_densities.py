"""Relative entropies, Wasserstein-1 distances, means and deviations of every variable."""

from kgmm.statistics.comparison import compare
from kgmm.statistics.model_statistics import ModelSample, ModelStatistic


def compute(sample: ModelSample):
    return compare(sample.data, sample.model, sample.reference).to_dict("records")


STATISTIC = ModelStatistic(
    compute, rank=0, physical=("relative_entropy_kde", "wasserstein", "mean", "standard_deviation")
)
