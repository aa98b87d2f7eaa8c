"""Denoising score matching: the network fitted to single draws of the noise, with no clustering before it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from kgmm.data.standardization import Standardization, StandardizedSamples
from kgmm.randomness import Seed, torch_generator
from kgmm.score.batches import fit_batches
from kgmm.score.estimator import ScoreEstimator
from kgmm.score.fit_record import Observer
from kgmm.score.model import ScoreModel
from kgmm.score.network import Network
from kgmm.score.options import DSMOptions

_DEFAULTS = DSMOptions()
_MAX_NUMBERS = 100_000_000


class DSM(ScoreEstimator):
    """Score of a stationary density by denoising score matching (Vincent 2011, doi 10.1162/NECO_a_00142).

    A network is fitted to ``z`` at ``x = μ + σ S z`` in batches of fresh draws; its optimum is ``E[z | x]``, the same
    function that :class:`kgmm.KGMM` averages over cells. It is the baseline of KGMM, and meant to be a strong one: Adam
    with one cycle of the learning rate, the same network as for ``KGMM``, and antithetic draws too.

    Parameters
    ----------
    sigma
        Noise amplitude in standard deviations of the data, > 0.
    hidden
        Widths of the hidden layers.
    steps
        Batches.
    batch_size
        Draws in each batch, even.
    learning_rate
        Largest rate of the cycle; ``None`` is 0.004.
    antithetic
        Whether a batch holds ``z`` and ``−z`` of half as many samples, which cancels most of the gradient's noise where
        σ is small; ``False`` draws independently.
    random_state
        An integer, a NumPy seed sequence or generator, or ``None`` for fresh random numbers.
    device
        ``"cpu"`` or ``"cuda"``.

    Attributes
    ----------
    score_model_
        The fitted :class:`kgmm.ScoreModel`.
    n_features_in_
        Number of variables.

    Examples
    --------
    >>> import numpy as np
    >>> from kgmm import DSM
    >>> X = np.random.default_rng(0).standard_normal((2000, 1))
    >>> DSM(sigma=0.3, hidden=(16,), steps=200).fit(X).score_at(np.array([[-1.0], [1.0]])).shape
    (2, 1)
    """

    _result = "score_model_"

    def __init__(
        self,
        sigma: float = _DEFAULTS.sigma,
        hidden: Sequence[int] = tuple(_DEFAULTS.hidden),
        *,
        steps: int = _DEFAULTS.steps,
        batch_size: int = _DEFAULTS.batch_size,
        learning_rate: float | None = _DEFAULTS.learning_rate,
        antithetic: bool = _DEFAULTS.antithetic,
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
        """Fits the score to samples.

        Of more than 10⁸ numbers a random part is used, more than any number of batches visits.

        Parameters
        ----------
        X
            Samples, ``(n_samples, n_features)``, physical units.
        y
            Ignored.
        observe
            Called along the way with the number of batches and the network.

        Returns
        -------
        DSM
            The fitted estimator.

        Raises
        ------
        ValueError
            For non-finite or constant data, or unusable parameters.
        """
        options = self._options(DSMOptions)
        X = self._check_training(X, at_least=2)
        standardization = Standardization.of(X)
        generator = torch_generator(self.random_state, self.device)
        seed = generator.initial_seed() % 2**32
        chosen = StandardizedSamples(X, standardization).choose(_MAX_NUMBERS // X.shape[1], np.random.default_rng(seed))
        samples = chosen.to(self.device)
        d = X.shape[1]
        fit = fit_batches(
            Network.random((d, *options.hidden, d), seed),
            lambda: _batch(samples, options, generator),
            steps=options.steps,
            learning_rate=options.learning_rate,
            device=self.device,
            observe=observe,
        )
        self.score_model_ = ScoreModel(fit.network, 1.0 / options.sigma, options.sigma, standardization, fit.history)
        return self


def _batch(samples: torch.Tensor, options: DSMOptions, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Points ``x`` and what the network is to find there, ``−z + σ x/(1 + σ²)``; both ``(batch_size, d)``."""
    sigma = options.sigma
    size = options.batch_size // 2 if options.antithetic else options.batch_size
    rows = torch.randint(samples.shape[0], (size,), generator=generator, device=generator.device)
    mu = samples[rows]
    z = torch.empty_like(mu).normal_(generator=generator)
    if options.antithetic:
        mu, z = torch.cat([mu, mu]), torch.cat([z, -z])
    x = mu + sigma * z
    return x, x * (sigma / (1.0 + sigma**2)) - z
