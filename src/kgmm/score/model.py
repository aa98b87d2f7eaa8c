"""The score as a function: a network fitted to scores at points, with the pull of a Gaussian outside the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from kgmm.data.standardization import Standardization
from kgmm.score.cell_targets import held_out_groups, targets_of_cells
from kgmm.score.evidence import evidence_tells, fit_by_evidence
from kgmm.score.fit_record import Observer
from kgmm.score.model_files import StoredScore
from kgmm.score.options import NetworkOptions
from kgmm.score.training import fit_network

if TYPE_CHECKING:
    from kgmm.score.cell_score import CellScore
    from kgmm.score.direct_gmm import DirectGMM
    from kgmm.score.kgmm import KGMM

_DEFAULTS = NetworkOptions()


@dataclass(frozen=True, repr=False)
class ScoreModel(StoredScore):
    """A fitted score ``s(x) ≈ ∇ log p_σ(x)`` in physical coordinates.

    In standardised coordinates ``s̃(x̃) = −x̃/(1 + σ²) + c f(x̃)``: the score of the Gaussian with the data's mean and
    smoothed variance, plus a network ``f`` for the difference, ``c`` being the root mean square of that difference.
    Beyond the range of the data, and three σ on either side of it, the difference is continued as a constant, so that
    far away the Gaussian's pull always wins.

    Attributes
    ----------
    network
        ``f``, a network or a :class:`kgmm.score.potentials.Potential`.
    residual_scale
        ``c``.
    sigma
        Noise amplitude in standard deviations; 0 for a score of the density itself.
    standardization
        Mean, deviation and range of the data it was fitted to.
    history
        Losses of the fit, or ``None`` for a model put together by hand.
    precision
        ``P`` of the Gaussian score ``−P x̃``, ``(n_features, n_features)``; ``None`` is ``1/(1 + σ²)`` times the
        identity.
    error_estimate
        The model's estimate of its own relative mean square error, ``E|ŝ − s|²/E|s|²`` in standardised coordinates, or
        ``None``.
    method
        Name of the estimate.

    Examples
    --------
    >>> import kgmm
    >>> X = kgmm.get_system("phi4_chain", n_variables=2).sample(5000, np.random.default_rng(0))
    >>> score = kgmm.fit_score(X, families=("polynomial",))
    >>> score(X[:3]).shape, score.divergence(X[:3]).shape
    ((3, 2), (3,))
    """

    @classmethod
    def fit(
        cls,
        cells: CellScore | KGMM,
        hidden: Sequence[int] = tuple(_DEFAULTS.hidden),
        *,
        optimizer: str = _DEFAULTS.optimizer,
        max_iterations: int = _DEFAULTS.max_iterations,
        held_out: float = _DEFAULTS.held_out,
        patience: int = _DEFAULTS.patience,
        steps: int = _DEFAULTS.steps,
        batch_size: int = _DEFAULTS.batch_size,
        learning_rate: float | None = _DEFAULTS.learning_rate,
        prior_precision: float | None = _DEFAULTS.prior_precision,
        seed: int = 0,
        device: str = "cpu",
        observe: Observer | None = None,
    ) -> ScoreModel:
        """Fits the network to cells, weighted by their counts.

        The noise of the targets is taken from the standard errors of the cells.

        Parameters
        ----------
        cells
            A fitted :class:`kgmm.KGMM`, or its :class:`kgmm.CellScore`.
        hidden
            Widths of the hidden layers.
        optimizer
            ``"lbfgs"``, ``"adam"`` or ``"orthogonal"``, see :func:`kgmm.score.training.fit_network`.
        max_iterations
            Iterations of L-BFGS.
        held_out
            Share of the cells that tell which state of the fit to keep; none of fewer than 500 cells, which are better
            used for the fit.
        patience
            Evaluations in a row, all worse than the best, after which the fit stops.
        steps
            Batches of Adam and of the orthogonalised momentum.
        batch_size
            Points in a batch.
        learning_rate
            The largest of a fit in batches; ``None`` is 0.004 for Adam and 0.03 for the other.
        prior_precision
            Precision of the normal prior on the parameters; ``None`` chooses it where there are few and noisy cells,
            see :func:`kgmm.score.evidence.fit_by_evidence`, and is 0.1 elsewhere.
        seed
            Of the start of the network, the held-out cells and the batches.
        device
            ``"cpu"`` or ``"cuda"``.
        observe
            Called along the way with the number of iterations and the network.

        Returns
        -------
        ScoreModel
            The fitted model.

        Raises
        ------
        ValueError
            For unusable arguments.
        ScientificFailure
            If the fit does not lower its loss.

        Examples
        --------
        >>> import numpy as np
        >>> from kgmm import KGMM, ScoreModel
        >>> X = np.random.default_rng(0).standard_normal((2000, 1))
        >>> score = ScoreModel.fit(KGMM(sigma=0.3).fit(X), hidden=(16,), max_iterations=50)
        >>> score(np.array([[-1.0], [1.0]])).shape
        (2, 1)
        """
        options = NetworkOptions.checked(
            hidden=hidden, optimizer=optimizer, max_iterations=max_iterations, held_out=held_out, patience=patience,
            steps=steps, batch_size=batch_size, learning_rate=learning_rate, prior_precision=prior_precision,
        )  # fmt: skip
        cells = getattr(cells, "cell_score_", cells)
        if not hasattr(cells, "estimates"):
            raise ValueError(f"cells is {cells!r}: a fitted KGMM or its CellScore is expected")
        targets = targets_of_cells(cells.estimates, cells.sigma, seed)
        return cls.fit_points(
            targets.points,
            targets.scores,
            targets.weights,
            sigma=cells.sigma,
            standardization=cells.standardization,
            stderr=targets.stderr,
            group_size=targets.group_size,
            seed=seed,
            device=device,
            observe=observe,
            **options.model_dump(),
        )

    @classmethod
    def fit_mixture(cls, mixture: DirectGMM, points: np.ndarray, **options) -> ScoreModel:
        """Fits the network to direct scores of a mixture at points: the control that tells what clustering adds.

        Parameters
        ----------
        mixture
            A fitted :class:`kgmm.DirectGMM`.
        points
            ``(n, n_features)``, physical units.
        **options
            Those of :meth:`fit`.

        Returns
        -------
        ScoreModel
            The fitted model.

        Examples
        --------
        >>> import numpy as np
        >>> from kgmm import DirectGMM, ScoreModel
        >>> X = np.random.default_rng(0).laplace(size=(500, 1))
        >>> ScoreModel.fit_mixture(DirectGMM(0.5).fit(X), X, hidden=(8,), max_iterations=20).sigma
        0.5
        """
        fitted = mixture.mixture_
        scale = fitted.standardization.scale
        scores, stderr = fitted.with_stderr(points)
        return cls.fit_points(
            fitted.standardization.forward(points),
            scores * scale,
            np.ones(len(points)),
            sigma=fitted.sigma,
            standardization=fitted.standardization,
            stderr=stderr * scale,
            **options,
        )

    @classmethod
    def fit_points(
        cls,
        points: np.ndarray,
        scores: np.ndarray,
        weights: np.ndarray,
        *,
        sigma: float,
        standardization: Standardization,
        stderr: np.ndarray | float = 0.0,
        group_size: int = 1,
        seed: int = 0,
        device: str = "cpu",
        observe: Observer | None = None,
        **options,
    ) -> ScoreModel:
        """Fits the network to scores at points, all in standardised coordinates.

        Parameters
        ----------
        points
            ``(n_points, n_features)``.
        scores
            ``(n_points, n_features)``.
        weights
            ``(n_points,)``.
        sigma
            Noise amplitude in standard deviations.
        standardization
            That of the data.
        stderr
            Standard errors of the scores, a number or ``(n_points, n_features)``.
        group_size
            Points that belong together, such as those of one cell, and follow each other.
        seed, device, observe
            As in :meth:`fit`.
        **options
            The other arguments of :meth:`fit`; ``held_out`` is a share of the groups.

        Returns
        -------
        ScoreModel
            The fitted model.

        Raises
        ------
        ValueError
            For unusable arguments.

        Examples
        --------
        >>> import numpy as np
        >>> from kgmm import ScoreModel
        >>> from kgmm.data.standardization import Standardization
        >>> x = np.linspace(-2, 2, 100)[:, None]
        >>> of_data = Standardization.of(x)
        >>> options = {"sigma": 0.1, "standardization": of_data, "hidden": (8,), "max_iterations": 20}
        >>> ScoreModel.fit_points(of_data.forward(x), -np.tanh(x), np.ones(100), **options)([[0.0]]).shape
        (1, 1)
        """
        options = NetworkOptions.checked(**options).model_dump()
        held_out = options.pop("held_out")
        residual = scores + points / (1.0 + sigma**2)
        share = weights / weights.sum()
        mean_square = float((share[:, None] * residual**2).sum())
        # For Gaussian data the difference vanishes; its scale must not.
        residual_scale = max(mean_square, 1e-12) ** 0.5
        noise = float((share[:, None] * np.broadcast_to(stderr, scores.shape) ** 2).sum())
        noise_fraction = min(1.0, noise / residual_scale**2)
        fold = np.repeat(held_out_groups(len(points) // group_size, held_out, seed), group_size)
        data = points, residual / residual_scale, weights
        precision = options.pop("prior_precision")
        fit_with = partial(
            fit_network, *data,
            held_out=fold, seed=seed, noise_fraction=noise_fraction, device=device, observe=observe, **options,
        )  # fmt: skip
        if precision is not None:
            fit = fit_with(prior_precision=precision)
        elif options["optimizer"] == "lbfgs" and not fold.any() and evidence_tells(scores.size, noise_fraction):
            fit = fit_by_evidence(fit_with, *data, noise_fraction)
        else:
            fit = fit_with()
        return cls(fit.network, residual_scale, float(sigma), standardization, fit.history)
