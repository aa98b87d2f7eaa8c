"""Decorrelation and integrated times of every variable, and differences of its autocorrelations."""

from kgmm.statistics.autocorrelation import compare_autocorrelations
from kgmm.statistics.autocorrelation_floors import with_autocorrelation_floors
from kgmm.statistics.model_statistics import ModelSample, ModelStatistic


def compute(sample: ModelSample):
    found = compare_autocorrelations(sample.data_path, sample.model_path, sample.data_autocorrelation)
    if sample.reference_path is not None:
        found = with_autocorrelation_floors(found, sample.data_path, sample.reference_path)
    return found.to_dict("records")


STATISTIC = ModelStatistic(compute, rank=2, physical=("decorrelation_time", "integrated_time"))
