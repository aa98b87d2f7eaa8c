"""What the estimators of a score share as scikit-learn's estimators."""

from __future__ import annotations

from typing import ClassVar, Protocol, TypeVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from kgmm.data.standardization import Standardization, check_samples
from kgmm.options import Options
from kgmm.statistics.denoising import denoising_losses

AnyOptions = TypeVar("AnyOptions", bound=Options)

# One noise for all estimators and settings, so that their scores differ by what they are and not by the noise.
_NOISE_SEED = 0


class FittedScore(Protocol):
    """A fitted score: a function of points in physical units."""

    sigma: float
    standardization: Standardization

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Score at each point, shape ``(n, n_features)``."""


class ScoreEstimator(BaseEstimator):
    """An estimator of the score of a stationary density; ``fit`` leaves an immutable :class:`FittedScore`."""

    # The attribute in which it does.
    _result: ClassVar[str]

    @property
    def _fitted(self) -> FittedScore:
        check_is_fitted(self, self._result)
        return getattr(self, self._result)

    def score_at(self, X: np.ndarray) -> np.ndarray:
        """Score ``∇ log p_σ`` at each point.

        Parameters
        ----------
        X
            Points, ``(n, n_features)``, physical units.

        Returns
        -------
        ndarray
            ``(n, n_features)``, inverse physical units.

        Raises
        ------
        NotFittedError
            Before :meth:`fit`.
        ValueError
            For points of another number of features, or that are not finite.
        """
        fitted = self._fitted
        return fitted(self._check_points(X))

    def score(self, X: np.ndarray, y=None) -> float:
        """Minus the denoising loss at samples, ``d − E‖ε(μ + σz) − z‖²`` with ``ε = −σ S s``: higher is better.

        This is the goodness of a fit, not ``∇ log p``, which is :meth:`score_at`. The noise ``z`` is the same for all
        estimators and settings, so that ``GridSearchCV`` compares settings at equal ``sigma`` fairly. Values at
        different ``sigma`` are not comparable: the loss is that of another density.

        Parameters
        ----------
        X
            Samples that took no part in the fit, ``(n_samples, n_features)``, physical units.
        y
            Ignored.

        Returns
        -------
        float
            Minus the loss.

        Raises
        ------
        NotFittedError
            Before :meth:`fit`.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.model_selection import GridSearchCV
        >>> from kgmm import KGMM
        >>> X = np.random.default_rng(0).standard_normal((2000, 1))
        >>> search = GridSearchCV(KGMM(sigma=0.3), {"min_probability": [0.02, 0.45]}, cv=2).fit(X)
        >>> search.best_params_
        {'min_probability': 0.02}
        """
        fitted = self._fitted
        samples = np.asarray(self._check_points(X)[:], dtype=float)
        noise_scale = fitted.sigma * fitted.standardization.scale
        z = np.random.default_rng(_NOISE_SEED).standard_normal(samples.shape)
        noise_estimate = -noise_scale * fitted(samples + noise_scale * z)
        return -float(denoising_losses(noise_estimate, z).mean())

    def _options(self, kind: type[AnyOptions]) -> AnyOptions:
        """The parameters that are options of that kind, validated."""
        return kind.checked(**{name: getattr(self, name) for name in kind.model_fields})

    def _check_training(self, X, at_least: int):
        """Samples of a fit; notes the number and the names of their features."""
        samples = check_samples(X, at_least=at_least)
        validate_data(self, X, skip_check_array=True, reset=True)
        return samples

    def _check_points(self, X):
        """Points for a fitted estimator, with the features of the fit."""
        samples = check_samples(X)
        validate_data(self, X, skip_check_array=True, reset=False)
        return samples
