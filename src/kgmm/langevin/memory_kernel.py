"""One mode with memory: an observed variable and four hidden ones, and its autocorrelation in a Gaussian law."""

from __future__ import annotations

import numpy as np
from scipy.linalg import expm
from scipy.optimize import least_squares

N_HIDDEN = 4
# Rates in units of the mode's own: where fits start. Inertia, a damped oscillation and a slow part, of any strength.
_STARTS = np.array(
    [
        [0.06, 0.6, 1.2, 0.6, 0.6, 1.8, 0.3, 0.3],
        [0.06, 1.8, 2.4, 0.6, 0.3, 1.8, 0.006, 0.6],
        [0.3, 3.0, 3.0, 1.2, 0.6, 3.6, 0.03, 3.0],
    ]
)
N_RATES = _STARTS.shape[1]
# Where the mobility without memory stands among the rates.
_AT_ONCE = [0, 6]
# Couplings to inertia and to the oscillation.
_COUPLINGS = [1, 3]
# In units of the mode's own rate.
_LOWEST, _HIGHEST = 1e-3, 4.0
_PULL = 0.003
_DIFFERENCE = 1e-3
_INSIDE = 1e-3


def starts(time: float) -> np.ndarray:
    """Logarithms of rates from which to fit a mode that decorrelates within ``time``, ``(n_starts, N_RATES)``."""
    return np.log(_STARTS / time)


def limits(time: float, interval: float, information: float = 1.0) -> np.ndarray:
    """Bounds of the logarithms, ``(2, N_RATES)``: what is faster than the lags and the mode cannot be seen in them.

    Parameters
    ----------
    time : float
        Within which the mode decorrelates.
    interval : float
        Between lags.
    information : float
        Mean negative derivative of the score of the mode: a coupling ``c`` to a hidden variable is an oscillation of
        the frequency ``c`` times its root.
    """
    bounds = np.repeat(np.log([[_LOWEST / time], [max(1.0 / interval, _HIGHEST / time)]]), N_RATES, axis=1)
    fastest = max(np.pi / interval / information**0.5, 1.0 / time)
    bounds[1, _COUPLINGS] = np.minimum(bounds[1, _COUPLINGS], np.log(fastest))
    return bounds


def mode_matrix(logarithms: np.ndarray) -> np.ndarray:
    """``M`` of one mode, see :class:`kgmm.langevin.hidden.HiddenVariables`, from eight positive rates.

    With the hidden variables eliminated the mobility is ``φ + μ`` at once and the kernel
    ``c₁² e^{−γ₁t} + c₂² e^{−γ₂t} cos ω₂t − μ γ₃ e^{−γ₃t}``: inertia, an oscillation, and a mobility that is lower for
    slow motions than for fast ones.

    Parameters
    ----------
    logarithms : ndarray of shape (8,)
        Of ``φ, c₁, γ₁, c₂, γ₂, ω₂, μ, γ₃``.

    Returns
    -------
    ndarray of shape (5, 5)
        The symmetric part is positive semidefinite for all of them.
    """
    phi, c1, g1, c2, g2, w2, mu, g3 = np.exp(logarithms)
    matrix = np.diag([phi + mu, g1, g2, g2, g3])
    matrix[0, 1], matrix[1, 0] = -c1, c1
    matrix[0, 2], matrix[2, 0] = -c2, c2
    matrix[2, 3], matrix[3, 2] = -w2, w2
    matrix[0, 4] = matrix[4, 0] = (mu * g3) ** 0.5
    return matrix


def mobility_at_once(logarithms: np.ndarray) -> tuple[float, np.ndarray]:
    """``φ + μ`` and its derivatives by the logarithms, ``(N_RATES,)``."""
    slopes = np.zeros(N_RATES)
    slopes[_AT_ONCE] = np.exp(logarithms[_AT_ONCE])
    return float(slopes.sum()), slopes


def mode_correlation(logarithms: np.ndarray, interval: float, n_lags: int) -> np.ndarray:
    """The autocorrelation of the mode if its law is normal, at ``n_lags`` lags from zero."""
    step, state, values = expm(-interval * mode_matrix(logarithms)), np.eye(1 + N_HIDDEN)[0], np.empty(n_lags)
    for lag in range(n_lags):
        values[lag] = state[0]
        state = step @ state
    return values


def correlation_slopes(logarithms: np.ndarray, interval: float, n_lags: int) -> np.ndarray:
    """Derivatives of :func:`mode_correlation` by the logarithms, ``(n_lags, N_RATES)``."""
    columns = []
    for shift in _DIFFERENCE * np.eye(N_RATES):
        above, below = (mode_correlation(logarithms + sign * shift, interval, n_lags) for sign in (1, -1))
        columns.append((above - below) / (2 * _DIFFERENCE))
    return np.stack(columns, axis=1)


def fit_mode(
    rho: np.ndarray,
    interval: float,
    from_where: np.ndarray,
    bounds: np.ndarray,
    *,
    pull: float = _PULL,
    stiffness: float = 0.0,
) -> np.ndarray:
    """Logarithms of the rates whose autocorrelation is nearest to ``rho``.

    Parameters
    ----------
    rho : ndarray of shape (n_lags,)
    interval : float
    from_where : ndarray of shape (n_starts, N_RATES)
        The best of the fits from these.
    bounds : ndarray of shape (2, N_RATES)
        See :func:`limits`.
    pull : float
        Weight of the distance from a start.
    stiffness : float
        Weight of the mobility at once, which the time step of a simulation follows.
    """

    def residuals(logarithms: np.ndarray, start: np.ndarray) -> np.ndarray:
        difference = mode_correlation(logarithms, interval, len(rho)) - rho
        return np.r_[difference, pull * (logarithms - start), stiffness * mobility_at_once(logarithms)[0]]

    lower, upper = bounds
    fits = [
        least_squares(residuals, start, bounds=(lower, upper), max_nfev=60, args=(start,))
        for start in np.clip(from_where, lower + _INSIDE, upper - _INSIDE)
    ]
    return min(fits, key=lambda fit: fit.cost).x
