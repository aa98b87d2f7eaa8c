"""Langevin models whose invariant density has a given score."""

from __future__ import annotations

import logging

import numpy as np
import torch
import xarray as xr

from kgmm.data.standardization import check_samples
from kgmm.data.trajectory import as_trajectory
from kgmm.errors import ScientificFailure
from kgmm.langevin.mobility import Mobility, refuse_indefinite
from kgmm.langevin.options import LangevinOptions, ModelOptions
from kgmm.langevin.step_size import Step, choose_step
from kgmm.randomness import Seed, seed_sequence, torch_generator
from kgmm.score.model import ScoreModel
from kgmm.sde.ensemble import Ensemble, steps_in

logger = logging.getLogger("kgmm")

_DEFAULTS = LangevinOptions()

# Walkers may leave the range of the data by this share of it, and by this many σ since the model's law is the blurred
# one, before they count as lost.
_BOX_MARGIN = 0.5
_BOX_SIGMAS = 6.0
_STEP_POINTS = 2000
# Mean over deviation beyond which the states are written in double precision.
_LARGEST_OFFSET = 1000.0


class LangevinModel:
    """``dX = Φ s(X) dt + √2 Σ dW`` with ``Σ Σᵀ = (Φ + Φᵀ)/2``: its invariant density is that of the score ``s``.

    Parameters
    ----------
    score : the fitted score.
    mobility : ``Φ``, shape ``(n_features, n_features)``, physical units squared per time, or a
        :class:`kgmm.langevin.mobility.Mobility`; its symmetric part must be positive definite. ``None`` is the
        identity in standardised coordinates, ``Φ = diag(S²)``: the invariant density is right and the clock arbitrary.
    largest_reset_share : the sample is refused when more than this share of its members ever left the box.

    Source: arXiv:2503.18054, section 2, and arXiv:2505.01895 for the mobility.
    """

    def __init__(
        self,
        score: ScoreModel,
        mobility: np.ndarray | Mobility | None = None,
        largest_reset_share: float = ModelOptions().largest_reset_share,
    ):
        ModelOptions.checked(largest_reset_share=largest_reset_share)
        scale = score.standardization.scale
        if mobility is None:
            standardized = np.eye(scale.size)
        else:
            mobility = np.asarray(getattr(mobility, "matrix", mobility), dtype=float)
            if mobility.shape != (scale.size, scale.size):
                raise ValueError(f"mobility has shape {mobility.shape}: {(scale.size, scale.size)} is expected")
            if not np.isfinite(mobility).all():
                raise ValueError("mobility has non-finite entries")
            standardized = mobility / np.outer(scale, scale)
        refuse_indefinite(standardized)
        symmetric = 0.5 * (standardized + standardized.T)
        self.score = score
        self.mobility = standardized * np.outer(scale, scale)
        self.largest_reset_share = largest_reset_share
        self._standardized_mobility = standardized
        self._noise_matrix = np.sqrt(2.0) * np.linalg.cholesky(symmetric)
        # The rate at which standardised variables relax, by the order of magnitude, where the score is of order one.
        self.fastest_rate = float(np.linalg.eigvalsh(symmetric)[-1])

    def __repr__(self) -> str:
        mobility = np.array2string(self.mobility, precision=3).replace("\n", "")
        return f"LangevinModel({self.score!r}, mobility={mobility})"

    def choose_step(
        self, initial: np.ndarray, *, scheme: str = _DEFAULTS.scheme, longest: float | None = None, seed: Seed = 0
    ) -> Step:
        """The time step for this model, see :func:`kgmm.langevin.step_size.choose_step`.

        Parameters
        ----------
        initial : data points, ``(n, n_features)`` physical units; 2000 of them are used.
        longest : the step is this time over a whole number; default: a tenth of the fastest relaxation time.
        """
        unit = 1.0 / self.fastest_rate
        points = np.asarray(initial, dtype=float)[:: -(-len(initial) // _STEP_POINTS)]
        scale = self.score.standardization.scale
        jacobians = self.score.jacobian(points) * np.outer(scale, scale)
        equation = _LangevinEquation(self, "cpu", unit)
        start = torch.tensor(self.score.standardization.forward(points).T, dtype=torch.float32).contiguous()
        step = choose_step(
            equation, start, unit * self._standardized_mobility @ jacobians, scheme=scheme,
            longest=(0.1 * unit if longest is None else longest) / unit, seed=seed,
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
        n_members, n_steps, dt : size of the run; ``dt`` in the time units of the mobility.
        save_every : steps between saved states.
        burn_in : time integrated before the first saved state.
        initial : start of every member, ``(n_members, n_features)`` physical units; data points make the burn-in
            short. Default: normal with the mean and deviation of the data.

        Returns
        -------
        Trajectory with dimensions ``(member, time, variable)``, physical units.

        Raises
        ------
        ValueError for unusable arguments, ScientificFailure if more than ``largest_reset_share`` of the members ever
        left the box around the data, DivergenceError if a state is no longer finite.
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


class _LangevinEquation:
    """Drift and noise of a :class:`LangevinModel` in standardised coordinates, on a device."""

    additive = True

    def __init__(self, model: LangevinModel, device: str, time_unit: float = 1.0):
        self._score = model.score.to(device)
        self._mobility = torch.tensor(time_unit * model._standardized_mobility, dtype=torch.float32, device=device)
        noise_matrix = time_unit**0.5 * model._noise_matrix
        self._noise_matrix = torch.tensor(noise_matrix, dtype=torch.float32, device=device)
        self._is_identity = bool(torch.equal(self._mobility.cpu(), torch.eye(self._mobility.shape[0])))

    def drift(self, state: torch.Tensor) -> torch.Tensor:
        values = self._score.standardized(state.T).T
        return values if self._is_identity else self._mobility @ values

    def noise(self, state: torch.Tensor, increment: torch.Tensor) -> torch.Tensor:
        return increment * self._noise_matrix[0, 0] if self._is_identity else self._noise_matrix @ increment


class LangevinEnsemble(Ensemble):
    """An ensemble of a :class:`LangevinModel`, integrated in standardised coordinates, recorded in physical ones.

    A member that leaves the box (the range of the data, half of it more and six σ on either side) is put back to where
    it started, and counted.
    """

    def __init__(self, model: LangevinModel, initial, *, dt, scheme, seed, device):
        standardization = model.score.standardization
        initial = check_samples(initial, n_features=standardization.scale.size)

        def column(values: np.ndarray, dtype: torch.dtype = torch.float32) -> torch.Tensor:
            return torch.tensor(values, dtype=dtype, device=device)[:, None]

        margin = _BOX_MARGIN * (standardization.upper - standardization.lower)
        margin = margin + _BOX_SIGMAS * model.score.sigma * standardization.scale
        self._lower = column(standardization.forward(standardization.lower - margin))
        self._upper = column(standardization.forward(standardization.upper + margin))
        # Single precision has 1.2e-7 of the offset as its finest step: too coarse beside a small deviation.
        offset = np.abs(standardization.mean) / standardization.scale
        double = torch.float64 if offset.max() > _LARGEST_OFFSET else torch.float32
        self._mean, self._scale = (column(v, double) for v in (standardization.mean, standardization.scale))
        start = torch.tensor(standardization.forward(initial).T, dtype=torch.float32, device=device).contiguous()
        self._start = start.clone()
        self.resets = torch.zeros(start.shape[1], dtype=torch.int64, device=device)
        self._largest_share = model.largest_reset_share
        super().__init__(
            _LangevinEquation(model, device), start, dt=dt, scheme=scheme, generator=torch_generator(seed, device),
            label="the Langevin model", after_step=self._return_lost,
        )  # fmt: skip

    def _return_lost(self, state: torch.Tensor) -> None:
        # Written so that a state that is not a number counts as lost.
        lost = ~((state > self._lower) & (state < self._upper)).all(dim=0)
        if lost.any():
            index = lost.nonzero()[:, 0]
            state[:, index] = self._start[:, index]
            self.resets[index] += 1

    def keep_members(self, n_members: int) -> None:
        super().keep_members(n_members)
        self._start = self._start[:, :n_members].contiguous()

    def record(self, n_times: int, steps_between: int):
        def observe(state: torch.Tensor) -> torch.Tensor:
            return state.to(self._scale.dtype) * self._scale + self._mean

        dtype = np.float64 if self._scale.dtype == torch.float64 else np.float32
        return super().record(n_times, steps_between, observe, dtype)

    @property
    def members_reset(self) -> int:
        """Members that ever left the box."""
        return int((self.resets > 0).sum())

    @property
    def n_resets(self) -> int:
        """Times that a member left the box."""
        return int(self.resets.sum())

    def refuse_resets(self) -> None:
        """Raises :class:`ScientificFailure` if too many members ever left the box: resets hide divergence."""
        share = self.members_reset / self.resets.numel()
        if share > self._largest_share:
            raise ScientificFailure(
                f"{self.members_reset} of {self.resets.numel()} walkers left the box around the data "
                f"({self.n_resets} resets); at most {self._largest_share:.2%} of the members may"
            )
