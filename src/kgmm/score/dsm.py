"""Denoising score matching: the network fitted to single draws of the noise, with no clustering before it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from kgmm.data.standardization import Standardization, StandardizedSamples, check_samples, check_sigma
from kgmm.randomness import Seed, torch_generator
from kgmm.score.model import ScoreModel
from kgmm.score.network import Network
from kgmm.score.parameters import WithParameters
from kgmm.score.training import Observer, fit_batches

_MOST_NUMBERS = 100_000_000


class DSM(WithParameters):
    """Score of a stationary density by denoising score matching (Vincent 2011, doi 10.1162/NECO_a_00142).

    A network is fitted to ``z`` at ``x = μ + σ S z`` in batches of fresh draws; its optimum is ``E[z | x]``, the same
    function that :class:`kgmm.KGMM` averages over cells. It is the rival of KGMM, and meant to be a strong one: Adam on
    one cycle of the learning rate, the network that ``KGMM`` gets, and antithetic draws for it too.

    Parameters
    ----------
    sigma : noise amplitude in standard deviations of the data, > 0.
    hidden : widths of the hidden layers.
    steps, batch_size, learning_rate : batches, draws in each, and the largest rate of the cycle.
    antithetic : every batch holds ``z`` and ``−z`` of half as many samples, which cancels most of the gradient's noise
        where σ is small; ``False`` draws independently.
    random_state : integer or NumPy seed sequence.
    device : ``"cpu"`` or ``"cuda"``.

    Attributes
    ----------
    score_model_ : the fitted :class:`kgmm.ScoreModel`.
    """

    def __init__(
        self,
        sigma: float = 0.05,
        hidden: Sequence[int] = (128, 64),
        *,
        steps: int = 12_000,
        batch_size: int = 1024,
        learning_rate: float = 4e-3,
        antithetic: bool = True,
        random_state: Seed = 0,
        device: str = "cpu",
    ):
        self.sigma = sigma
        self.hidden = hidden
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.antithetic = antithetic
        self.random_state = random_state
        self.device = device

    def fit(self, X: np.ndarray, y=None, *, observe: Observer | None = None) -> DSM:
        """Fits the score to samples of shape ``(n_samples, n_features)``, physical units.

        Of more than 10⁸ numbers a random part is used, more than any number of batches visits. ``observe`` is called
        along the way, see :func:`kgmm.score.training.fit_batches`.
        Raises ``ValueError`` for non-finite or constant data, or unusable parameters.
        """
        check_sigma(self.sigma)
        if self.batch_size < 2 or self.batch_size % 2:
            raise ValueError(f"batch_size is {self.batch_size}: draws come in pairs, so it must be even and at least 2")
        X = check_samples(X, at_least=2)
        standardization = Standardization.of(X)
        generator = torch_generator(self.random_state, self.device)
        seed = generator.initial_seed() % 2**32
        chosen = StandardizedSamples(X, standardization).choose(
            _MOST_NUMBERS // X.shape[1], np.random.default_rng(seed)
        )
        samples = chosen.to(self.device)
        d = X.shape[1]
        fit = fit_batches(
            Network.random((d, *self.hidden, d), seed),
            lambda: self._batch(samples, generator),
            steps=self.steps,
            learning_rate=self.learning_rate,
            device=self.device,
            observe=observe,
        )
        self.score_model_ = ScoreModel(fit.network, 1.0 / self.sigma, float(self.sigma), standardization, fit.history)
        self.n_features_in_ = d
        return self

    def _batch(self, samples: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Points ``x`` and what the network is to find there, ``−z + σ x/(1 + σ²)``; both ``(batch_size, d)``."""
        size = self.batch_size // 2 if self.antithetic else self.batch_size
        rows = torch.randint(samples.shape[0], (size,), generator=generator, device=generator.device)
        mu = samples[rows]
        z = torch.empty_like(mu).normal_(generator=generator)
        if self.antithetic:
            mu, z = torch.cat([mu, mu]), torch.cat([z, -z])
        x = mu + self.sigma * z
        return x, x * (self.sigma / (1.0 + self.sigma**2)) - z

    def score_at(self, X: np.ndarray) -> np.ndarray:
        """Score at each point, shape ``(n, n_features)``, physical units."""
        return self.score_model_(X)
