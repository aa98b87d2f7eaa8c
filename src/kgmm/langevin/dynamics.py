"""What a fit of the dynamics chose, and why: the diagnostics of :func:`kgmm.fit_langevin`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from kgmm.langevin.circulation_fit import CirculationFit
from kgmm.langevin.options import REGRESSED, WHOLE_MODELS

CIRCULATIONS = ("auto", "none", "constant", *WHOLE_MODELS)


@dataclass(frozen=True)
class SimulationCheck:
    """Autocorrelations of a model beside those of data.

    Attributes
    ----------
    errors : ndarray of shape (2, n_features)
        Root mean square difference of the autocorrelations over one and over five decorrelation times of the variable.
    decorrelation_times, data_decorrelation_times : ndarray of shape (n_features,)
        Lags of 1/e; NaN where the model has not decorrelated within the longest lag.
    quantile_errors : ndarray of shape (n_features,)
        Largest difference of quantiles from 1 to 99 %, beyond its error, in standard deviations of the data.
    dt : float
        Time step of the simulation.
    members_reset : int
        Of ``n_members``, those that ever left the box around the data.
    n_members : int
    """

    errors: np.ndarray
    decorrelation_times: np.ndarray
    data_decorrelation_times: np.ndarray
    quantile_errors: np.ndarray
    dt: float
    members_reset: int
    n_members: int

    @property
    def worst(self) -> float:
        """Largest error over five decorrelation times."""
        return float(self.errors[1].max())


@dataclass(frozen=True, repr=False)
class Dynamics:
    """The mobility of a fitted Langevin model and how it was chosen.

    Attributes
    ----------
    circulation : str
        ``"none"``, ``"constant"``, ``"state"``, ``"velocity"`` or ``"hidden"``.
    method : str
        ``"identity"``, ``"slope"``, ``"linear inverse"``, ``"matched"``, ``"regression"``,
        ``"autocorrelations"``.
    reason : str
        Why, in one sentence.
    diffusion : ndarray of shape (n_features, n_features)
        Symmetric part of the mobility, physical units squared per time.
    diffusion_stderr : ndarray of shape (n_features, n_features)
        NaN where the diffusion was not estimated from increments.
    diffusion_method : str
        ``"quadratic variation"``, ``"simulation"`` or the ``method``.
    regression : CirculationFit or None
        Of a circulation that depends on the state, also where it was not chosen.
    check : SimulationCheck or None
        Autocorrelations of the model beside those of held-out data.
    warnings : tuple of str
        What the check found wrong.
    """

    circulation: str
    method: str
    reason: str
    diffusion: np.ndarray
    diffusion_stderr: np.ndarray
    diffusion_method: str
    regression: CirculationFit | None = None
    check: SimulationCheck | None = None
    warnings: tuple[str, ...] = field(default=())

    def __repr__(self) -> str:
        parts = [f"circulation={self.circulation!r}", f"method={self.method!r}"]
        if self.circulation in REGRESSED:
            gain = self.regression.gain
            parts += [f"basis={self.regression.basis!r}", f"ridge={self.regression.ridge:g}"]
            parts.append(f"held-out gain {gain.value:.3f} ± {gain.stderr:.3f}")
        if self.check is not None:
            parts.append(f"autocorrelation error over five decorrelation times {self.check.worst:.3f}")
        return f"Dynamics({', '.join(parts)})"

    def replace(self, **changes) -> Dynamics:
        """A copy with other values of some attributes."""
        return replace(self, **changes)

    def summary(self) -> str:
        """Several lines: what was chosen and why, and what the check found."""
        lines = [f"circulation: {self.circulation} ({self.method}), because {self.reason}"]
        if self.regression is not None:
            fit = self.regression
            lines.append(f"regression: {fit.basis}, {fit.n_coefficients} coefficients, ridge {fit.ridge:g}")
            lines += [
                f"  held-out gain of {name}: {gain.value:.4f} ± {gain.stderr:.4f}" for name, gain in fit.gains.items()
            ]
        eigenvalues = ", ".join(f"{value:.3g}" for value in np.linalg.eigvalsh(self.diffusion))
        lines.append(f"diffusion from {self.diffusion_method}, eigenvalues {eigenvalues}")
        if self.check is not None:
            for k, (one, five) in enumerate(self.check.errors.T):
                time, data_time = self.check.decorrelation_times[k], self.check.data_decorrelation_times[k]
                lines.append(
                    f"variable {k + 1}: autocorrelation error {one:.3f} over one decorrelation time, {five:.3f} over "
                    f"five; 1/e time {time:.3g}, data {data_time:.3g}"
                )
        return "\n".join([*lines, *(f"warning: {warning}" for warning in self.warnings)])
