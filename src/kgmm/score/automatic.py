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
from kgmm.score.candidates import (
    MAX_RADIAL_FEATURES,
    LinearCandidate,
    Support,
    best_polynomial,
    best_radial,
)
from kgmm.score.fit_record import History
from kgmm.score.folds import N_BLOCKS, Folded, fold
from kgmm.score.held_out import Comparison, HeldOutLoss, Score
from kgmm.score.model import ScoreModel
from kgmm.score.network import Network
from kgmm.score.refinement import HIDDEN, fit_denoising

logger = logging.getLogger("kgmm")

FAMILIES = ("polynomial", "radial", "network")
NETWORK_SIGMA = 0.05
_MAX_ROWS = 4_000_000
_MAX_HELD_OUT = 4000  # samples that tell when the network's fit stops
_MAX_DIVERGENCES = 64_000  # derivatives of each candidate at held-out samples
_TRIAL_STEPS = 300
_MIN_STEPS, _MAX_STEPS, _SAMPLES_PER_STEP = 600, 3000, 80
_DECAY, _MIN_DECAY, _MAX_DECAY = 250.0, 0.01, 0.15  # of the weights: the first times variables over samples
_GAIN_OF_STEPS = 6.0  # by which the full number of steps lowers the squared error of the trial's, at most
_STANDARD_ERRORS = 2.0
_STANDARD_ERRORS_OF_FOLDS = 3.5  # there are few folds, and the best of several potentials is compared


@dataclass(frozen=True)
class Estimate:
    """One of the scores that were compared, ``−P x + c f(x)`` in standardised coordinates.

    Attributes
    ----------
    name
        Of the family.
    network, residual_scale, sigma, history
        Parts of the :class:`kgmm.ScoreModel` to be made of it.
    held_out
        Its losses at the held-out samples; of a potential, those of its fit to the other folds.
    variance
        ``E|ŝ − E ŝ|²`` where the family knows it.
    """

    name: str
    network: object
    residual_scale: float
    sigma: float
    held_out: HeldOutLoss
    history: History | None = None
    variance: float | None = None


def fit_automatic(
    X,
    sigma: float | None,
    *,
    hidden: Sequence[int] = HIDDEN,
    families: Sequence[str] = FAMILIES,
    random_state: Seed = 0,
) -> ScoreModel:
    """The score that held-out samples prefer among polynomial and radial potentials and a network.

    Parameters
    ----------
    X : array_like or Samples
        Samples ``(n_samples, n_features)``, physical units, checked already.
    sigma : float or None
        Noise amplitude in standard deviations of the data; ``None`` aims at the score of the data themselves.
    hidden : sequence of int
        Widths of the network's hidden layers.
    families : sequence of str
        Some of ``"polynomial"``, ``"radial"`` and ``"network"``.
    random_state : int or numpy.random.SeedSequence
        Seed.

    Returns
    -------
    ScoreModel
        With the name of the family and the estimate of its error.

    Raises
    ------
    ValueError
        For unknown families and constant variables.

    Examples
    --------
    >>> import numpy as np
    >>> fit_automatic(np.random.default_rng(0).uniform(size=(2000, 1)), 0.2, families=["polynomial"]).sigma
    0.2
    """
    unknown = set(families) - set(FAMILIES)
    if unknown or not families:
        raise ValueError(f"families is {tuple(families)}: it must hold some of {', '.join(FAMILIES)}")
    standardization = Standardization.of(X)
    generator = torch_generator(random_state)
    seed = generator.initial_seed() % 2**32
    clean = StandardizedSamples(X, standardization).choose(_MAX_ROWS, np.random.default_rng(seed))
    plain = data = fold(clean, 0.0, generator)
    if sigma is not None:
        data = fold(clean, sigma, generator)
    selection = Selection(data, plain, sigma, tuple(hidden), seed)
    doubtful = data.x.shape[1] > MAX_RADIAL_FEATURES or "polynomial" not in families
    if "polynomial" in families:
        selection.add_linear(best_polynomial(data))
    if "radial" in families:
        radial = best_radial(data, selection.linear)
        doubtful |= radial is not None
        selection.add_linear(radial)
    # Where bumps add nothing to the polynomial there is nothing left that a network could find.
    if "network" in families and doubtful:
        selection.add_network()
    return selection.model(standardization)


class Selection:
    """Estimates as they are fitted, compared at the same held-out samples.

    Parameters
    ----------
    data
        Samples blurred by ``sigma``, to which potentials are fitted and at which all are compared.
    plain
        The samples themselves; the fit of a network blurs them anew in every batch.
    sigma, hidden, seed
        As in :func:`fit_automatic`.

    Attributes
    ----------
    estimates
        Those that were examined, in the order of their fits.
    linear
        The potential of least cross-validated loss.
    """

    def __init__(self, data: Folded, plain: Folded, sigma: float | None, hidden: tuple[int, ...], seed: int):
        self._data, self._plain, self._sigma, self._hidden, self._seed = data, plain, sigma, hidden, seed
        self._support = Support.of(data)
        n_points = _MAX_DIVERGENCES // data.x.shape[1]
        # Of every sample one draw of the noise: standard errors take points as independent.
        one = data.held_out[:: len(data.held_out) // len(plain.held_out)]
        self._points = one[:: -(-len(one) // n_points)].float()
        self._precision = data.precision.float()
        zero = Network.random((data.x.shape[1], 1, data.x.shape[1]), 0)
        zero = zero.with_parameters(torch.zeros_like(zero.parameters))
        held_out = HeldOutLoss.of(lambda x: -x @ self._precision, self._points)
        variance = data.variance_of_gaussian()
        self.gaussian = Estimate("gaussian", zero, 1.0, float(sigma or 0.0), held_out, variance=variance)
        self.linear: LinearCandidate | None = None
        self.estimates: list[Estimate] = []

    def add_linear(self, candidate: LinearCandidate | None) -> None:
        """Adds a potential unless it fails to beat the one before, see :meth:`LinearCandidate.beats`."""
        if candidate is None or not candidate.beats(self.linear):
            return
        self.linear = candidate
        without, final = (
            self._support.potential(candidate.features, weights, self._precision)
            for weights in (candidate.fit.without_last, candidate.fit.weights)
        )
        held_out = self._examine(candidate.name, lambda x: without(x) - x @ self._precision)
        self.estimates.append(
            Estimate(candidate.name, final, 1.0, self.gaussian.sigma, held_out, None, candidate.fit.variance)
        )

    def add_network(self) -> None:
        """Adds a network of a few steps on half of the data and, if more may make it the best, one of all.

        The two tell the error of the network, see :meth:`error`.
        """
        best = self.best
        trial = self._fit_network(_TRIAL_STEPS, half=True)
        self.estimates.append(trial)
        if best is not self.gaussian:
            of_trial, of_best = Comparison.of(trial.held_out, best.held_out).squared_errors
            if of_trial > _GAIN_OF_STEPS * of_best:
                return
        steps = int(np.clip(len(self._plain.training) / _SAMPLES_PER_STEP, _MIN_STEPS, _MAX_STEPS))
        final = self._fit_network(steps)
        self.estimates.append(final)
        if steps > 2 * _TRIAL_STEPS and self.best is final:
            self.estimates.append(self._fit_network(steps // 2, half=True))

    def _fit_network(self, steps: int, half: bool = False) -> Estimate:
        # The loss says how large the difference from the Gaussian is: half its mean square.
        gain = self.gaussian.held_out.mean - self.best.held_out.mean
        scale = max(1.0, 2.0 * gain / self._data.x.shape[1]) ** 0.5
        training, held_out = self._plain.training, self._plain.held_out
        if half:
            training = torch.cat(training.tensor_split(N_BLOCKS)[::2])
        decay = float(np.clip(_DECAY * training.shape[1] / len(training), _MIN_DECAY, _MAX_DECAY))
        held_out = held_out[:: -(-len(held_out) // _MAX_HELD_OUT)]
        sigma = self._sigma or NETWORK_SIGMA
        fit = fit_denoising(
            training.float(), held_out.float(), self._precision,
            sigma=sigma, residual_scale=scale, hidden=self._hidden, steps=steps, decay=decay,
            signs=self._sigma is None, seed=self._seed + half,
        )  # fmt: skip
        name = f"network, {steps} steps{' on half of the data' * half}"
        losses = self._examine(name, lambda x: scale * fit.network(x) - x @ self._precision)
        return Estimate("network", fit.network, scale, sigma, losses, fit.history)

    def _examine(self, name: str, score: Score) -> HeldOutLoss:
        losses = HeldOutLoss.of(score, self._points)
        compared = Comparison.of(losses, self.gaussian.held_out)
        logger.info("%s: held-out loss %.4g ± %.2g below the Gaussian's", name, -compared.difference, compared.stderr)
        return losses

    @property
    def best(self) -> Estimate:
        """The network of least held-out loss if it beats the potential by a standard error, else the potential.

        The Gaussian if neither is clearly better than it: the network at the held-out samples, the potential there or
        by its cross-validated loss, in which all samples take part.
        """
        best = self.gaussian
        potentials = [e for e in self.estimates if e.name != "network"]
        networks = sorted((e for e in self.estimates if e.name == "network"), key=lambda e: e.held_out.mean)
        if potentials and self.linear.beats_gaussian(_STANDARD_ERRORS_OF_FOLDS):
            best = potentials[-1]
        for estimate in potentials[-1:] + networks[:1]:
            margin = _STANDARD_ERRORS if best is self.gaussian else 1.0
            compared = Comparison.of(estimate.held_out, best.held_out)
            if compared.difference < -margin * compared.stderr:
                best = estimate
        return best

    def error(self, chosen: Estimate) -> float | None:
        """Relative mean square error of an estimate, as far as the data tell.

        Of the Gaussian and of polynomials it is their variance by the jackknife; of bumps, whose bias is larger, what
        their distance to a network tells if that is more. Of a network it is the squared distance to one fitted to half
        of the data: were its error all variance, falling as ``1/n``, the two would be equal.
        """
        square = float(chosen.held_out.values.square().sum(dim=1).mean())
        networks = [
            Comparison.of(chosen.held_out, e.held_out)
            for e in self.estimates
            if e.name == "network" and e is not chosen
        ]
        if chosen.variance is not None:
            hidden = [compared.squared_errors[0] for compared in networks] if chosen.name == "radial potential" else []
            return max([chosen.variance, *hidden]) / square
        return networks[-1].distance / square if networks else None

    def model(self, standardization: Standardization) -> ScoreModel:
        """The best estimate in physical units; warns if it is the Gaussian."""
        best = self.best
        if best is self.gaussian:
            warnings.warn(
                "no estimate of the score is better than the Gaussian's on held-out samples: the Gaussian's is used",
                stacklevel=4,
            )
        return ScoreModel(
            best.network,
            best.residual_scale,
            best.sigma,
            standardization,
            best.history,
            self._data.precision.numpy(),
            self.error(best),
            best.name,
        )
