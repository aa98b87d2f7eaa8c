"""The constant mobility ``Φ`` of a Langevin model, from correlations in time."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.optimize import minimize_scalar

from kgmm.data.blocks import Estimate
from kgmm.data.paths import time_step_of
from kgmm.errors import ScientificFailure
from kgmm.langevin.options import LONGEST_WINDOW, MobilityOptions
from kgmm.statistics.autocorrelation import BlockedAutocorrelation, jackknife
from kgmm.statistics.correlation import block_correlations, correlation

logger = logging.getLogger("kgmm")

_DEFAULTS = MobilityOptions()
# Between 1, where independent noise dominates the short lags, and 2, where the paths are smooth.
SMOOTH_EXPONENT = 1.5
# Of the fit of a slope.
MIN_LAGS = 6
_LARGEST_RESCALING = 1e4
_NONE = Estimate(np.nan, np.nan)


class ModelPathMissing(ValueError):
    """A matched mobility is asked for, or is what ``auto`` chooses, and no path of a model is given."""


@dataclass(frozen=True, repr=False)
class Mobility:
    """A constant mobility and how it was estimated.

    Attributes
    ----------
    matrix
        ``Φ``, ``(n_features, n_features)``, physical units squared per time.
    stderr
        Its standard errors.
    method
        ``"slope"`` or ``"matched"``.
    exponent
        Of the short lags, see :func:`short_lag_exponent`.
    window
        Longest lag that the slope is fitted to, NaN where it is not.
    decorrelation_time
        Of the slowest variable.
    rescaling
        ``α`` of a matched mobility ``α Φ₀`` with its standard error; NaN for a slope.
    mismatch
        Root mean square difference of the autocorrelations up to the decorrelation time that ``α`` leaves.
    """

    matrix: np.ndarray
    stderr: np.ndarray
    method: str
    exponent: float
    window: float
    decorrelation_time: float
    rescaling: Estimate = _NONE
    mismatch: float = np.nan

    def __repr__(self) -> str:
        matrix = np.array2string(self.matrix, precision=3).replace("\n", "")
        return f"Mobility({matrix}, method={self.method!r})"

    def to_dataset(self) -> xr.Dataset:
        """A dataset that :meth:`from_dataset` reads back."""
        dims = ("variable", "other_variable")
        return xr.Dataset(
            {"mobility": (dims, self.matrix), "mobility_stderr": (dims, self.stderr)},
            attrs={
                "method": self.method,
                "exponent": self.exponent,
                "window": self.window,
                "decorrelation_time": self.decorrelation_time,
                "rescaling": self.rescaling.value,
                "rescaling_stderr": self.rescaling.stderr,
                "mismatch": self.mismatch,
            },
        )

    @classmethod
    def from_dataset(cls, dataset: xr.Dataset) -> Mobility:
        """The mobility in a dataset that :meth:`to_dataset` made."""
        attributes = {name: float(value) for name, value in dataset.attrs.items() if name != "method"}
        rescaling = Estimate(attributes.pop("rescaling"), attributes.pop("rescaling_stderr"))
        matrix, stderr = (dataset[name].values for name in ("mobility", "mobility_stderr"))
        return cls(matrix, stderr, method=dataset.attrs["method"], rescaling=rescaling, **attributes)


def estimate_mobility(
    path: xr.DataArray,
    *,
    method: str = _DEFAULTS.method,
    window: float = _DEFAULTS.window,
    model_path: xr.DataArray | None = None,
    model_mobility: np.ndarray | None = None,
) -> Mobility:
    """Estimates ``Φ`` from a densely saved path, ``Ċ(0⁺) = −Φ`` with ``C(τ) = E[x(t + τ) x(t)ᵀ]``.

    Parameters
    ----------
    path
        Dimensions ``(member, time, variable)``, many decorrelation times long, saved at intervals far below one.
    method
        ``"slope"`` fits a cubic to ``C`` at short lags; right where independent noise dominates them. ``"matched"``
        rescales the clock of a model so that its autocorrelations agree best up to the decorrelation time of the
        slowest variable; for smooth or chaotic data. ``"auto"`` takes the slope if the exponent of the short lags is
        below 1.5 in all variables and the path is saved often enough for a slope, else ``"matched"``.
    window
        Longest lag of the slope's fit in decorrelation times of the fastest variable; six lags at least are used.
    model_path, model_mobility
        A path of the model with the mobility ``Φ₀`` and that mobility, for ``"matched"``. Because ``α Φ₀`` only
        rescales time, one simulation is enough.

    Returns
    -------
    Mobility
        ``matrix`` and its standard errors ``stderr``, the ``method``, and what decided for it.

    Raises
    ------
    ValueError
        For unusable arguments.
    ScientificFailure
        If the path is saved too rarely for a slope that is asked for, never decorrelates, or the symmetric part of the
        slope is not positive definite.

    References
    ----------
    arXiv:2505.01895, for the relation between slope and mobility.

    Examples
    --------
    >>> from kgmm import simulate
    >>> path = simulate("double_well", n_members=50, n_times=2000, interval=0.02, seed=0)
    >>> mobility = estimate_mobility(path)
    >>> mobility.method, bool(abs(mobility.matrix[0, 0] - 1) < 4 * mobility.stderr[0, 0])
    ('slope', True)
    """
    MobilityOptions.checked(method=method, window=window)
    interval, values = time_step_of(path), path.values.astype(float)
    data = BlockedAutocorrelation.of(values, interval)
    times = data.decorrelation_times
    if not np.isfinite(times).all():
        raise ScientificFailure("a variable of the path never decorrelates: the path is too short for a mobility")
    exponent = float("nan")
    if method != "matched":
        n_lags = max(MIN_LAGS, int(window * times.min() / interval + 1e-9))
        exponent = float(short_lag_exponent(values, max(2, int(window * times.min() / interval))).max())
        too_rare = n_lags * interval > LONGEST_WINDOW * times.min()
        if method == "auto":
            method = "slope" if exponent < SMOOTH_EXPONENT and not too_rare else "matched"
            logger.info("exponent of the short lags %.2f%s: %s", exponent, ", saved rarely" if too_rare else "", method)
    if method == "slope":
        if too_rare:
            raise ScientificFailure(
                f"the path is saved every {interval:g}, too rarely for a slope: {n_lags} lags are needed within "
                f"half the decorrelation time of the fastest variable, {times.min():.3g}"
            )
        matrix, stderr = slope_mobility(values, interval, n_lags)
        refuse_indefinite(matrix)
        return Mobility(matrix, stderr, "slope", exponent, n_lags * interval, float(times.max()))
    if model_path is None or model_mobility is None:
        raise ModelPathMissing(
            "a matched mobility needs model_path and model_mobility: a path of the model whose clock is rescaled "
            f"(the exponent of the short lags is {exponent:.2g}, so their slope is not the mobility)"
        )
    model_interval = time_step_of(model_path)
    model = BlockedAutocorrelation.of(model_path.values.astype(float), model_interval)
    rescaling, mismatch = match_clock(data, model)
    matrix = rescaling.value * np.asarray(model_mobility, dtype=float)
    stderr = matrix * rescaling.stderr / rescaling.value
    return Mobility(matrix, np.abs(stderr), "matched", exponent, float("nan"), float(times.max()), rescaling, mismatch)


def short_lag_exponent(values: np.ndarray, n_lags: int) -> np.ndarray:
    """``log₂ (C(0) − C(2h))/(C(0) − C(h))`` of each variable, ``2h`` being ``n_lags``, shape ``(n_features,)``.

    About 1 (or less) where independent noise dominates these lags, 2 where the paths are smooth.
    """
    half = n_lags // 2
    own = np.einsum("kii->ki", correlation(values, 2 * half + 1))
    return np.log2((own[0] - own[2 * half]) / (own[0] - own[half]))


def slope_mobility(values: np.ndarray, interval: float, n_lags: int) -> tuple[np.ndarray, np.ndarray]:
    """``Φ`` and its standard errors from a cubic through ``C`` at the lags ``0 … n_lags``, physical units.

    ``C(0) − C(τ) = Φ τ + a τ² + b τ³`` is fitted with weights ``1/τ``, because the variance of the left-hand side grows
    as ``τ``. The standard errors are those of the slopes of blocks of the path.

    Parameters
    ----------
    values
        ``(n_members, n_times, n_features)``, physical units, ``interval`` apart.
    """
    slopes = np.array([_slope(c, interval) for c in block_correlations(values, n_lags + 1)])
    stderr = slopes.std(axis=0, ddof=1) / len(slopes) ** 0.5
    return _slope(correlation(values, n_lags + 1), interval), stderr


def _slope(correlations: np.ndarray, interval: float) -> np.ndarray:
    lags = np.arange(1, len(correlations))
    weight = 1.0 / np.sqrt(lags)[:, None]
    powers = (lags / lags[-1])[:, None] ** np.arange(1, 4)
    fall = (correlations[0] - correlations[1:]).reshape(lags.size, -1)
    coefficients = np.linalg.lstsq(weight * powers, weight * fall, rcond=None)[0]
    return coefficients[0].reshape(correlations.shape[1:]) / (interval * lags[-1])


def refuse_indefinite(mobility: np.ndarray) -> None:
    """Raises :class:`ScientificFailure` with the eigenvalues unless the symmetric part is positive definite."""
    eigenvalues = np.linalg.eigvalsh(0.5 * (mobility + mobility.T))
    if eigenvalues[0] <= 0:
        raise ScientificFailure(
            "the symmetric part of the mobility is not positive definite: its eigenvalues are "
            + ", ".join(f"{value:.3g}" for value in eigenvalues)
        )


def match_clock(data: BlockedAutocorrelation, model: BlockedAutocorrelation) -> tuple[Estimate, float]:
    """The factor ``α`` by which the model's clock must run faster, and the mismatch that is left.

    ``α`` minimises the root mean square of ``ρ_data(τ) − ρ_model(α τ)`` over all variables and the lags up to the
    largest decorrelation time of the data. Its standard error is that of the jackknife over the blocks of both.
    """
    horizon = float(data.decorrelation_times.max())

    def best(of_data: np.ndarray, of_model: np.ndarray) -> tuple[float, float]:
        return _best_rescaling(of_data, data.interval, of_model, model.interval, horizon)

    _, mismatch = best(data.rho, model.rho)
    return jackknife(lambda *rho: best(*rho)[0], data, model), mismatch


def _best_rescaling(
    data: np.ndarray, interval: float, model: np.ndarray, model_interval: float, horizon: float
) -> tuple[float, float]:
    n_lags = int(np.ceil(horizon / interval)) + 1
    lags, own_lags = interval * np.arange(n_lags), model_interval * np.arange(len(model))

    def mismatch(logarithm: float) -> float:
        at = np.minimum(np.exp(logarithm) * lags, own_lags[-1])
        there = np.stack([np.interp(at, own_lags, column) for column in model.T], axis=1)
        return float(np.sqrt(np.mean((data[:n_lags] - there) ** 2)))

    # A scan first: far from its minimum the mismatch is flat.
    logarithms = np.linspace(-np.log(_LARGEST_RESCALING), np.log(_LARGEST_RESCALING), 401)
    k = int(np.argmin([mismatch(value) for value in logarithms]))
    if k in (0, len(logarithms) - 1):
        raise ScientificFailure("no rescaling of the model's clock brings its autocorrelations near those of the data")
    found = minimize_scalar(mismatch, bounds=(logarithms[k - 1], logarithms[k + 1]), method="bounded")
    return float(np.exp(found.x)), float(found.fun)
