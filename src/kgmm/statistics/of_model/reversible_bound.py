"""What no reversible model can do better, for the autocorrelations of every variable: a property of the data."""

from kgmm.statistics.model_statistics import ModelSample, ModelStatistic
from kgmm.statistics.reversible import reversible_bound


def compute(sample: ModelSample):
    bounds = reversible_bound(sample.data_autocorrelation)
    return [
        {"statistic": "reversible_bound", "variable": str(name), "value": bound.value, "stderr": bound.stderr}
        for name, bound in zip(sample.data_path["variable"].values, bounds)
    ]


STATISTIC = ModelStatistic(compute, rank=3, of_baselines=False)
