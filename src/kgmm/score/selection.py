"""Estimates of a score as they are fitted, and which of them is the best."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass

import numpy as np
import torch

from kgmm.data.standardization import Standardization
from kgmm.score.candidates import LinearCandidate, Support
from kgmm.score.denoising_fit import fit_denoising
from kgmm.score.fit_record import History
from kgmm.score.folds import N_BLOCKS, Folded
from kgmm.score.held_out import Comparison, HeldOutLoss, Score
from kgmm.score.model import ScoreModel
from kgmm.score.network import Network

logger = logging.getLogger("kgmm")

NETWORK_SIGMA = 0.05
_MAX_HELD_OUT = 4000  # samples that tell when the network's fit stops
_MAX_DIVERGENCES = 64_000  # derivatives of each candidate at held-out samples
_MIN_STEPS, _FIRST_STEPS, _MAX_STEPS, _SAMPLES_PER_STEP = 600, 900, 2400, 100
_RICH = 0.02  # relative squared error of a network from which on more steps are worth their time
_DECAY, _MIN_DECAY, _MAX_DECAY = 250.0, 0.01, 0.15  # of the weights: the first times variables over samples
_GAIN_OF_STEPS = 6.0  # by which the full number of steps lowers the squared error of the trial's, at most
_VARIANCE_OF_HALF = 0.8  # squared error of a network over its distance to one of half of the data, as measured
_UNEXPLAINED = 2.5  # distance of a potential to the network over the latter's estimate of its squared error
_UNCERTAIN = 1.9  # and from what on the rest is called the potential's bias
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


class Selection:
    """Estimates as they are fitted, compared at the same held-out samples.

    Parameters
    ----------
    data
        Samples blurred by ``sigma``, to which potentials are fitted and at which all are compared.
    plain
        The samples themselves; the fit of a network blurs them anew in every batch.
    sigma, hidden, seed
        As in :func:`kgmm.score.automatic.fit_automatic`.

    Attributes
    ----------
    linear, potential
        The potential of least cross-validated loss, and the estimate it is.
    network, half
        The network of all of the data, or the trial if that was without hope; and the network of half of them.
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
        self.potential: Estimate | None = None
        self.network: Estimate | None = None
        self.half: Estimate | None = None

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
        self.potential = Estimate(
            candidate.name, final, 1.0, self.gaussian.sigma, held_out, None, candidate.fit.variance
        )

    def add_network(self) -> None:
        """Adds a network of half of the data in half of the steps and, if more may make it the best, one of all.

        Scores so rich that the two differ much are fitted once more, in more steps, if there are samples for them.
        The two tell the error of the network, see :meth:`error`.
        """
        best = self.best
        steps = int(np.clip(len(self._plain.training) / _SAMPLES_PER_STEP, _MIN_STEPS, _MAX_STEPS))
        first = min(steps, _FIRST_STEPS)
        self.network = trial = self._fit_network(first // 2, half=True)
        # In several variables bumps are that far from the density that a trial's losses need not promise anything.
        if best is not self.gaussian and not (self.makeshift and len(self._precision) > 1):
            of_trial, of_best = Comparison.of(trial.held_out, best.held_out).squared_errors
            if of_trial > _GAIN_OF_STEPS * of_best:
                return
        self.network, self.half = self._fit_network(first), trial
        if first < steps and self.best is self.network and self.error(self.network) > _RICH:
            self.network, self.half = self._fit_network(steps), self._fit_network(steps // 2, half=True)

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
        """The network if it beats the potential by a standard error, or at all a makeshift one, or shows its bias.

        Else the potential.

        The Gaussian if neither is clearly better than it: the network at the held-out samples, the potential there or
        by its cross-validated loss, in which all samples take part.
        """
        best = self.gaussian
        if self.potential and self.linear.beats_gaussian(_STANDARD_ERRORS_OF_FOLDS):
            best = self.potential
        for estimate in filter(None, (self.potential, self.network)):
            margin = _STANDARD_ERRORS if best is self.gaussian else 1.0 - self.makeshift
            compared = Comparison.of(estimate.held_out, best.held_out)
            if compared.difference < -margin * compared.stderr:
                best = estimate
        return self.network if best is self.potential and self._shows_bias() else best

    @property
    def makeshift(self) -> bool:
        """Whether the potential is, see :attr:`kgmm.score.candidates.LinearCandidate.makeshift`."""
        return self.linear is not None and self.linear.makeshift

    def _shows_bias(self) -> bool:
        """Whether potential and network are farther from each other than the network's error explains.

        Held-out losses of few samples cannot tell a biased potential from one that is right. But if it were right, the
        distance would be the error of the network, which is known within a factor of two. The losses must not say the
        opposite.
        """
        if self.potential is None or self.half is None:
            return False
        compared = Comparison.of(self.network.held_out, self.potential.held_out)
        own = self._square_error_of_network()
        return compared.difference < compared.stderr and compared.distance > _UNEXPLAINED * own

    def _square_error_of_network(self) -> float:
        """What the squared distance of the two networks tells.

        Were the error all variance, falling as ``1/n``, the two would be equal; but the network of half of the data has
        half of the steps too.
        """
        return _VARIANCE_OF_HALF * Comparison.of(self.network.held_out, self.half.held_out).distance

    def error(self, chosen: Estimate) -> float | None:
        """Relative mean square error of an estimate, as far as the data tell.

        Of the Gaussian and of potentials it is their variance by the jackknife, or what their distance to a network
        tells if that is more than the network's own error explains. Of a network see
        :meth:`_square_error_of_network`.
        """
        square = float(chosen.held_out.values.square().sum(dim=1).mean())
        if chosen is self.network:
            return None if self.half is None else self._square_error_of_network() / square
        return max([chosen.variance, *(self._biases() if chosen is self.potential else [])]) / square

    def _biases(self) -> list[float]:
        """Squared errors of the potential as networks see them: their squared distance is the sum of both errors'.

        Losses that tell whose error it is are believed.
        """
        biases = []
        if self.potential.name in ("radial potential", "spline"):
            networks = filter(None, (self.network, self.half))
            biases += [Comparison.of(self.potential.held_out, e.held_out).squared_errors[0] for e in networks]
        if self.half is not None:
            compared = Comparison.of(self.potential.held_out, self.network.held_out)
            own, most = self._square_error_of_network(), compared.squared_errors[0] + _STANDARD_ERRORS * compared.stderr
            biases += [min(compared.distance - own, most)] if compared.distance > _UNCERTAIN * own else []
        return biases

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
