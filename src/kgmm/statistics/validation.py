"""Whether a Langevin model can be used: its statistics beside those of the data, with floors, and a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from kgmm.data.paths import as_path, equal_members, states, time_step_of
from kgmm.randomness import Seed
from kgmm.statistics.autocorrelation import BlockedAutocorrelation, compare_autocorrelations
from kgmm.statistics.comparison import block_deviation, block_mean, compare
from kgmm.statistics.diagnosis import diagnose, summaries
from kgmm.statistics.quantiles import quantile_errors, wrong_quantiles

if TYPE_CHECKING:
    from kgmm.langevin.model import LangevinModel

# Pieces of the data, assigned to its two halves in turn, so that a slow drift is in both.
_PIECES = 40
_MEMBERS = 200
_BURN_IN, _LENGTH = 5.0, 25.0  # decorrelation times
_MAX_STEPS = 20_000
# Differences up to these pass, and up to the second number times what two halves of the data differ by.
_ENTROPY, _AUTOCORRELATION, _FLOORS = 0.02, 0.1, 3.0
_MIN_TIMES, _MIN_PER_TIME, _MAX_DRIFT = 50.0, 3.0, 4.0


@dataclass(frozen=True)
class Validation:
    """What :func:`validate` found.

    Attributes
    ----------
    table : pandas.DataFrame
        A row per statistic and variable: ``value``, ``stderr``, ``data_value``, and ``floor``, the same statistic
        between two halves of the data.
    sample : xarray.DataArray
        The sample of the model, dimensions ``(member, time, variable)``.
    limits : tuple of str
        What speaks against the model or the data, one clause each.

    Examples
    --------
    >>> Validation(pd.DataFrame(), xr.DataArray(), ("the data of x are 12 decorrelation times long",)).verdict
    'The model is to be used with care: the data of x are 12 decorrelation times long.'
    """

    table: pd.DataFrame
    sample: xr.DataArray
    limits: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """One sentence: whether the model can be used, and what limits it."""
        if not self.limits:
            return "The model reproduces the densities and the time scales of the data within their floors."
        return f"The model is to be used with care: {'; '.join(self.limits)}."

    def __repr__(self) -> str:
        return f"Validation({self.verdict!r}, {len(self.table)} statistics)"


def validate(model: LangevinModel, path, *, random_state: Seed = 0) -> Validation:
    """Compares a sample of a Langevin model with data.

    The floor of a statistic is its value between two halves of the data: 40 pieces are assigned to them in turn for
    densities, and the halves of every member are taken for autocorrelations. A model passes if its relative entropies
    are below 0.02 or three floors, and its autocorrelations within 0.1 or three floors of those of the data over five
    decorrelation times. The data pass if they are 50 decorrelation times long and saved three times in one, and if the
    two halves agree in mean and deviation within four standard errors.

    Parameters
    ----------
    model : LangevinModel
        The model, in the units of the path.
    path : array_like
        The data, see :func:`kgmm.data.paths.as_path`.
    random_state : int or numpy.random.SeedSequence
        Seed of the sample.

    Returns
    -------
    Validation
        ``validation.table``, ``validation.sample``, ``validation.verdict``.

    Raises
    ------
    ValueError
        If the path has another number of variables, or is too short for any comparison.
    ScientificFailure
        If trajectories of the model leave the range of the data.

    Examples
    --------
    >>> import kgmm
    >>> path = kgmm.simulate("ornstein_uhlenbeck", n_members=20, n_times=1000, interval=0.1, seed=0)
    >>> model = kgmm.fit_langevin(path, kgmm.fit_score(path, families=("polynomial",)), circulation="none")
    >>> sorted(kgmm.validate(model, path).table["statistic"].unique())[:2]
    ['autocorrelation_error', 'autocorrelation_error_5']
    """
    path = equal_members(as_path(path))
    scale = model.score.standardization.scale
    if scale.size != path.sizes["variable"]:
        raise ValueError(f"the model is of {scale.size} variables: the path has {path.sizes['variable']}")
    if path.sizes["time"] < 2 * _PIECES:
        raise ValueError(f"the members of the path have {path.sizes['time']} states: {2 * _PIECES} are needed")
    interval = time_step_of(path)
    blocked = BlockedAutocorrelation.of(path.values, interval)
    times = blocked.decorrelation_times
    slowest = float(np.nanmax(times)) if np.isfinite(times).any() else np.nan
    sample = _sample(model, path, slowest if np.isfinite(slowest) else 10 * interval, random_state)

    even, odd = _interleaved(path)
    densities = compare(even, sample, odd)
    first, second = _halves(path)
    clocks = compare_autocorrelations(path, sample)
    floors = compare_autocorrelations(first, second).set_index(["statistic", "variable"])["value"]
    differences = clocks["statistic"].str.startswith("autocorrelation_error")
    clocks["floor"] = [
        floors.get((row.statistic, row.variable), np.nan) if differ else np.nan
        for row, differ in zip(clocks.itertuples(), differences)
    ]
    table = pd.concat([densities, clocks], ignore_index=True)
    names = [str(name) for name in path["variable"].values]
    findings = [finding for finding in diagnose(states(path), model.score.sigma, names) if finding.kind != "drift"]
    quantiles = wrong_quantiles(quantile_errors(path.values, sample.values), names)
    limits = (*_of_data(path, times, interval), *summaries(findings), *_of_model(table), *quantiles)
    return Validation(table, sample, limits)


def _sample(model: LangevinModel, path: xr.DataArray, time: float, random_state: Seed) -> xr.DataArray:
    """A sample saved at the interval of the path, many decorrelation times long."""
    interval = time_step_of(path)
    everything = states(path)
    initial = everything[np.linspace(0, len(everything) - 1, _MEMBERS).astype(int)]
    step = model.choose_step(initial, longest=interval).dt
    save_every = round(interval / step)
    n_times = max(2 * _PIECES, round(_LENGTH * time / interval))
    n_times = max(2, min(n_times, _MAX_STEPS // save_every))
    burn_in = interval * round(_BURN_IN * time / interval)
    sample = model.sample(
        _MEMBERS, n_times * save_every, step, save_every=save_every, burn_in=burn_in, initial=initial,
        seed=random_state,
    )  # fmt: skip
    return sample.assign_coords(variable=path["variable"].values)


def _interleaved(path: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Two halves of a path: pieces of it in turn, each a member."""
    length = path.sizes["time"] * path.sizes["member"] // max(_PIECES, path.sizes["member"])
    length = min(length, path.sizes["time"])
    n_pieces = path.sizes["time"] // length
    values = path.values[:, : n_pieces * length].reshape(-1, length, path.sizes["variable"])
    coords = {"time": path["time"].values[:length], "variable": path["variable"].values}
    return tuple(xr.DataArray(values[start::2], dims=path.dims, coords=coords) for start in (0, 1))


def _halves(path: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """The first and the second half of every member."""
    half = path.sizes["time"] // 2
    times = path["time"].values[:half]
    return path[:, :half].assign_coords(time=times), path[:, -half:].assign_coords(time=times)


def _of_data(path: xr.DataArray, times: np.ndarray, interval: float) -> list[str]:
    limits = []
    for k, name in enumerate(path["variable"].values):
        time = times[k]
        length = path.sizes["member"] * path.sizes["time"] * interval
        if not np.isfinite(time) or length < _MIN_TIMES * time:
            said = "never decorrelates" if not np.isfinite(time) else f"is {length / time:.0f} decorrelation times long"
            limits.append(f"the data of {name} {said}, {_MIN_TIMES:.0f} are needed")
        elif time < _MIN_PER_TIME * interval:
            limits.append(f"{name} is saved {time / interval:.1f} times in a decorrelation time")
        for statistic, what in ((block_mean, "mean"), (block_deviation, "deviation")):
            a, b = (statistic(part.values[:, :, k]) for part in _halves(path))
            drift = abs(a.value - b.value) / max(float(np.hypot(a.stderr, b.stderr)), 1e-300)
            if drift > _MAX_DRIFT:
                limits.append(f"the {what} of {name} drifts by {drift:.1f} standard errors: is it stationary?")
    return limits


def _of_model(table: pd.DataFrame) -> list[str]:
    limits = []
    for statistic, bar, what in (
        ("relative_entropy", _ENTROPY, "density"),
        ("autocorrelation_error_5", _AUTOCORRELATION, "autocorrelation"),
    ):
        for row in table[table["statistic"] == statistic].itertuples():
            allowed = max(bar, _FLOORS * row.floor) if np.isfinite(row.floor) else bar
            if np.isfinite(row.value) and row.value > allowed:
                limits.append(f"the {what} of {row.variable} differs by {row.value:.2g}, floor {row.floor:.2g}")
    return limits
