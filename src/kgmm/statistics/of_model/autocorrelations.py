"""Decorrelation and integrated times of every variable, and differences of its autocorrelations."""

from kgmm.statistics.autocorrelation import compare_autocorrelations
from kgmm.statistics.model_statistics import ModelSample, ModelStatistic


def compute(sample: ModelSample):
    return compare_autocorrelations(sample.data_path, sample.model_path).to_dict("records")


STATISTIC = ModelStatistic(compute, rank=2, physical=("decorrelation_time", "integrated_time"))
