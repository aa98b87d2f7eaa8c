"""KGMM: conditional averages of the noise over the cells of a bisecting K-means partition."""

from __future__ import annotations

import numpy as np

from kgmm.randomness import Seed
from kgmm.score.cell_score import CellScore
from kgmm.score.estimator import ScoreEstimator
from kgmm.score.options import CellOptions
from kgmm.score.prepared_cells import PreparedCells

_DEFAULTS = CellOptions()
# Facts of the result that are attributes of the fitted estimator, with a trailing underscore.
_SHOWN = (
    "centers", "score", "score_stderr", "divergence", "counts", "min_probability", "n_draws", "stopped_by",
    "draws_error", "data_error",
)  # fmt: skip


class KGMM(ScoreEstimator):
    """Score of a stationary density from samples, per cell of a partition (arXiv:2503.18054).

    The samples ``μ`` are blurred, ``x = μ + σ S z`` with ``z ~ N(0, I)`` and ``S`` the standard deviation of each
    variable. The blurred density has the score ``−E[z | x]/(σ S)``; the conditional expectation is an average over
    the cells of a bisecting K-means tree.

    :meth:`fit` does all of it, :meth:`partial_fit` goes on with more samples. Data that several jobs share are
    prepared once (:meth:`prepare`); :class:`kgmm.PreparedCells` and :class:`kgmm.CellScore` do the rest.

    Parameters
    ----------
    sigma
        Noise amplitude in standard deviations of the data, > 0. The score carries a smoothing bias O(σ²).
    min_probability
        ``p_min``; no cell holds more than ``2 p_min`` of the samples the partition is built on. ``None`` chooses it
        from the effective number of samples.
    max_draws
        Draws of the noise per sample, at most; even, because they come in antithetic pairs.
    min_draws
        Draws of the noise per sample, at least.
    stopping
        ``"stderr"`` stops when the error of the draws is below half the error of the finite data; ``"paper"`` when the
        relative change of the cell means falls below ``convergence``; ``"fixed"`` makes ``max_draws``.
    convergence
        Threshold of the published rule.
    n_blocks
        Contiguous blocks of the data from which the error of the finite data is estimated; a fit needs two samples in
        each.
    cells
        ``"constant"`` averages over a cell (the paper); ``"linear"`` also fits a line to ``z`` in it, which is right to
        second order in the size of the cell and needed where cells are coarse, as in several dimensions. ``"auto"`` is
        constant in one and two dimensions and linear in more.
    random_state
        An integer, a NumPy seed sequence or generator, or ``None`` for fresh random numbers.
    device
        ``"cpu"`` or ``"cuda"``, where the draws are made; the two have different random numbers.

    Attributes
    ----------
    cell_score_
        The result as an immutable :class:`kgmm.CellScore`, which can be saved, merged and fitted by a network.
    centers_
        Mean position of the draws in each cell, ``(n_cells, n_features)``, physical units.
    score_
        Score ``∇ log p_σ`` in each cell, ``(n_cells, n_features)``, inverse physical units. (The method :meth:`score`
        is the goodness of the fit, as everywhere in scikit-learn; at other points the score is :meth:`score_at`.)
    score_stderr_
        Standard error of the cell's mean score, ``(n_cells, n_features)``: draws and data together. Against the score
        at ``centers_`` the error is some 5 % larger, because the centre fluctuates too.
    divergence_
        Divergence of the score, ``(n_cells,)``.
    counts_
        Draws per cell, ``(n_cells,)``.
    min_probability_
        ``p_min`` as chosen.
    n_draws_
        Draws made per sample.
    stopped_by_
        ``"stderr"``, ``"paper"``, ``"fixed"`` or ``"max_draws"``.
    draws_error_
        Root mean square over cells, by mass, of the error of ``E[z | x]`` from the finite number of draws.
    data_error_
        The same from the finite, correlated data.
    n_features_in_
        Number of variables.

    Examples
    --------
    >>> import numpy as np
    >>> from kgmm import KGMM
    >>> X = np.random.default_rng(0).standard_normal((2000, 1))
    >>> cells = KGMM(sigma=0.3).fit(X)
    >>> cells.score_at(np.array([[-1.0], [1.0]])).shape
    (2, 1)
    """

    _result = "cell_score_"

    def __init__(
        self,
        sigma: float = _DEFAULTS.sigma,
        min_probability: float | None = _DEFAULTS.min_probability,
        *,
        max_draws: int = _DEFAULTS.max_draws,
        min_draws: int = _DEFAULTS.min_draws,
        stopping: str = _DEFAULTS.stopping,
        convergence: float = _DEFAULTS.convergence,
        n_blocks: int = _DEFAULTS.n_blocks,
        cells: str = _DEFAULTS.cells,
        random_state: Seed = 0,
        device: str = "cpu",
    ):
        self.sigma = sigma
        self.min_probability = min_probability
        self.max_draws = max_draws
        self.min_draws = min_draws
        self.stopping = stopping
        self.convergence = convergence
        self.n_blocks = n_blocks
        self.cells = cells
        self.random_state = random_state
        self.device = device

    def fit(self, X: np.ndarray, y=None) -> KGMM:
        """Estimates the score from samples.

        Parameters
        ----------
        X
            Samples, ``(n_samples, n_features)``, physical units: an array, a DataFrame, or :class:`kgmm.Samples` of a
            trajectory, which may be larger than memory. Correlated samples must be in order: the error of the finite
            data is estimated from contiguous blocks.
        y
            Ignored.

        Returns
        -------
        KGMM
            The fitted estimator.

        Raises
        ------
        ValueError
            For non-finite or constant data, unusable parameters, or too few samples.
        """
        X = self._check_training(X, at_least=2 * self._options(CellOptions).n_blocks)
        return self._show(CellScore.of_samples(self.prepare(X), X))

    def prepare(self, X: np.ndarray) -> PreparedCells:
        """The first part of :meth:`fit`, standardisation and partition; leaves the estimator as it is.

        Parameters
        ----------
        X
            As in :meth:`fit`.

        Returns
        -------
        PreparedCells
            What the shards of one estimate share.

        Raises
        ------
        ValueError
            As in :meth:`fit`.
        """
        return PreparedCells.of(X, self._options(CellOptions), self.random_state, self.device)

    def partial_fit(self, X: np.ndarray, y=None) -> KGMM:
        """Fits to the samples of ``X`` and all those of earlier calls.

        The first call is :meth:`fit`: it decides on standardisation, partition and number of draws, so its samples
        should be of the whole density. The estimator keeps its sums, not the samples.

        Parameters
        ----------
        X
            Further samples, ``(n_samples, n_features)``, physical units.
        y
            Ignored.

        Returns
        -------
        KGMM
            The fitted estimator.

        Raises
        ------
        ValueError
            As in :meth:`fit`.
        """
        if self._result not in vars(self):
            return self.fit(X)
        return self._show(self.cell_score_.extend(self._check_points(X)))

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Cell of each point, by descent of the tree.

        Parameters
        ----------
        X
            Points, ``(n, n_features)``, physical units.

        Returns
        -------
        ndarray
            Number of the cell, ``(n,)``, of the rows of ``score_``.
        """
        fitted = self._fitted
        return fitted.predict(self._check_points(X))

    def _show(self, result: CellScore) -> KGMM:
        self.cell_score_ = result
        for name in _SHOWN:
            setattr(self, f"{name}_", getattr(result, name))
        return self
