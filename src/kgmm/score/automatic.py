"""The estimate that :func:`kgmm.fit_score` makes by default: the family that held-out samples prefer."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from kgmm.data.standardization import Standardization, StandardizedSamples
from kgmm.randomness import Seed, torch_generator
from kgmm.score.candidates import MOST_RADIAL_FEATURES, N_FOLDS, Folded, LinearCandidate, best_polynomial, best_radial
from kgmm.score.held_out import Comparison, HeldOutLoss
from kgmm.score.model import ScoreModel
from kgmm.score.network import Network
from kgmm.score.potentials import Potential
from kgmm.score.refinement import fit_denoising
from kgmm.score.training import Fit

logger = logging.getLogger("kgmm")

NETWORK_SIGMA = 0.05
_BLOCKS = 50  # contiguous blocks of the data, every tenth of which is held out
_MOST_ROWS = 4_000_000
_MOST_HELD_OUT = 4000  # samples at which divergences are evaluated
_PAIRS_BELOW = 100_000  # samples fewer than this get two antithetic draws of the noise
_REACH = 1.1  # of a potential, over the largest radius of the data
_TRIAL_STEPS = 300
_LEAST_STEPS, _MOST_STEPS, _SAMPLES_PER_STEP = 600, 3000, 80
_GAIN_OF_STEPS = 3.0  # by which the full number of steps lowers the squared error of the trial's, at most
_STANDARD_ERRORS = 2.0


@dataclass(frozen=True)
class Choice:
    """One of the estimates that were compared.

    Attributes
    ----------
    name : of the family.
    loss : held-out Hyvärinen loss less that of the Gaussian, and its standard error.
    stderr : of it.
    """

    name: str
    loss: float
    stderr: float


def fit_automatic(
    X,
    sigma: float | None,
    *,
    hidden: Sequence[int] = (128, 64),
    families: Sequence[str] = ("polynomial", "radial", "network"),
    random_state: Seed = 0,
) -> ScoreModel:
    """The score of least held-out loss among polynomial and radial potentials and a network.

    Arguments are those of :func:`kgmm.fit_score`, which see; ``X`` is checked already.
    """
    standardization = Standardization.of(X)
    generator = torch_generator(random_state)
    seed = generator.initial_seed() % 2**32
    clean = StandardizedSamples(X, standardization).choose(_MOST_ROWS, np.random.default_rng(seed))
    data = _folded(clean, 0.0 if sigma is None else sigma, generator)
    reach = _REACH * float(((data.x @ data.precision) * data.x).sum(dim=1).max()) ** 0.5
    selection = _Selection(data, sigma, reach, standardization, tuple(hidden), seed)
    if "polynomial" in families:
        selection.add_linear(best_polynomial(data))
    doubtful = data.x.shape[1] > MOST_RADIAL_FEATURES or "polynomial" not in families
    if "radial" in families:
        radial = best_radial(data, selection.linear)
        doubtful |= radial is not None
        selection.add_linear(radial)
    # Where bumps add nothing to the polynomial there is nothing left that a network could find.
    if "network" in families and doubtful and selection.network_may_win():
        selection.add_network()
    return selection.model()


def _folded(clean: torch.Tensor, sigma: float, generator: torch.Generator) -> Folded:
    """Sorts the samples into folds of contiguous blocks and blurs them by ``sigma``."""
    n, d = clean.shape
    edges = np.linspace(0, n, min(_BLOCKS, n // 2) + 1).astype(int)
    blocks = [clean[a:b] for a, b in zip(edges[:-1], edges[1:])]
    held_out = blocks[5::10] or blocks[-1:]
    training = torch.cat([b for k, b in enumerate(blocks) if k % 10 != 5] if len(blocks) > 5 else blocks[:-1])
    inner = np.linspace(0, len(training), N_FOLDS).astype(int)
    folds = [training[a:b] for a, b in zip(inner[:-1], inner[1:])] + [torch.cat(held_out)]
    if sigma > 0:
        folds = [_blurred(fold, sigma, n < _PAIRS_BELOW, generator) for fold in folds]
    x = torch.cat(folds).double()
    covariance = x.T @ x / len(x)
    values, vectors = torch.linalg.eigh(covariance)
    values = values.clamp(min=max(1e-6, sigma**2))
    precision = (vectors / values) @ vectors.T
    return Folded(x, np.cumsum([0, *(len(fold) for fold in folds)]), precision)


def _blurred(x: torch.Tensor, sigma: float, pairs: bool, generator: torch.Generator) -> torch.Tensor:
    z = torch.empty_like(x).normal_(generator=generator)
    return torch.stack([x + sigma * z, x - sigma * z], dim=1).reshape(-1, x.shape[1]) if pairs else x + sigma * z


class _Selection:
    """Candidates as they are fitted, compared at the same held-out samples."""

    def __init__(
        self,
        data: Folded,
        sigma: float | None,
        reach: float,
        standardization: Standardization,
        hidden: tuple[int, ...],
        seed: int,
    ):
        self._data, self._sigma, self._reach = data, sigma, reach
        self._standardization, self._hidden, self._seed = standardization, hidden, seed
        held_out = data.held_out
        self._points = held_out[:: -(-len(held_out) // _MOST_HELD_OUT)].float()
        self._precision = data.precision.float()
        self._gaussian = HeldOutLoss.of(lambda x: -x @ self._precision, self._points)
        self.linear: LinearCandidate | None = None
        self._linear_loss: HeldOutLoss | None = None
        self._network: Fit | None = None
        self._network_loss: HeldOutLoss | None = None
        self.choices: list[Choice] = []

    def add_linear(self, candidate: LinearCandidate | None) -> None:
        """Takes part in the choice if its cross-validated loss is the lowest of the potentials."""
        if candidate is None or (self.linear is not None and candidate.loss >= self.linear.loss):
            return
        self.linear = candidate
        potential = self._potential(candidate.fit.without_last)
        self._linear_loss = self._examine(candidate.name, lambda x: potential(x) - x @ self._precision)

    def network_may_win(self) -> bool:
        """Fits the network with few steps, and tells whether more of them may make it the best."""
        self._fit_network(_TRIAL_STEPS)
        if self._linear_loss is None:
            return True
        of_network, of_linear = Comparison.of(self._network_loss, self._linear_loss).squared_errors
        return of_network < _GAIN_OF_STEPS * of_linear

    def add_network(self) -> None:
        """Fits the network with as many steps as the number of samples warrants."""
        n = len(self._data.training)
        self._fit_network(int(np.clip(n / _SAMPLES_PER_STEP, _LEAST_STEPS, _MOST_STEPS)))

    def _fit_network(self, steps: int) -> None:
        gain = 0.0 if self._linear_loss is None else self._linear_loss.mean - self._gaussian.mean
        scale = max(1.0, (max(0.0, -2.0 * gain) / self._data.x.shape[1]) ** 0.5)
        samples, held_out = self._data.training.float(), self._data.held_out.float()
        if len(held_out) > 2 * _MOST_HELD_OUT:
            held_out = held_out[:: len(held_out) // _MOST_HELD_OUT]
        fit = fit_denoising(
            samples, held_out, self._precision,
            sigma=NETWORK_SIGMA, residual_scale=scale, hidden=self._hidden, steps=steps, seed=self._seed,
        )  # fmt: skip
        loss = self._examine(
            f"network, {steps} steps", lambda x: scale * fit.network(x) - x @ self._precision
        )
        if self._network_loss is None or loss.mean < self._network_loss.mean:
            self._network, self._network_loss, self._scale = fit, loss, scale

    def _examine(self, name: str, score) -> HeldOutLoss:
        loss = HeldOutLoss.of(score, self._points)
        compared = Comparison.of(loss, self._gaussian)
        self.choices.append(Choice(name, compared.difference, compared.stderr))
        logger.info("%s: held-out loss %.4g ± %.2g below the Gaussian's", name, -compared.difference, compared.stderr)
        return loss

    def _potential(self, weights: np.ndarray) -> Potential:
        return self.linear.potential(weights, self._reach, self._precision)

    def model(self) -> ScoreModel:
        """The candidate of least held-out loss, or the Gaussian if none is better by two standard errors."""
        losses = {"linear": self._linear_loss, "network": self._network_loss}
        name = min((k for k, loss in losses.items() if loss is not None), key=lambda k: losses[k].mean, default=None)
        if name is not None:
            compared = Comparison.of(losses[name], self._gaussian)
            if compared.difference > -_STANDARD_ERRORS * compared.stderr:
                name = None
        error = self._error(name)
        common = {
            "sigma": float(self._sigma or 0.0),
            "standardization": self._standardization,
            "precision": self._data.precision.numpy(),
            "error_estimate": error,
        }
        if name is None:
            warnings.warn(
                "no estimate of the score is better than that of a Gaussian on held-out samples: the Gaussian's is used",
                stacklevel=4,
            )
            zero = Network.random((self._points.shape[1], 1, self._points.shape[1]), 0)
            zero = zero.with_parameters(torch.zeros_like(zero.parameters))
            return ScoreModel(zero, 1.0, method="gaussian", **common)
        if name == "linear":
            return ScoreModel(self._potential(self.linear.fit.weights), 1.0, method=self.linear.name, **common)
        common["sigma"] = NETWORK_SIGMA
        return ScoreModel(
            self._network.network, self._scale, history=self._network.history, method="network", **common
        )

    def _error(self, name: str | None) -> float | None:
        """Relative mean square error of the chosen score."""
        if name is None:
            return None
        chosen, other = self._linear_loss, self._network_loss
        if name == "network":
            chosen, other = other, chosen
        square = float(chosen.values.square().sum(dim=1).mean())
        estimates = []
        if name == "linear":
            estimates.append(self.linear.fit.variance)
        if other is not None:
            estimates.append(Comparison.of(chosen, other).squared_errors[0])
        return max(estimates) / square if estimates else None
