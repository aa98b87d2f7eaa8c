"""The linear inverse model: the Gaussian process with the covariances of the data at lag zero and at one other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.linalg import expm, logm

from kgmm.data.paths import time_step_of
from kgmm.data.segments import longest_run, states_of
from kgmm.data.trajectory import as_trajectory
from kgmm.errors import ScientificFailure
from kgmm.langevin.mobility import refuse_indefinite
from kgmm.randomness import Seed, seed_sequence
from kgmm.statistics.correlation import correlation

_LARGEST_IMAGINARY, _LARGEST_CONDITION = 1e-6, 1e12
# Lags in units of the slowest decorrelation time: the first that gives a model is used.
_LAGS = (0.5, 0.25, 0.125)


@dataclass(frozen=True)
class LinearInverseModel:
    """``dX = B (X − m) dt + noise`` with ``B = log(C(τ) C(0)⁻¹)/τ``; its law is ``N(m, C(0))``.

    Attributes
    ----------
    mean : ndarray of shape (n_features,)
    covariance : ndarray of shape (n_features, n_features)
        ``C(0)``.
    drift : ndarray of shape (n_features, n_features)
        ``B``; its eigenvalues have negative real parts.
    lag : float
        ``τ``.

    Notes
    -----
    Source: Penland & Sardeshmukh 1995, "The optimal growth of tropical sea surface temperature anomalies".

    Examples
    --------
    >>> from kgmm import get_system, simulate
    >>> system = get_system("ornstein_uhlenbeck")
    >>> path = simulate(system, n_members=200, n_times=400, interval=0.05, seed=1)
    >>> model = LinearInverseModel.fit(path, lag=0.5)
    >>> bool(np.abs(model.drift + system.drift_matrix).max() < 0.1)
    True
    """

    mean: np.ndarray
    covariance: np.ndarray
    drift: np.ndarray
    lag: float

    @classmethod
    def fit(cls, path: xr.DataArray, lag: float) -> LinearInverseModel:
        """Fits the model to a path.

        Parameters
        ----------
        path : xarray.DataArray
            Dimensions ``(member, time, variable)``.
        lag : float
            ``τ``, in units of time; rounded to a whole number of saved steps.

        Raises
        ------
        ValueError
            If the path is shorter than the lag, or the lag is below half a saved step.
        ScientificFailure
            If ``C(τ) C(0)⁻¹`` has no real logarithm with decaying modes: the lag is too long for the noise or half the
            period of an oscillation, or the variables are linearly dependent.
        """
        interval = time_step_of(path)
        n_steps = round(lag / interval)
        longest = longest_run(path.values)
        if not 1 <= n_steps < longest:
            raise ValueError(
                f"lag is {lag:g}: it must lie between the interval {interval:g} and the length of the path, "
                f"{interval * (longest - 1):g}"
            )
        values = path.values.astype(float)
        correlations = correlation(values, n_steps + 1)
        return cls.of_correlations(
            states_of(values).mean(axis=0), correlations[0], correlations[n_steps], n_steps * interval
        )

    @classmethod
    def of_correlations(
        cls, mean: np.ndarray, covariance: np.ndarray, lagged: np.ndarray, lag: float
    ) -> LinearInverseModel:
        """The model with ``C(0)`` and ``C(τ)``; see :meth:`fit` for what it raises."""
        covariance = 0.5 * (covariance + covariance.T)
        # Of correlations: variances differ by as much as the units of the variables do.
        scale = np.sqrt(np.diag(covariance))
        if not (scale > 0).all() or np.linalg.cond(covariance / np.outer(scale, scale)) > _LARGEST_CONDITION:
            raise ScientificFailure(
                "the variables are linearly dependent: a linear inverse model needs their covariance"
            )
        propagator = lagged @ np.linalg.inv(covariance)
        eigenvalues = np.linalg.eigvals(propagator)
        if (np.abs(eigenvalues.imag) < 1e-12).any() and (eigenvalues.real[np.abs(eigenvalues.imag) < 1e-12] <= 0).any():
            raise ScientificFailure(
                f"C(τ) C(0)⁻¹ has an eigenvalue that is not positive at lag {lag:g}: its logarithm is not real, use a "
                "shorter lag"
            )
        drift = logm(propagator)
        if np.abs(np.imag(drift)).max() > _LARGEST_IMAGINARY * np.abs(drift).max():
            raise ScientificFailure(f"C(τ) C(0)⁻¹ has no real logarithm at lag {lag:g}: use a shorter lag")
        drift = np.real(drift) / lag
        rates = np.linalg.eigvals(drift).real
        if rates.max() >= 0:
            raise ScientificFailure(f"a mode of the linear inverse model grows, at the rate {rates.max():.3g}")
        return cls(np.asarray(mean, dtype=float), covariance, drift, float(lag))

    @property
    def mobility(self) -> np.ndarray:
        """``Φ = −B C(0)``: with the score ``−C(0)⁻¹(x − m)`` the drift is ``Φ s``. Physical units squared per time."""
        return -self.drift @ self.covariance

    def autocovariance(self, lags: np.ndarray) -> np.ndarray:
        """``C(τ) = exp(B τ) C(0)`` exactly, shape ``(n_lags, n_features, n_features)``, for lags of at least zero."""
        return np.array([expm(self.drift * lag) @ self.covariance for lag in np.asarray(lags, dtype=float)])

    def sample(
        self, n_members: int = 1000, n_times: int = 1000, interval: float = 0.1, *, seed: Seed = 0
    ) -> xr.DataArray:
        """A stationary sample, exact at any interval.

        Parameters
        ----------
        n_members, n_times : int
        interval : float
            Between saved states.
        seed : int or numpy.random.SeedSequence

        Returns
        -------
        xarray.DataArray
            Dimensions ``(member, time, variable)``, physical units.

        Raises
        ------
        ScientificFailure
            If the covariance of the noise is not positive definite, which a model of data that are not Gaussian may
            have.
        """
        refuse_indefinite(self.mobility)
        step = expm(self.drift * interval)
        noise_root = _root(self.covariance - step @ self.covariance @ step.T)
        rng = np.random.default_rng(seed_sequence(seed))
        d = self.mean.size
        state = rng.standard_normal((n_members, d)) @ _root(self.covariance).T
        values = np.empty((n_members, n_times, d), dtype=np.float32)
        for k in range(n_times):
            state = state @ step.T + rng.standard_normal((n_members, d)) @ noise_root.T
            values[:, k] = state + self.mean
        return as_trajectory(values, [f"x{k + 1}" for k in range(d)], interval)


def fit_linear_inverse(path: xr.DataArray, decorrelation_times: np.ndarray) -> LinearInverseModel:
    """The linear inverse model at half the slowest decorrelation time, or at a shorter lag where that gives none.

    Parameters
    ----------
    path : xarray.DataArray
        Dimensions ``(member, time, variable)``.
    decorrelation_times : ndarray of shape (n_features,)

    Raises
    ------
    ScientificFailure
        If a variable never decorrelates, or no lag gives a model whose noise has a positive definite covariance.

    Examples
    --------
    >>> from kgmm import simulate
    >>> path = simulate("ornstein_uhlenbeck", n_members=100, n_times=400, interval=0.05, seed=1)
    >>> fit_linear_inverse(path, np.array([1.0, 0.8])).lag
    0.5
    """
    interval = time_step_of(path)
    if not np.isfinite(decorrelation_times).all():
        raise ScientificFailure("a variable of the path never decorrelates: it is too short for a linear inverse model")
    failure = None
    for share in _LAGS:
        try:
            model = LinearInverseModel.fit(path, max(share * float(decorrelation_times.max()), interval))
            refuse_indefinite(model.mobility)
            return model
        except ScientificFailure as refused:
            failure = refused
    raise failure


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0.0))
