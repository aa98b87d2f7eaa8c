"""Ensembles of a Langevin model: its equation on a device, and members that return when they leave the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from kgmm.data.standardization import check_samples
from kgmm.errors import ScientificFailure
from kgmm.randomness import torch_generator
from kgmm.sde.ensemble import Ensemble

if TYPE_CHECKING:
    from kgmm.langevin.hidden import HiddenVariables
    from kgmm.langevin.model import LangevinModel

# Members may leave the range of the data by this share of it, and by this many σ since the model's law is the blurred
# one, before they are reset.
_BOX_MARGIN = 0.5
_BOX_SIGMAS = 6.0
# Half the distance, in standard deviations, over which the Jacobian of a circulation's velocity is taken.
_DIFFERENCE = 0.01
# Mean over deviation beyond which the states are written in double precision.
_LARGEST_OFFSET = 1000.0


def with_hidden(state: torch.Tensor, hidden: HiddenVariables, generator: torch.Generator) -> torch.Tensor:
    """Observed states ``(n_features, n)`` and below them normal values for the hidden variables."""
    shape = (hidden.n_hidden, state.shape[1])
    return torch.cat([state, torch.randn(shape, generator=generator, dtype=state.dtype, device=state.device)])


class LangevinEquation:
    """Drift and noise of a :class:`LangevinModel` in standardised coordinates, on a device."""

    additive = True

    def __init__(self, model: LangevinModel, device: str, time_unit: float = 1.0):
        self._score = model.score.to(device)
        self._mobility = torch.tensor(time_unit * model.standardized_mobility, dtype=torch.float32, device=device)
        noise_matrix = time_unit**0.5 * model.noise_matrix
        self._noise_matrix = torch.tensor(noise_matrix, dtype=torch.float32, device=device)
        self._hidden = None
        if model.hidden is not None:
            self._hidden = torch.tensor(time_unit * model.hidden.matrix, dtype=torch.float32, device=device)
        circulation = model.circulation
        self._velocity = None if circulation is None else circulation.evaluator(device, time_unit)
        is_identity = torch.equal(self._mobility.cpu(), torch.eye(self._mobility.shape[0]))
        self._is_identity = is_identity and self._hidden is None

    def drift(self, state: torch.Tensor) -> torch.Tensor:
        if self._hidden is not None:
            n_features = self._mobility.shape[0]
            score = self._score.standardized(state[:n_features].T).T
            return self._hidden @ torch.cat([score, -state[n_features:]])
        score = self._score.standardized(state.T).T
        drift = score if self._is_identity else self._mobility @ score
        return drift if self._velocity is None else drift + self._velocity(state, score)

    @torch.no_grad()
    def circulation_jacobian(self, state: torch.Tensor) -> np.ndarray:
        """Central differences of the velocity ``R s + ∇·R`` at ``(n_features, n)``; ``(n, n_features, n_features)``."""

        def velocity(shift: float, k: int) -> torch.Tensor:
            moved = state.clone()
            moved[k] += shift
            return self._velocity(moved, self._score.standardized(moved.T).T)

        columns = [velocity(_DIFFERENCE, k) - velocity(-_DIFFERENCE, k) for k in range(state.shape[0])]
        return (torch.stack(columns, dim=2) / (2 * _DIFFERENCE)).permute(1, 0, 2).double().numpy()

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
        generator = torch_generator(seed, device)
        self._n_features = len(start)
        if model.hidden is not None:
            start = with_hidden(start, model.hidden, generator)
        self._start = start.clone()
        self.resets = torch.zeros(start.shape[1], dtype=torch.int64, device=device)
        self._largest_share = model.largest_reset_share
        super().__init__(
            LangevinEquation(model, device), start, dt=dt, scheme=scheme, generator=generator,
            label="the Langevin model", after_step=self._return_lost,
        )  # fmt: skip

    def _return_lost(self, state: torch.Tensor) -> None:
        # Written so that a state that is not a number counts as lost.
        observed = state[: self._n_features]
        lost = ~((observed > self._lower) & (observed < self._upper)).all(dim=0)
        if lost.any():
            index = lost.nonzero()[:, 0]
            state[:, index] = self._start[:, index]
            self.resets[index] += 1

    def keep_members(self, n_members: int) -> None:
        super().keep_members(n_members)
        self._start = self._start[:, :n_members].contiguous()

    def record(self, n_times: int, steps_between: int):
        def observe(state: torch.Tensor) -> torch.Tensor:
            return state[: self._n_features].to(self._scale.dtype) * self._scale + self._mean

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
                f"{self.members_reset} of {self.resets.numel()} members left the box around the data "
                f"({self.n_resets} resets); at most {self._largest_share:.2%} of the members may"
            )
