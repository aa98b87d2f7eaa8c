"""What simulations and Langevin samples write: sparse samples of many members, then a dense path of a few."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from kgmm.data.blocks import effective_sizes
from kgmm.data.samples import Samples
from kgmm.data.standardization import Standardization
from kgmm.data.trajectory import open_trajectory, write_trajectory
from kgmm.sde.ensemble import Ensemble


def write_samples_and_path(
    ensemble: Ensemble,
    record: Callable[[int, float], Iterator[np.ndarray]],
    settings: dict,
    *,
    samples: str | Path,
    path: str | Path,
    variables: Sequence[str],
    attributes: dict,
) -> None:
    """Records all members, then goes on with the first few at a finer interval.

    The score wants many decorrelated samples; mobility and autocorrelations want a path with short lags.

    Parameters
    ----------
    record
        ``record(n_times, interval)`` yields pieces of the ensemble as it goes on.
    settings
        ``n_members``, ``n_times``, ``sample_interval``; ``path_members``, ``path_interval``, ``path_length``.
    samples, path
        Files to write.
    """

    def write(file: str | Path, n_members: int, n_times: int, interval: float) -> None:
        write_trajectory(
            file,
            record(n_times, interval),
            n_members=n_members,
            n_times=n_times,
            variables=variables,
            interval=interval,
            attributes=attributes,
        )

    write(samples, settings["n_members"], settings["n_times"], settings["sample_interval"])
    ensemble.keep_members(settings["path_members"])
    n_times = round(settings["path_length"] / settings["path_interval"])
    write(path, settings["path_members"], n_times, settings["path_interval"])
    add_effective_size(samples)


def add_effective_size(path: str | Path) -> None:
    """Stores the effective size of each variable with the samples of a trajectory file, by block variance."""
    import netCDF4

    with open_trajectory(path) as trajectory:
        samples = Samples(trajectory)
        sizes = effective_sizes(samples, Standardization.of(samples))
    with netCDF4.Dataset(path, "a") as file:
        variable = file.createVariable("effective_size", "f8", ("variable",))
        variable.long_name = "number of independent samples worth these, by the variance between 20 blocks"
        variable[:] = sizes
