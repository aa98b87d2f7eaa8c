"""Langevin models whose invariant density has a given score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import xarray as xr

from kgmm.data.trajectory import as_trajectory
from kgmm.langevin.circulation import Circulation
from kgmm.langevin.ensemble import LangevinEnsemble, LangevinEquation, with_hidden
from kgmm.langevin.hidden import HiddenVariables
from kgmm.langevin.mobility import Mobility, refuse_indefinite
from kgmm.langevin.options import LangevinOptions, ModelOptions
from kgmm.langevin.step_size import Step, choose_step
from kgmm.randomness import Seed, seed_sequence, torch_generator
from kgmm.score.model import ScoreModel
from kgmm.sde.ensemble import steps_in

if TYPE_CHECKING:
    from kgmm.langevin.dynamics import Dynamics

_DEFAULTS = LangevinOptions()

_STEP_POINTS = 2000


class LangevinModel:
    """``dX = [Φ s(X) + R(X) s(X) + ∇·R(X)] dt + √2 Σ dW`` with ``Σ Σᵀ = (Φ + Φᵀ)/2``.

    Its invariant density is that of the score ``s``, for every antisymmetric ``R``; see ``docs/circulation.md``.

    Parameters
    ----------
    score : ScoreModel
        The fitted score.
    mobility : ndarray of shape (n_features, n_features) or Mobility, optional
        ``Φ``, physical units squared per time; its symmetric part must be positive definite. By default the identity
        in standardised coordinates, ``Φ = diag(S²)``: the invariant density is right and the time scales arbitrary.
    circulation : Circulation, optional
        ``R``, in standardised coordinates. It needs a score that is a gradient,
        :func:`kgmm.score.gradient_score.project_to_gradient`.
    hidden : HiddenVariables, optional
        In place of mobility and circulation: variables beside the observed ones, which give the model memory.
    dynamics : Dynamics, optional
        How mobility and circulation were chosen: what :func:`kgmm.fit_langevin` found.
    largest_reset_share : float
        The sample is refused when more than this share of its members ever left the box around the data.

    Raises
    ------
    ValueError
        If mobility or circulation have another number of variables than the score, or are not finite.
    ScientificFailure
        If the symmetric part of the mobility is not positive definite.

    References
    ----------
    arXiv:2503.18054, section 2; arXiv:2505.01895 for the mobility; Ma, Chen & Fox, "A complete recipe for stochastic
    gradient MCMC", 2015, for the circulation.

    Examples
    --------
    >>> import numpy as np
    >>> import kgmm
    >>> score = kgmm.fit_score(np.random.default_rng(0).standard_normal((5000, 2)), families=("polynomial",))
    >>> model = kgmm.LangevinModel(score, np.array([[1.0, -2.0], [2.0, 1.0]]))
    >>> model.sample(n_members=100, n_steps=50, dt=0.02, save_every=10).shape
    (100, 5, 2)
    """

    def __init__(
        self,
        score: ScoreModel,
        mobility: np.ndarray | Mobility | None = None,
        circulation: Circulation | None = None,
        *,
        hidden: HiddenVariables | None = None,
        dynamics: Dynamics | None = None,
        largest_reset_share: float = ModelOptions().largest_reset_share,
    ):
        ModelOptions.checked(largest_reset_share=largest_reset_share)
        scale = score.standardization.scale
        if hidden is not None:
            if mobility is not None or circulation is not None:
                raise ValueError("hidden variables bring a mobility: no other, and no circulation, can be given")
            if hidden.n_features != scale.size:
                raise ValueError(f"hidden has {hidden.n_features} observed variables: the score has {scale.size}")
            standardized = hidden.mobility
        elif mobility is None:
            standardized = np.eye(scale.size)
        else:
            mobility = np.asarray(getattr(mobility, "matrix", mobility), dtype=float)
            if mobility.shape != (scale.size, scale.size):
                raise ValueError(f"mobility has shape {mobility.shape}: {(scale.size, scale.size)} is expected")
            if not np.isfinite(mobility).all():
                raise ValueError("mobility has non-finite entries")
            standardized = mobility / np.outer(scale, scale)
        if circulation is not None and circulation.n_features != scale.size:
            raise ValueError(f"circulation has {circulation.n_features} variables: the score has {scale.size}")
        if hidden is None:
            refuse_indefinite(standardized)
        symmetric = 0.5 * (standardized + standardized.T)
        self.score = score
        self.mobility = standardized * np.outer(scale, scale)
        self.circulation = circulation
        self.hidden = hidden
        self.dynamics = dynamics
        self.largest_reset_share = largest_reset_share
        self.standardized_mobility = standardized
        self.noise_matrix = np.sqrt(2.0) * np.linalg.cholesky(symmetric) if hidden is None else hidden.noise_matrix
        # The rate at which standardised variables relax, by the order of magnitude, where the score is of order one, or
        # at which the circulation moves them where that is faster.
        self.fastest_rate = float(np.linalg.eigvalsh(symmetric)[-1])
        if circulation is not None:
            self.fastest_rate = max(self.fastest_rate, circulation.rate)
        if hidden is not None:
            self.fastest_rate = hidden.rate

    def __repr__(self) -> str:
        parts = [repr(self.score), "mobility=" + np.array2string(self.mobility, precision=3).replace("\n", "")]
        if self.circulation is not None:
            parts.append(f"circulation of {self.circulation.basis.n_terms} functions")
        if self.hidden is not None:
            parts.append(f"{self.hidden.n_hidden} hidden variables")
        if self.dynamics is not None:
            parts.append(repr(self.dynamics))
        return f"LangevinModel({', '.join(parts)})"

    def with_dynamics(self, dynamics: Dynamics) -> LangevinModel:
        """The same model with other diagnostics."""
        mobility = self.mobility if self.hidden is None else None
        return LangevinModel(
            self.score, mobility, self.circulation, hidden=self.hidden, dynamics=dynamics,
            largest_reset_share=self.largest_reset_share,
        )  # fmt: skip

    def choose_step(
        self,
        initial: np.ndarray,
        *,
        scheme: str = _DEFAULTS.scheme,
        longest: float | None = None,
        n_tested: int = _STEP_POINTS,
        seed: Seed = 0,
    ) -> Step:
        """The time step for this model, see :func:`kgmm.langevin.step_size.choose_step`.

        Parameters
        ----------
        initial
            Data points, ``(n, n_features)`` physical units; 2000 of them are used.
        longest
            The step is this time over a whole number; default: a tenth of the fastest relaxation time.
        n_tested
            About so many of the points run with the step and with half of it.
        """
        unit = 1.0 / self.fastest_rate
        points = np.asarray(initial, dtype=float)[:: -(-len(initial) // _STEP_POINTS)]
        equation = LangevinEquation(self, "cpu", unit)
        start = torch.tensor(self.score.standardization.forward(points).T, dtype=torch.float32).contiguous()
        scale = self.score.standardization.scale
        of_score = self.score.jacobian(points) * np.outer(scale, scale)
        if self.hidden is None:
            jacobians = unit * self.standardized_mobility @ of_score
        else:
            jacobians = unit * self.hidden.rates(of_score)[:, None, None]
            start = with_hidden(start, self.hidden, torch_generator(seed, "cpu"))
        if self.circulation is not None:
            jacobians = jacobians + equation.circulation_jacobian(start)
        test = start[:, :: max(1, len(points) // n_tested)].contiguous()
        step = choose_step(
            equation, test, jacobians, scheme=scheme, longest=(0.1 * unit if longest is None else longest) / unit,
            seed=seed,
        )  # fmt: skip
        return step._replace(dt=step.dt * unit, lipschitz=step.lipschitz / unit)

    def ensemble(
        self,
        initial: np.ndarray,
        *,
        dt: float,
        scheme: str = _DEFAULTS.scheme,
        seed: Seed = 0,
        device: str = "cpu",
    ) -> LangevinEnsemble:
        """An ensemble that starts at ``initial`` of shape ``(n_members, n_features)``, physical units."""
        return LangevinEnsemble(self, initial, dt=dt, scheme=scheme, seed=seed, device=device)

    def sample(
        self,
        n_members: int = _DEFAULTS.n_members,
        n_steps: int = _DEFAULTS.n_steps,
        dt: float = _DEFAULTS.dt,
        *,
        save_every: int = _DEFAULTS.save_every,
        burn_in: float = _DEFAULTS.burn_in,
        initial: np.ndarray | None = None,
        scheme: str = _DEFAULTS.scheme,
        seed: Seed = 0,
        device: str = "cpu",
    ) -> xr.DataArray:
        """Integrates an ensemble of the model.

        Parameters
        ----------
        n_members, n_steps, dt
            Size of the run; ``dt`` in the time units of the mobility.
        save_every
            Steps between saved states.
        burn_in
            Time integrated before the first saved state.
        initial
            Start of every member, ``(n_members, n_features)`` physical units; data points make the burn-in short.
            Default: normal with the mean and deviation of the data.

        Returns
        -------
        Trajectory with dimensions ``(member, time, variable)``, physical units.

        Raises
        ------
        ValueError
            For unusable arguments.
        ScientificFailure
            If more than ``largest_reset_share`` of the members ever left the box around the data.
        DivergenceError
            If a state is no longer finite.
        """
        LangevinOptions.checked(
            n_members=n_members, n_steps=n_steps, dt=dt, save_every=save_every, burn_in=burn_in, scheme=scheme
        )
        if initial is None:
            standard = np.random.default_rng(seed_sequence(seed).spawn(1)[0]).standard_normal(
                (n_members, self.score.standardization.scale.size)
            )
            initial = self.score.standardization.backward(standard)
        elif len(initial) != n_members:
            raise ValueError(f"initial has {len(initial)} states: n_members = {n_members} are needed")
        ensemble = self.ensemble(initial, dt=dt, scheme=scheme, seed=seed, device=device)
        ensemble.advance(steps_in(burn_in, dt, "burn_in"))
        values = np.concatenate(list(ensemble.record(n_steps // save_every, save_every)), axis=1)
        ensemble.refuse_resets()
        variables = [f"x{k + 1}" for k in range(values.shape[2])]
        return as_trajectory(values, variables, save_every * dt, dt=dt, members_reset=ensemble.members_reset)
