"""Statistics of a model beside data: found by the names of their files in ``statistics/of_model``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import xarray as xr

from kgmm.statistics.autocorrelation import BlockedAutocorrelation
from kgmm.statistics.registry import statistics_in


@dataclass(frozen=True)
class ModelSample:
    """What statistics of a model are computed from; trajectories have the dimensions ``(member, time, variable)``.

    Attributes
    ----------
    data, model : xarray.DataArray
        Held-out data and a sample of the model, sparse in time.
    data_path, model_path : xarray.DataArray
        The same, densely saved.
    reference : xarray.DataArray
        A fresh run of the true system, sparse in time, for the floors.
    sigma : float or None
        Noise amplitude of the score in standard deviations; ``None`` for a model without a score.
    reference_path : xarray.DataArray or None
        The part of the data that stands in for a fresh run, densely saved, for the floors of autocorrelations.
    """

    data: xr.DataArray
    model: xr.DataArray
    data_path: xr.DataArray
    model_path: xr.DataArray
    reference: xr.DataArray
    sigma: float | None = None
    reference_path: xr.DataArray | None = None

    @cached_property
    def data_autocorrelation(self) -> BlockedAutocorrelation:
        """Of ``data_path``."""
        return BlockedAutocorrelation.of_path(self.data_path)

    def of_baseline(self, model: xr.DataArray, model_path: xr.DataArray) -> ModelSample:
        """The same data beside the sample and the path of a model without a score."""
        other = replace(self, model=model, model_path=model_path, sigma=None)
        other.__dict__["data_autocorrelation"] = self.data_autocorrelation  # where the cached property keeps it
        return other


@dataclass(frozen=True)
class ModelStatistic:
    """One statistic of a model, or several that share their computation.

    Attributes
    ----------
    compute : callable
        Makes rows with (some of) the columns of :data:`kgmm.statistics.metrics.COLUMNS` from a :class:`ModelSample`.
    rank : int
        Place in tables.
    physical : tuple of str
        Those of its statistics that change with the units of the variables.
    of_baselines : bool
        Whether it is computed of the baselines too.
    """

    compute: Callable[[ModelSample], list[dict]]
    rank: int = 100
    physical: tuple[str, ...] = ()
    of_baselines: bool = True


def model_statistics() -> dict[str, ModelStatistic]:
    """All statistics by the names of their files, in the order of their rank."""
    return statistics_in("of_model")


def model_rows(sample: ModelSample, baseline: bool = False) -> list[dict]:
    """Rows of all statistics of a model, or of those computed of baselines."""
    rows = []
    for statistic in model_statistics().values():
        if baseline and not statistic.of_baselines:
            continue
        for row in statistic.compute(sample):
            rows.append({"coordinates": "physical" if row["statistic"] in statistic.physical else "any", **row})
    return rows
