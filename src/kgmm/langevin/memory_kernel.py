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
        [0.06, 1.8, 2.4, 0.6, 0.3, 1.8, 0.06, 0.6],
        [0.3, 3.0, 3.0, 1.2, 0.6, 3.6, 0.3, 3.0],
    ]
)
N_RATES = _STARTS.shape[1]
# In units of the mode's own rate.
LOWEST, HIGHEST = np.log(1e-3), np.log(30.0)
_PULL = 0.003
_DIFFERENCE = 1e-3


def starts(time: float) -> np.ndarray:
    """Logarithms of rates from which to fit a mode that decorrelates within ``time``, ``(n_starts, N_RATES)``."""
    return np.log(_STARTS / time)


def mode_matrix(logarithms: np.ndarray) -> np.ndarray:
    """``M`` of one mode, see :class:`kgmm.langevin.hidden.HiddenVariables`, from eight positive rates.

    With the hidden variables eliminated the mobility is ``φ + c₃²/γ₃`` at once and the kernel
    ``c₁² e^{−γ₁t} + c₂² e^{−γ₂t} cos ω₂t − c₃² e^{−γ₃t}``: inertia, an oscillation, and a mobility that is lower for
    slow motions than for fast ones.

    Parameters
    ----------
    logarithms : ndarray of shape (8,)
        Of ``φ, c₁, γ₁, c₂, γ₂, ω₂, c₃, γ₃``.

    Returns
    -------
    ndarray of shape (5, 5)
        The symmetric part is positive semidefinite for all of them.
    """
    phi, c1, g1, c2, g2, w2, c3, g3 = np.exp(logarithms)
    matrix = np.diag([phi + c3**2 / g3, g1, g2, g2, g3])
    matrix[0, 1], matrix[1, 0] = -c1, c1
    matrix[0, 2], matrix[2, 0] = -c2, c2
    matrix[2, 3], matrix[3, 2] = -w2, w2
    matrix[0, 4] = matrix[4, 0] = c3
    return matrix


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


def fit_mode(rho: np.ndarray, interval: float, from_where: np.ndarray, pull: float = _PULL) -> np.ndarray:
    """Logarithms of the rates whose autocorrelation is nearest to ``rho``; ``pull`` holds them near a start.

    Parameters
    ----------
    rho : ndarray of shape (n_lags,)
    interval : float
    from_where : ndarray of shape (n_starts, N_RATES)
        The best of the fits from these.
    pull : float
    """

    def residuals(logarithms: np.ndarray, start: np.ndarray) -> np.ndarray:
        return np.append(mode_correlation(logarithms, interval, len(rho)) - rho, pull * (logarithms - start))

    fits = [least_squares(residuals, start, max_nfev=60, args=(start,)) for start in from_where]
    return min(fits, key=lambda fit: fit.cost).x
