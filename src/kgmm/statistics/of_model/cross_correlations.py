"""Differences of the cross-correlations of every ordered pair of variables over five decorrelation times."""

import numpy as np

from kgmm.statistics.autocorrelation import HORIZONS
from kgmm.statistics.cross_correlation import compare_cross_correlations
from kgmm.statistics.model_statistics import ModelSample, ModelStatistic

_MAX_VARIABLES = 8


def compute(sample: ModelSample):
    times = sample.data_autocorrelation.decorrelation_times
    if not 2 <= len(times) <= _MAX_VARIABLES or not np.isfinite(times).all():
        return []
    try:
        found = compare_cross_correlations(sample.data_path, sample.model_path, HORIZONS[-1] * float(times.max()))
    except ValueError:  # a path is too short for it
        return []
    return found.to_dict("records")


STATISTIC = ModelStatistic(compute, rank=4)
